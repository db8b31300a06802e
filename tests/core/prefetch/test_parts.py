"""The pure parts: the request, the fields of an answer, two sources made one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.prefetch.answer import NoFields, fields_in
from core.prefetch.config import PrefetchConfig
from core.prefetch.merge import merged
from core.prefetch.plan import plan
from core.templates.addresses import UnusableValue
from core.templates.lookup import find, normalised

CALL = {"to_number": "+12025550143"}


def planned(variables: dict[str, Any], **config: Any) -> Any:
    return plan(PrefetchConfig(**{"url": "https://crm.example/c/{{crm.customer_id}}", **config}), {"crm": variables, "call": CALL})


def test_the_request_has_the_values_in_it_and_the_secrets_by_name() -> None:
    made = planned(
        {"Customer-ID": "A/1 ?x=2", "amount": 15},
        method="POST",
        token="Bearer secret:CRM",
        headers={"X-Number": "{{call.to_number}}", "X-Api": "secret:OTHER"},
        body={"id": "{{crm.customer_id}}", "more": {"amount": "{{crm.amount}}", "text": "{{crm.amount}} due"}},
    )
    assert (made.method, made.url) == ("POST", "https://crm.example/c/A%2F1%20%3Fx%3D2")
    assert made.headers == {"X-Number": "+12025550143", "X-Api": "secret:OTHER", "Authorization": "Bearer secret:CRM"}
    assert made.body == {"id": "A/1 ?x=2", "more": {"amount": 15, "text": "15 due"}}
    assert made.missing == ()
    assert "A%2F1" not in repr(made)


@pytest.mark.parametrize("variables", [{}, {"customer_id": ""}, {"customer_id": "  "}, {"customer_id": None}])
def test_an_address_that_lacks_a_value_says_so(variables: dict[str, Any]) -> None:
    assert planned(variables).missing == ("crm.customer_id",)
    assert planned(variables, url="https://crm.example/c/{{crm.customer_id|none}}").missing == ()


def test_a_get_has_no_body() -> None:
    assert planned({"customer_id": "1"}).body is None
    assert planned({"customer_id": "1"}, method="POST").body == {}


@pytest.mark.parametrize("value", [".", ".."])
def test_a_value_cannot_climb_out_of_its_place(value: str) -> None:
    with pytest.raises(UnusableValue):
        planned({"customer_id": value})


@given(st.text(max_size=30))
def test_a_value_is_one_segment_whatever_it_is(value: str) -> None:
    try:
        url = planned({"customer_id": value}).url
    except (UnusableValue, UnicodeEncodeError):
        return
    assert url.startswith("https://crm.example/c/")
    assert not set("/?#{}") & set(url.removeprefix("https://crm.example/c/"))


def test_a_value_that_looks_like_a_template_or_a_secret_stays_what_it_is() -> None:
    made = planned({"customer_id": "1", "x": "{{call.to_number}} secret:CRM"}, headers={"X": "{{crm.x}}"})
    assert made.headers == {"X": "{{call.to_number}} secret:CRM"}


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("", {"a": 1}),
        ("data", {"data": {"a": 1}}),
        ("data.customer", {"data": {"customer": {"a": 1}}}),
        ("Data.Customer", {"data": {"customer": {"a": 1}}}),
        ("items.0", {"items": [{"a": 1}]}),
        ("0", [{"a": 1}]),
        ("data.items.1.customer", {"data": {"items": [{}, {"customer": {"a": 1}}]}}),
    ],
)
def test_the_fields_are_where_the_path_leads(path: str, answer: Any) -> None:
    assert fields_in(json.dumps(answer), path) == {"a": 1}


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        ("", "<html>", "not JSON"),
        ("", "", "not JSON"),
        ("", '{"a": NaN}', "not JSON"),
        ("", '{"a": 1e999}', "not JSON"),
        ("", "null", "null"),
        ("", "[{}]", "a list"),
        ("", '"x"', "a single value"),
        ("data", "{}", "nothing at data"),
        ("data", '{"data": null}', "nothing at data"),
        ("data", '{"data": [1]}', "a list at data"),
        ("items.3", '{"items": []}', "nothing at items.3"),
        ("", json.dumps({str(n): n for n in range(501)}), "more than 500"),
        ("", '{"a":' * 100 + "1" + "}" * 100, "nested"),
        ("", "[" * 100_000, "not JSON"),
    ],
)
def test_what_is_no_answer_says_why_and_shows_no_value(path: str, text: str, why: str) -> None:
    with pytest.raises(NoFields, match=why):
        fields_in(text, path)


def test_characters_that_no_database_takes_are_replaced() -> None:
    assert fields_in('{"a": "x\\u0000y", "b": "\\ud800"}', "") == {"a": "x\ufffdy", "b": "\ufffd"}


def test_by_default_the_dialout_wins_and_names_are_compared_as_templates_do() -> None:
    variables, answer = {"Customer Name": "Asha", "amount": ""}, {"customer_name": "A. Rao", "amount": 15000, "Due-Date": "May"}
    assert merged(variables, answer, "variables") == {"Customer Name": "Asha", "amount": 15000, "Due-Date": "May"}
    assert merged(variables, answer, "response") == {"customer_name": "A. Rao", "amount": 15000, "Due-Date": "May"}
    assert merged(variables, {}, "response") == merged(variables, None, "response") == variables


names = st.sampled_from(["Customer Name", "customer_name", "CUSTOMER-NAME", "amount", "Amount ", "नाम", "--", "x"])
fields = st.dictionaries(names, st.one_of(st.none(), st.just(""), st.just(" "), st.integers(), st.text(min_size=1)), max_size=6)


@given(variables=fields, answer=fields, precedence=st.sampled_from(["variables", "response"]))
def test_every_template_finds_the_winner_or_whoever_says_something(
    variables: dict[str, Any], answer: dict[str, Any], precedence: Any
) -> None:
    crm = merged(variables, answer, precedence)
    first, second = (variables, answer) if precedence == "variables" else (answer, variables)
    assert crm.items() <= {**variables, **answer}.items() | {**answer, **variables}.items()

    def says(side: dict[str, Any], name: str) -> bool:
        return any((normalised(n) or n) == (normalised(name) or name) and str(v).strip() for n, v in side.items() if v is not None)

    for name in {*variables, *answer}:
        shown = find(crm, name)
        holders = first if says(first, name) else second if says(second, name) else {**second, **first}
        assert shown in [value for n, value in holders.items() if (normalised(n) or n) == (normalised(name) or name)]
