"""What a trunk may be told, session timers, loads, registrations, log limits, checks: the rules without any I/O."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.transports.line_settings import BadLineSettings
from core.transports.load import TrunkLoad
from core.transports.sip.advice import ADVICE, advice
from core.transports.sip.asking import verdict_on_options
from core.transports.sip.log_limit import LogLimiter
from core.transports.sip.negotiation import Negotiation
from core.transports.sip.ports import NoPortLeft, PortRange
from core.transports.sip.registration import granted
from core.transports.sip.sdp import parse_sdp
from core.transports.sip.settings import read_settings
from core.transports.sip.signalling import Peer, Reply
from core.transports.sip.timers import SessionTimer, reply_timer, timer_of_answer


def test_what_is_kept_is_what_was_said() -> None:
    given = {
        "host": "sip.example.com",
        "user": "u",
        "password": "secret:P",
        "register": True,
        "codecs": ["PCMA"],
        "accept_from": ["192.0.2.7"],
    }
    kept = read_settings(given).record()
    assert kept == {**given, "accept_from": ["192.0.2.7/32"]}
    assert read_settings(kept) == read_settings(given)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("host", {"host": "sip example"}),
        ("host", {"host": "a\r\nb"}),
        ("port", {"port": 0}),
        ("sip", {"user": "u"}),
        ("password", {"user": "u", "password": "in the open"}),
        ("sip", {"register": True}),
        ("sip", {"rtp_first": 4000, "rtp_last": 3000}),
        ("local_address", {"local_address": "here"}),
        ("accept_from", {"accept_from": ["everybody"]}),
        ("codecs.0", {"codecs": ["G729"]}),
        ("codecs", {"codecs": []}),
        ("headers", {"headers": {"Via": "x"}}),
        ("headers", {"headers": {"X-A": "1\r\nX-B: 2"}}),
        ("headers", {"headers": {"a b": "1"}}),
        ("number_prefix", {"number_prefix": "sip:"}),
        ("sip", {"lab": True}),
        ("sip", {"lab": True, "host": "127.0.0.1"}),
        ("nonsense", {"nonsense": 1}),
    ],
)
def test_what_cannot_be_used_is_named(field: str, change: dict[str, object]) -> None:
    with pytest.raises(BadLineSettings) as error:
        read_settings({"host": "sip.example.com", **change})
    assert error.value.field == field


def test_a_lab_is_on_this_machine() -> None:
    assert read_settings({"host": "127.0.0.1", "local_address": "127.0.0.1", "lab": True}).lab


@pytest.mark.parametrize(
    ("header", "timer"),
    [
        ("1800;refresher=uac", SessionTimer(1800, we_refresh=True)),
        ("1800;refresher=uas", SessionTimer(1800, we_refresh=False)),
        ("1800", SessionTimer(1800, we_refresh=True)),
        ("5;refresher=uac", SessionTimer(5, we_refresh=True)),
        ("soon", None),
        ("", None),
    ],
)
def test_session_timers_of_answers(header: str, timer: SessionTimer | None) -> None:
    assert timer_of_answer(header) == timer


@pytest.mark.parametrize(
    ("header", "they_can", "expected"),
    [
        ("1800;refresher=uac", True, (SessionTimer(1800, we_refresh=False), "1800;refresher=uac")),
        ("1800;refresher=uas", True, (SessionTimer(1800, we_refresh=True), "1800;refresher=uas")),
        ("1800", True, (SessionTimer(1800, we_refresh=False), "1800;refresher=uac")),
        ("1800", False, (SessionTimer(1800, we_refresh=True), "1800;refresher=uas")),
        ("", True, None),
    ],
)
def test_session_timers_of_requests(header: str, they_can: bool, expected: object) -> None:
    assert reply_timer(header, they_can=they_can) == expected


@given(st.integers(90, 100_000))
def test_a_session_is_refreshed_before_it_is_given_up(seconds: int) -> None:
    assert SessionTimer(seconds, we_refresh=True).due < SessionTimer(seconds, we_refresh=False).due < seconds


def test_load() -> None:
    load, now = TrunkLoad(), datetime(2026, 3, 4, tzinfo=UTC)
    assert load.begin(now, 2, 2) == (False, False)
    assert load.begin(now, 2, 2) == (False, False)
    assert load.begin(now, 2, 2) == (True, True)
    load.end()
    load.end()
    assert load.begin(now + timedelta(seconds=1), 2, 2) == (False, False)
    assert load.calls == 2


def test_the_log_is_limited() -> None:
    limiter = LogLimiter(every=10)
    assert [limiter.admit(at) for at in (0.0, 1.0, 2.0, 10.0, 11.0, 25.0)] == [0, None, None, 2, None, 1]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"contact": "<sip:a@b>;expires=120", "expires": "3600"}, 120),
        ({"expires": "3600"}, 3600),
        ({"contact": "<sip:a@b>"}, 600),
        ({"expires": "soon"}, 600),
    ],
)
def test_registration(headers: dict[str, str], seconds: int) -> None:
    assert granted(headers) == seconds


def test_ports_are_even_and_run_out() -> None:
    ports = PortRange("127.0.0.1", 42001, 42005)
    socks = [ports.open(), ports.open()]
    try:
        assert [sock.getsockname()[1] for sock in socks] == [42002, 42004]
        with pytest.raises(NoPortLeft, match="42002-42004"):
            ports.open()
    finally:
        for sock in socks:
            sock.close()


def test_descriptions_of_one_call_share_a_session_and_count_their_versions() -> None:
    negotiation = Negotiation("192.0.2.1", 4000, ("PCMU", "PCMA"), 77)
    origin = [line for line in negotiation.offer().splitlines() if line.startswith("o=")]
    assert origin == ["o=- 77 1 IN IP4 192.0.2.1"]
    theirs = Negotiation("192.0.2.9", 5000, ("PCMA",), 5).offer()
    ours, stream = negotiation.answer(theirs)
    assert (stream.codec, parse_sdp(ours).codecs) == ("PCMA", ((8, "PCMA"),))
    assert "o=- 77 2 IN" in ours
    assert negotiation.answer(theirs)[0] == ours
    assert negotiation.accept(theirs).address == "192.0.2.9"


PEER = Peer("t", ("192.0.2.9", 5060), "sip.example.com", ("0.0.0.0", 0), "192.0.2.1", ())


@pytest.mark.parametrize(
    ("reply", "works", "said"),
    [
        (Reply(200, "OK"), True, "answers 200 OK"),
        (Reply(408, "Request Timeout", from_us=True), False, "does not answer"),
        (Reply(401, "Unauthorized"), False, "has none"),
        (Reply(403, "Forbidden"), False, "refuses"),
        (Reply(405, "Method Not Allowed"), True, "test call"),
        (Reply(503, "Service Unavailable"), False, "overloaded"),
    ],
)
def test_verdicts(reply: Reply, works: bool, said: str) -> None:
    found, sentences = verdict_on_options(reply, PEER)
    assert found is works
    assert said in " ".join(sentences)


@given(st.integers(200, 699))
def test_every_status_has_words(status: int) -> None:
    assert advice(status).endswith(".")
    assert status not in ADVICE or advice(status).startswith(ADVICE[status][0])
