"""Calls above a trunk's limit: which they are, and what they are answered."""

from __future__ import annotations

import ipaddress
import logging
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.transports.sip.settings import SipSettings

pytest.importorskip("sippy")
from core.transports.sip.stack.flood import InviteLimit, begins_a_call, is_ack_of_refusal, refusal
from core.transports.sip.stack.guard import Guard

US = ("192.0.2.10", 5060)
INVITE = (
    b"INVITE sip:+12025550101@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK1;rport\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK0;rport\r\nFrom: <sip:+12025550177@x>;tag=a\r\nTo: <sip:+12025550101@192.0.2.1>\r\n"
    b"Call-ID: one\r\nCSeq: 1 INVITE\r\nContact: <sip:x@192.0.2.10>\r\nContent-Length: 0\r\n\r\n"
)


@pytest.mark.parametrize(
    ("datagram", "begins"),
    [
        (INVITE, True),
        (INVITE.replace(b"\r\n", b"\n"), True),
        (INVITE.replace(b"To:", b"t:"), True),
        (INVITE.replace(b"@192.0.2.1>\r\nCall", b"@192.0.2.1>\r\n ;tag=b\r\nCall"), False),
        (INVITE.replace(b"@192.0.2.1>\r\nCall", b"@192.0.2.1>; TAG = b\r\nCall"), False),
        (INVITE.replace(b"To: <sip:+12025550101@192.0.2.1>", b"t: <sip:x@y>;tag=b"), False),
        (INVITE.replace(b"INVITE ", b"BYE ", 1), False),
        (b"SIP/2.0 200 OK\r\n\r\n", False),
        (b"", False),
        (b"\r\n" + INVITE, True),
        (b"\r\n\r\n" + INVITE, True),
        (b"\n" + INVITE, True),
        (b" \t\r\n" + INVITE, True),
        (b"\r\n" + INVITE.replace(b"@192.0.2.1>\r\nCall", b"@192.0.2.1>;tag=b\r\nCall"), False),
        (b"\r\n\r\n", False),
        (b"INVITE ", True),
    ],
)
def test_what_begins_a_call(datagram: bytes, *, begins: bool) -> None:
    assert begins_a_call(datagram) is begins


@pytest.mark.parametrize("lines", [b"\r\n", b"\r\n\r\n", b"\n"])
def test_empty_lines_before_an_invite_change_nothing(lines: bytes) -> None:
    assert refusal(lines + INVITE, US) == refusal(INVITE, US) is not None
    assert is_ack_of_refusal(lines + b"ACK sip:x@y SIP/2.0\r\nTo: <sip:x@y>;tag=too-many-calls\r\n\r\n")


def test_the_refusal_is_an_answer_to_that_invite() -> None:
    answer = refusal(INVITE, ("198.51.100.7", 40000))
    assert answer is not None
    assert answer.decode().split("\r\n") == [
        "SIP/2.0 503 Service Unavailable",
        "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK1;received=198.51.100.7;rport=40000",
        "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK0;rport",
        "From: <sip:+12025550177@x>;tag=a",
        "To: <sip:+12025550101@192.0.2.1>;tag=too-many-calls",
        "Call-Id: one",
        "Cseq: 1 INVITE",
        "Retry-After: 5",
        "Content-Length: 0",
        "",
        "",
    ]
    assert is_ack_of_refusal(b"ACK sip:x SIP/2.0\r\nTo: <sip:x@y>;tag=too-many-calls\r\n\r\n")
    assert not is_ack_of_refusal(b"ACK sip:x SIP/2.0\r\nTo: <sip:x@y>;tag=other\r\n\r\n")


@given(st.binary(max_size=400))
def test_whatever_comes_is_answered_or_not(data: bytes) -> None:
    for datagram in (data, b"INVITE " + data, INVITE[: len(data)], INVITE + data):
        begins_a_call(datagram)
        answer = refusal(datagram, US)
        assert answer is None or answer.startswith(b"SIP/2.0 503 ")


@given(st.floats(0.5, 50), st.floats(1, 30), st.integers(50, 500))
def test_no_more_than_the_limit_and_its_burst_get_through(rate: float, seconds: float, offered: int) -> None:
    limit, total = InviteLimit(rate), round(seconds * offered)
    admitted = sum(limit.admit(number / offered, b"%d" % number) for number in range(total))
    assert admitted <= max(rate * 2, 1) + rate * seconds + 1
    assert admitted >= min(total, max(rate * 2, 1) - 1 + 0.9 * rate * (seconds - 1 / offered) - 1)


def test_an_invite_that_is_sent_again_is_admitted_again() -> None:
    limit = InviteLimit(1)
    assert [limit.admit(0.0, INVITE) for _ in range(5)] == [True] * 5
    assert [limit.admit(0.0, b"INVITE %d" % number) for number in range(3)] == [True, False, False]
    assert limit.admit(0.1, INVITE)


def test_the_guard_refuses_by_trunk_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    guard, numbers = Guard(), count()

    def offer(address: str, many: int) -> int:
        return sum(guard.refuses(INVITE.replace(b"one", b"%d" % next(numbers)), (address, 5060)) is not None for _ in range(many))

    guard.admit_trunk("slow", (ipaddress.ip_network("192.0.2.10"),), 2)
    guard.admit_trunk("fast", (ipaddress.ip_network("192.0.2.20"),), 100)
    with caplog.at_level(logging.WARNING):
        assert 90 <= offer("192.0.2.10", 100) <= 97
        assert offer("192.0.2.20", 100) == 0, "another trunk is not held up"
    assert offer("203.0.113.9", 100) == 0, "strangers are dropped elsewhere"
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 1
    assert lines[0].startswith("the trunk slow sends more than 2 new calls a second")


@pytest.mark.parametrize(
    ("settings", "calls_per_second", "expected"),
    [({}, 1, 5), ({}, 20, 20), ({}, 500, 50), ({"inbound_per_second": 0.5}, 20, 0.5), ({"inbound_per_second": 200}, 1, 200)],
)
def test_the_limit_of_a_trunk(settings: dict[str, float], calls_per_second: float, expected: float) -> None:
    assert SipSettings.model_validate({"host": "sip.example.com", **settings}).invites_per_second(calls_per_second) == expected
