"""Session descriptions: read, written, agreed."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.transports.sip.codec_names import Codec
from core.transports.sip.sdp import (
    BadSdp,
    Direction,
    Media,
    NothingInCommon,
    SdpError,
    accept_answer,
    answer,
    offer,
    parse_sdp,
    write_sdp,
)

CARRIER = """v=0\r
o=carrier 20518 0 IN IP4 203.0.113.1\r
s=call\r
c=IN IP4 203.0.113.9\r
t=0 0\r
m=audio 54400 RTP/AVP 18 8 0 96 13\r
a=rtpmap:18 G729/8000\r
a=rtpmap:96 telephone-event/8000\r
a=ptime:20\r
"""
BOTH: tuple[Codec, ...] = ("PCMU", "PCMA")


def test_a_carriers_offer() -> None:
    media = parse_sdp(CARRIER)
    assert media == Media("203.0.113.9", 54400, ((8, "PCMA"), (0, "PCMU")), 96)
    ours, stream = answer(media, "192.0.2.1", 4000, BOTH)
    assert (stream.codec, stream.payload_type, stream.events, stream.sends, stream.receives) == ("PCMA", 8, 96, True, True)
    assert "m=audio 4000 RTP/AVP 8 96\r\n" in write_sdp(ours, 1, 1)


@given(
    st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str),
    st.integers(1, 65535),
    st.permutations(BOTH),
    st.sampled_from(["sendrecv", "sendonly", "recvonly", "inactive"]),
    st.integers(0, 2**40),
)
def test_what_is_written_is_read(address: str, port: int, codecs: list[Codec], direction: Direction, number: int) -> None:
    plain = offer(address, port, codecs)
    media = Media(plain.address, plain.port, plain.codecs, plain.events, direction)
    assert parse_sdp(write_sdp(media, number, 2)) == media


@pytest.mark.parametrize(
    ("direction", "reply", "sends", "receives"),
    [
        ("sendrecv", "sendrecv", True, True),
        ("sendonly", "recvonly", False, True),
        ("recvonly", "sendonly", True, False),
        ("inactive", "inactive", False, False),
    ],
)
def test_hold(direction: Direction, reply: Direction, sends: bool, receives: bool) -> None:
    ours, stream = answer(parse_sdp(CARRIER + f"a={direction}\r\n"), "192.0.2.1", 4000, BOTH)
    assert (ours.direction, stream.sends, stream.receives) == (reply, sends, receives)


def test_hold_of_old() -> None:
    stream = accept_answer(parse_sdp(CARRIER.replace("203.0.113.9", "0.0.0.0")), BOTH)
    assert not stream.sends


def test_streams_beside_the_audio_are_refused() -> None:
    theirs = CARRIER.replace("m=audio", "m=video 5000 RTP/AVP 31\r\nm=audio") + "m=image 4000 udptl t38\r\n"
    ours, _ = answer(parse_sdp(theirs), "192.0.2.1", 4000, BOTH)
    lines = [line for line in write_sdp(ours, 1, 1).splitlines() if line.startswith("m=")]
    assert lines == ["m=video 0 RTP/AVP 0", "m=audio 4000 RTP/AVP 8 96", "m=image 0 RTP/AVP 0"]


@pytest.mark.parametrize(
    ("change", "to"),
    [("RTP/AVP 18 8 0 96 13", "RTP/AVP 18 96"), ("m=audio 54400", "m=audio 0"), ("RTP/AVP", "RTP/SAVP"), ("m=audio", "m=text")],
)
def test_nothing_in_common(change: str, to: str) -> None:
    with pytest.raises(NothingInCommon):
        answer(parse_sdp(CARRIER.replace(change, to)), "192.0.2.1", 4000, BOTH)


@pytest.mark.parametrize(
    ("change", "to"),
    [("v=0\r\n", ""), ("203.0.113.9", "example.com"), ("c=IN IP4 203.0.113.9\r\n", ""), ("54400", "99999"), ("s=call", "nonsense")],
)
def test_what_cannot_be_read(change: str, to: str) -> None:
    with pytest.raises(BadSdp):
        parse_sdp(CARRIER.replace(change, to))


@given(st.text(max_size=300) | st.lists(st.sampled_from([*CARRIER.splitlines(), "m=audio", "a=rtpmap:x", "c=IN"])).map("\r\n".join))
def test_hostile_text_raises_nothing_else(text: str) -> None:
    with contextlib.suppress(SdpError):
        answer(parse_sdp(text), "192.0.2.1", 4000, BOTH)
