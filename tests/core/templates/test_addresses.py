"""Values in the address of a request: they stay where they stand, and an address without its value is no address."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.bots.loading import url_complaint
from core.bots.request_checks import of_templated_url
from core.templates.addresses import UnusableValue, address_of, url_of

PUSH = "https://crm.example.com:8443/contacts/{{crm.id}}/calls?ref={{crm.ref}}"


def address(value: object, ref: object = "r1", template: str = PUSH) -> str:
    return address_of(template, {"crm": {"id": value, "ref": ref}})


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("C-1001", "C-1001"),
        (17, "17"),
        ("a b", "a%20b"),
        ("a/b", "a%2Fb"),
        ("../../admin", "..%2F..%2Fadmin"),
        ("x?y=1", "x%3Fy%3D1"),
        ("x#y", "x%23y"),
        ("me@evil.example", "me%40evil.example"),
        ("%2f", "%252f"),
        ("%2e%2e", "%252e%252e"),
        ("a\\b", "a%5Cb"),
        ("a\r\nHost: x", "a%0D%0AHost%3A%20x"),
        ("Zoë", "Zo%C3%AB"),
    ],
)
def test_a_value_is_escaped_whole(value: object, path: str) -> None:
    assert address(value) == f"https://crm.example.com:8443/contacts/{path}/calls?ref=r1"


def test_a_value_in_the_query_is_no_further_parameter() -> None:
    assert address("1", "a&b=c d+e#f") == "https://crm.example.com:8443/contacts/1/calls?ref=a%26b%3Dc%20d%2Be%23f"


@given(st.text(), st.text())
@example("..", "x")
@example("\ud800", "x")
@example("//evil.example", "x")
def test_no_value_changes_where_a_request_goes(value: str, ref: str) -> None:
    try:
        sent = httpx.URL(address(value, ref))
    except UnusableValue:
        assert value in (".", "..") or not value.strip() or not ref.strip()
        return
    assert (sent.scheme, sent.host, sent.port, sent.userinfo, sent.fragment) == ("https", "crm.example.com", 8443, b"", "")
    path, _, query = sent.raw_path.decode("ascii").partition("?")  # as it stands on the wire
    assert (path.split("/")[:2], path.split("/")[3:], len(path.split("/"))) == (["", "contacts"], ["calls"], 4)
    assert query.startswith("ref=")
    assert "&" not in query
    assert unquote(path.split("/")[2]) == value.encode("utf-8", "replace").decode()


@pytest.mark.parametrize("value", ["", "   ", None, "."])
def test_a_value_that_would_make_another_address_is_refused_and_not_shown(value: object) -> None:
    with pytest.raises(UnusableValue, match=r"lacks a value for crm\.id|part of its path"):
        address(value)
    with pytest.raises(UnusableValue, match=r"lacks a value for crm\.id$"):
        address_of(PUSH, {"crm": {"ref": "r1"}})


def test_a_default_stands_in_but_an_empty_one_leaves_no_segment_out() -> None:
    assert address_of("https://a.example/{{crm.id|none}}?x={{crm.y|}}", {"crm": {}}) == "https://a.example/none?x="
    with pytest.raises(UnusableValue, match="it is empty"):
        address_of("https://a.example/{{crm.id|}}/x", {"crm": {}})


def test_dots_that_only_together_lead_upwards_are_refused() -> None:
    for template in ("https://a.example/.{{crm.id}}/x", "https://a.example/%2e{{crm.id}}/x", "https://a.example/{{crm.id}}{{crm.id}}/x"):
        with pytest.raises(UnusableValue, match=r"\. or \.\."):
            url_of(template, {"crm": {"id": "."}})


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://a.example/{{crm.x}}", None),
        ("https://a.example:8443?x={{crm.x}}", None),
        ("http://127.0.0.1:9055/contacts/{{crm.crm_id}}", None),
        ("https://a.example/{{crm.x|?#/}}/b", None),
        ("https://{{crm.x}}/", "in the host"),
        ("https://a.example{{crm.x}}/", "in the host"),
        ("https://a.example{{crm.x}}", "in the host"),
        ("https://a.example:{{crm.x}}/", "in the host"),
        ("https://{{crm.x}}@a.example/", "in the host"),
        ("{{crm.x}}://a.example/", "in the host"),
        ("{{crm.x}}", "in the host"),
        ("https:///{{crm.x}}", "in the host"),
        ("https://a.example/#{{crm.x}}", "after the #"),
        ("ftp://a.example/{{crm.x}}", "http or https"),
        ("https://u:p@a.example/{{crm.x}}", "a credential"),
    ],
)
def test_where_templates_may_stand(url: str, said: str | None) -> None:
    found = [problem for _, problem, _ in of_templated_url((), url)]
    assert found == [] if said is None else (len(found) == 1 and said in found[0])


def test_a_url_into_which_nothing_is_filled_may_have_no_template() -> None:
    assert url_complaint("https://a.example/{{crm.x}}") is not None
    assert urlsplit(address("1")).hostname == "crm.example.com"
