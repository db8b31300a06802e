"""The sound of one call, tick by tick: who is not heard any more is noticed."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from core.contracts.transport import Digit
from core.transports.sip.call import SipCall
from core.transports.sip.media import MediaSession
from core.transports.sip.negotiation import Negotiation
from core.transports.sip.rtp import RtpPacket, pack_rtp
from core.transports.sip.sdp import Stream


@pytest.fixture
def session() -> Iterator[MediaSession]:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    here = MediaSession(sock)
    yield here
    here.close()


def stream(*, receives: bool = True) -> Stream:
    return Stream("127.0.0.1", 9, "PCMU", 0, None, sends=False, receives=receives)


def ticks(session: MediaSession, count: int) -> None:
    for _ in range(count):
        session.tick()


def told(session: MediaSession) -> list[str]:
    silences: list[str] = []
    session.on_silence = lambda: silences.append("silence")
    return silences


def test_silence_is_told_once(session: MediaSession) -> None:
    silences = told(session)
    session.stream = stream()
    ticks(session, 500)
    assert silences == []  # nobody has answered: nobody is missed
    session.watch(2.0)
    ticks(session, 99)
    assert silences == []
    ticks(session, 300)
    assert silences == ["silence"]


def test_a_packet_begins_the_time_anew(session: MediaSession) -> None:
    silences = told(session)
    session.stream = stream()
    session.watch(2.0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        for number in range(5):
            ticks(session, 90)
            peer.sendto(pack_rtp(RtpPacket(0, False, number, number * 160, 7, bytes(160))), ("127.0.0.1", session.port))
    ticks(session, 99)
    assert silences == []
    ticks(session, 2)
    assert silences == ["silence"]


def test_nobody_is_missed_on_hold_or_without_a_limit(session: MediaSession) -> None:
    silences = told(session)
    session.stream = stream(receives=False)
    session.watch(2.0)
    ticks(session, 300)
    session.stream = stream()
    session.watch(0)
    ticks(session, 300)
    assert silences == []


def test_a_flood_of_keys_is_cut_and_quick_keys_are_not(session: MediaSession) -> None:
    got: list[object] = []
    call = SipCall(Negotiation("127.0.0.1", 9, ["PCMU"], 1), session, got.append)
    call.accepted()
    session.on_digit = call.pressed
    session.stream = Stream("127.0.0.1", 9, "PCMU", 0, 101, sends=False, receives=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:

        def press(number: int) -> None:
            key = RtpPacket(101, True, number & 0xFFFF, number * 160, 7, bytes([number % 10, 10, 0, 160]))
            peer.sendto(pack_rtp(key), ("127.0.0.1", session.port))

        for number in range(100):  # one every 80 ms: the quickest that a machine dials
            press(number)
            ticks(session, 4)
        assert "".join(event.digit for event in got if isinstance(event, Digit)) == "0123456789" * 10
        ticks(session, 50)
        got.clear()
        for second in range(50):  # a second of 20 a tick
            for number in range(20):
                press(1000 + second * 20 + number)
            ticks(session, 1)
    assert 30 <= len(got) <= 41
    call.pressed("5")  # told by signalling
    assert len(got) <= 41
