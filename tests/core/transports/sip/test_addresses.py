"""Addresses in headers, and who is meant by them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.transports.sip.addresses import BadAddress, Diversion, asserted_users, diversions, read_address, split_list, user_of_uri
from core.transports.sip.called import caller_number, number_or_text, our_number

US, UK, CUSTOMER = "+12025550101", "+442079460101", "+12025550142"


@pytest.mark.parametrize(
    ("text", "name", "uri", "parameters"),
    [
        ("<sip:a@h>;tag=1", None, "sip:a@h", (("tag", "1"),)),
        ("sip:a@h;tag=1", None, "sip:a@h", (("tag", "1"),)),
        ("tel:+1-202-555-0142;tag=1", None, "tel:+1-202-555-0142", (("tag", "1"),)),
        ('"A, \\"B\\" <x>; y" <sips:a@h;user=phone> ; tag = 1 ;x', 'A, \\"B\\" <x>; y', "sips:a@h;user=phone", (("tag", "1"), ("x", None))),
        ("Zoë, Müller <TEL:+1>", "Zoë, Müller", "TEL:+1", ()),
        ('<sip:a@h>;text="a;b"', None, "sip:a@h", (("text", '"a;b"'),)),
        ('""<sip:a@h>', "", "sip:a@h", ()),
    ],
)  # fmt: skip
def test_an_address(text: str, name: str | None, uri: str, parameters: tuple[tuple[str, str | None], ...]) -> None:
    read = read_address(text)
    assert (read.name, read.uri, read.parameters) == (name, uri, parameters)


@pytest.mark.parametrize("text", ["", "<sip:a@h", '"Ann <sip:a@h>', "a@h", "<a>", "<sip:a b@h>", "Ann"])
def test_no_address(text: str) -> None:
    with pytest.raises(BadAddress):
        read_address(text)


def test_commas_part_what_is_not_in_quotes_or_brackets() -> None:
    assert split_list('"a, \\", b" <sip:c,d@h>;x=1 , <tel:+1>,, e') == ['"a, \\", b" <sip:c,d@h>;x=1', "<tel:+1>", "e"]


@pytest.mark.parametrize(
    ("uri", "user"),
    [
        ("tel:+1-202-555-0142;ext=1", "+1-202-555-0142;ext=1"),
        ("SIP:%2B12025550142;npdi=yes:secret@h;user=phone", "+12025550142;npdi=yes"),
        ("sips:a%20b@[2001:db8::1]:5061", "a b"),
        ("sip:h", ""),
        ("urn:service:sos", ""),
    ],
)
def test_the_user_of_a_uri(uri: str, user: str) -> None:
    assert user_of_uri(uri) == user


@given(st.text(max_size=200), st.text(max_size=200))
def test_hostile_headers(one: str, other: str) -> None:
    asserted_users([one], [other])
    assert all(found.user for found in diversions([one], [other]))


def test_who_it_was_diverted_from() -> None:
    written = ['"A, B" <tel:+12025550111>;reason="User-Busy";counter=1, <sip:+12025550122@h>;reason=unconditional', "nonsense"]
    assert diversions(written) == (Diversion("+12025550111", "user-busy"), Diversion("+12025550122", "unconditional"))
    history = ["<sip:+12025550111@h>;index=1, <sip:+12025550122@h?Reason=SIP%3Bcause%3D302>;index=1.1", "<sip:+12025550101@h>;index=1.1.1"]
    assert diversions([], history) == (Diversion("+12025550122"), Diversion("+12025550111"))
    assert diversions(written[:1], history) == diversions(written[:1])
    assert diversions([], history[1:]) == ()  # nobody but whom it is for


@pytest.mark.parametrize(
    ("called", "prefix", "ours"),
    [
        (["+1 (202) 555-0101;ext=3"], "+", US),
        (["2025550101;phone-context=+1"], "+", US),
        (["5550101;phone-context=+1-202"], "+", US),
        (["2025550101;phone-context=example.com"], "+", US),
        (["account", "", "0012025550101"], "+", US),
        (["9912025550101"], "99", US),
        (["7946 0101;phone-context=+4420"], "+", UK),
        (["2025550102;phone-context=+1"], "+", None),
        (["2025550101;phone-context=+44"], "+", US),  # the digits by themselves are ours
    ],
)
def test_which_number_of_ours(called: list[str], prefix: str, ours: str | None) -> None:
    assert our_number(called, [US, UK], prefix) == ours


@pytest.mark.parametrize(
    ("user", "asserted", "private", "number"),
    [
        (CUSTOMER, (), False, CUSTOMER),
        ("+1-202-555-0142;isub=1", (), False, CUSTOMER),
        ("202-555-0142;phone-context=+1", (), False, CUSTOMER),
        ("2079460102;phone-context=+44", (), False, "+442079460102"),
        ("0012025550142", (), False, CUSTOMER),
        ("00 1 202 555 0142", (), False, CUSTOMER),
        ("00442079460102", (), False, "+442079460102"),
        ("011442079460102", (), False, "+442079460102"),
        ("trunk7", ("0012025550142",), False, CUSTOMER),
        ("0099", (), False, "0099"),
        ("000000000", (), False, "000000000"),
        ("Unavailable", (CUSTOMER,), False, CUSTOMER),
        ("", ("trunk7", CUSTOMER), False, CUSTOMER),
        ("trunk7", ("anonymous", CUSTOMER), False, CUSTOMER),
        ("trunk7", (), False, "trunk7"),
        ("unknown", (), False, "anonymous"),
        ("anonymous", (CUSTOMER,), False, "anonymous"),
        (CUSTOMER, (CUSTOMER,), True, "anonymous"),
    ],
)
def test_who_calls(user: str, asserted: tuple[str, ...], private: bool, number: str) -> None:
    assert caller_number(user, asserted, US, private=private) == number


@pytest.mark.parametrize(
    ("remote_party", "expected"),
    [
        ("<sip:+12025550142@h>;party=calling;privacy=off", ((CUSTOMER,), False)),
        ("<sip:+12025550142@h>;privacy=full", ((CUSTOMER,), True)),
        ('<tel:+12025550142>;PARTY=Calling;privacy="uri"', ((CUSTOMER,), True)),
        ("<sip:+12025550142@h>;party=called", ((), False)),
    ],
)
def test_remote_party(remote_party: str, expected: tuple[tuple[str, ...], bool]) -> None:
    assert asserted_users([], [remote_party]) == expected


def test_what_is_no_number_stays_as_it_was_written() -> None:
    assert number_or_text("2025550142", US) == CUSTOMER
    assert number_or_text("front desk\r\n", US) == "front desk"
