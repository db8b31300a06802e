"""The answer to a request that cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.transports.sip.unreadable import method_of, plain_answer, problem_of, where_to

SOURCE = ("192.0.2.7", 5062)
GOOD = (
    "INVITE sip:+12025550101@h SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7:5090;branch=z9\r\nf: <tel:+12025550142>;tag=a\r\n"
    "t: <sip:b@h>\r\ni: x\r\nCSeq: 1 INVITE\r\nl: 0\r\n\r\n"
)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("", ""), None),
        (("sip:+12025550101@h", "TEL:+1-202-555-0101;ext=1"), None),
        (("CSeq: 1 INVITE", "cseq :  1\r\n  INVITE"), None),
        (("sip:+12025550101@h", "mailto:a@h"), (416, "Unsupported URI Scheme")),
        (("sip:+12025550101@h", "sips:a@h"), (416, "Unsupported URI Scheme")),
        (("sip:+12025550101@h", "a@h"), (400, "Bad Request-URI")),
        (("sip:+12025550101@h", "sip:a b@h"), (400, "Bad Request-Line")),
        ((" SIP/2.0\r\nVia", " SIP/3.0\r\nVia"), (505, "Version Not Supported")),
        (("i: x\r\n", ""), (400, "Call-ID Is Missing")),
        (("1 INVITE", "1 BYE"), (400, "Bad CSeq")),
        (("1 INVITE", "99999999999999 INVITE"), (400, "Bad CSeq")),
        (("1 INVITE", "INVITE"), (400, "Bad CSeq")),
        (("l: 0", "l: -1"), (400, "Bad Content-Length")),
        (("l: 0", "Content-Length: many"), (400, "Bad Content-Length")),
    ],
)
def test_what_is_wrong(change: tuple[str, str], problem: tuple[int, str] | None) -> None:
    assert problem_of(GOOD.replace(*change, 1) if change[0] else GOOD) == problem


@pytest.mark.parametrize(
    ("text", "method"),
    [
        (GOOD, "INVITE"),
        ("invite sip:a b SIP/2.0\r\n\r\n", "INVITE"),
        ("FOO sip:a@h SIP/2.0\r\n\r\n", "FOO"),
        ("ACK\r\n\r\n", "ACK"),
        ("SIP/2.0 200 OK\r\n\r\n", ""),
        ("sip/2.0 nonsense", ""),
        ("hello there\r\n\r\n", ""),
        ("\r\n\r\n", ""),
    ],
)
def test_which_method(text: str, method: str) -> None:
    assert method_of(text) == method


def test_the_answer_repeats_what_it_must() -> None:
    text = GOOD.replace("f: <tel:", 'f: "Doe,\r\n Ann" <tel:').replace("Via: ", "v: SIP/2.0/UDP proxy.example;rport;branch=z8\r\nVia: ", 1)
    answer = plain_answer(text, 400, "Bad Request", SOURCE, "us")
    assert answer is not None
    tag = answer.partition("t: <sip:b@h>")[2] or answer.partition("To: <sip:b@h>;tag=")[2].partition("\r\n")[0]
    assert len(tag) == 16
    assert answer.replace(tag, "TAG") == (
        "SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP proxy.example;rport=5062;branch=z8;received=192.0.2.7\r\n"
        "Via: SIP/2.0/UDP 192.0.2.7:5090;branch=z9\r\n"
        'From: "Doe, Ann" <tel:+12025550142>;tag=a\r\nTo: <sip:b@h>;tag=TAG\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n'
        "Server: us\r\nContent-Length: 0\r\n\r\n"
    )
    assert plain_answer(text, 400, "Bad Request", SOURCE, "us") == answer  # the same again
    assert plain_answer("INVITE\r\n\r\n", 400, "Bad Request", SOURCE, "us") is None


@pytest.mark.parametrize(
    ("via", "port"),
    [
        ("SIP/2.0/UDP 192.0.2.7:5090;branch=z", 5090),
        ("SIP/2.0/UDP 192.0.2.7;branch=z", 5060),
        ("SIP / 2.0 / UDP h : 5091 ;branch=z", 5091),
        ("SIP/2.0/UDP [2001:db8::1]:5092;branch=z", 5092),
        ("SIP/2.0/UDP h:5090;rport;branch=z", 5062),
        ("SIP/2.0/UDP h:99999;branch=z", 5060),
    ],
)
def test_where_the_answer_goes(via: str, port: int) -> None:
    assert where_to(f"INVITE x\r\nVia: {via}\r\n\r\n", SOURCE) == (SOURCE[0], port)


@given(st.text(max_size=300))
def test_whatever_comes(text: str) -> None:
    for written in (text, GOOD[:40] + text, GOOD.replace("x", text)):
        method_of(written)
        problem_of(written)
        where_to(written, SOURCE)
        answer = plain_answer(written, 400, "Bad Request", SOURCE, "us")
        assert answer is None or answer.endswith("\r\n\r\n")
