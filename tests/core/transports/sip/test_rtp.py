"""RTP packets and telephone events."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.transports.sip.dtmf import KEYS, DigitReceiver, DigitSender, EventPacket
from core.transports.sip.rtp import RtpPacket, forward, pack_rtp, parse_rtp

packets = st.builds(
    RtpPacket, st.integers(0, 127), st.booleans(), st.integers(0, 65535), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.binary()
)


@given(packets)
def test_a_packet_comes_back(packet: RtpPacket) -> None:
    assert parse_rtp(pack_rtp(packet)) == packet


@given(st.binary(max_size=80))
def test_no_datagram_raises(datagram: bytes) -> None:
    packet = parse_rtp(datagram)
    assert packet is None or len(packet.payload) <= len(datagram) - 12


@given(
    packets, st.lists(st.integers(0, 2**32 - 1), max_size=15), st.binary(max_size=20).filter(lambda x: len(x) % 4 == 0), st.integers(1, 20)
)
def test_what_is_not_voice_is_left_out(packet: RtpPacket, sources: list[int], extension: bytes, padding: int) -> None:
    plain = bytearray(pack_rtp(packet))
    plain[0] |= len(sources) | 0x10 | 0x20
    head = b"".join(source.to_bytes(4, "big") for source in sources) + b"\xbe\xde" + (len(extension) // 4).to_bytes(2, "big") + extension
    assert parse_rtp(bytes(plain[:12]) + head + bytes(plain[12:]) + bytes(padding - 1) + bytes([padding])) == packet


@given(st.integers(0, 65535), st.integers(-32768, 32767))
def test_numbers_wrap_around(number: int, step: int) -> None:
    assert forward(number, (number + step) & 0xFFFF, 16) == step


def sent(keys: str) -> list[EventPacket | None]:
    sender = DigitSender()
    sender.press(keys)
    frames = []
    while sender.pressing:
        frames.append(sender.next())
    return frames


def test_one_key() -> None:
    frames = [frame for frame in sent("5") if frame is not None]
    assert [frame.starts for frame in frames] == [True] + [False] * 6
    assert [int.from_bytes(frame.payload[2:], "big") for frame in frames] == [160, 320, 480, 640, 800, 800, 800]
    assert [bool(frame.payload[1] & 0x80) for frame in frames] == [False] * 4 + [True] * 3
    assert {frame.payload[0] for frame in frames} == {5}


@given(st.text(alphabet=KEYS, max_size=12), st.data())
def test_keys_arrive_once_whatever_is_lost_or_repeated(keys: str, data: st.DataObject) -> None:
    timestamp, number, stream = 1000, 0, []
    for frame in sent(keys):
        timestamp += 160
        if frame is not None:
            number += frame.starts
            stream.append((number, timestamp - frame.since, frame.payload))
    kept = []
    for index in range(1, number + 1):
        own = [packet for packet in stream if packet[0] == index]
        assert len({packet[1] for packet in own}) == 1
        kept += data.draw(st.lists(st.sampled_from(own), min_size=1, max_size=9))
    receiver = DigitReceiver()
    heard = [key for _, at, payload in kept if (key := receiver.receive(at, payload)) is not None]
    assert "".join(heard) == keys


@given(st.integers(0, 2**32 - 1), st.binary(max_size=8))
def test_no_event_raises(timestamp: int, payload: bytes) -> None:
    key = DigitReceiver().receive(timestamp, payload)
    assert key is None or key in KEYS
