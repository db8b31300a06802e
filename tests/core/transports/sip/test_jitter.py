"""The jitter buffer: what goes in evenly comes out as it was, whatever the network did to it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.transports.sip.jitter import FRAME, MOST, TARGET, JitterBuffer
from core.transports.sip.rtp import RtpPacket

SILENCE = 0xFF


def packet(number: int, start: int = 0, size: int = FRAME, ssrc: int = 7) -> RtpPacket:
    """The packet of that number; each of its bytes is the number, from 0 to 199."""
    return RtpPacket(0, False, number & 0xFFFF, (start + number * size) & 0xFFFFFFFF, ssrc, bytes([number % 200]) * size)


def run(arrivals: list[list[RtpPacket]], more: int = 10) -> tuple[list[int | None], JitterBuffer]:
    """What is played, a frame after each round of arrivals: the first byte of every frame."""
    buffer, played = JitterBuffer(SILENCE), list[int | None]()
    for arriving in [*arrivals, *[list[RtpPacket]()] * more]:
        for one in arriving:
            buffer.put(one)
        frame = buffer.pop()
        assert frame is None or len(frame) == FRAME
        played.append(None if frame is None else frame[0])
    return played, buffer


def heard(played: list[int | None]) -> list[int]:
    return [byte for byte in played if byte is not None and byte != SILENCE]


@given(st.integers(0, 2**32 - 1), st.integers(3, 60))
def test_an_even_stream_is_played_whole(start: int, count: int) -> None:
    played, buffer = run([[packet(number, start)] for number in range(count)])
    assert heard(played) == list(range(count))
    assert (buffer.stats.lost, buffer.stats.late) == (0, 0)


@given(st.permutations(range(6)), st.integers(0, 2**32 - 1))
def test_a_burst_out_of_order_is_put_in_order(order: list[int], start: int) -> None:
    played, _ = run([[packet(number, start) for number in order]])
    assert heard(played) == list(range(6))


@given(st.sets(st.integers(5, 30)))
def test_a_lost_packet_costs_its_own_time(lost: set[int]) -> None:
    played, buffer = run([[] if number in lost else [packet(number)] for number in range(40)])
    assert heard(played) == [number for number in range(40) if number not in lost]
    assert buffer.stats.lost == len(lost)


def test_repeated_packets_change_nothing() -> None:
    played, _ = run([[packet(number), packet(number)] for number in range(20)])
    assert heard(played) == list(range(20))


@given(st.sampled_from([80, 160, 240, 320, 480]))
def test_any_packet_time(size: int) -> None:
    buffer, out = JitterBuffer(SILENCE), b""
    clock = arrived = 0
    while arrived < 30:
        while arrived < 30 and arrived * size <= clock:
            buffer.put(packet(arrived, size=size))
            arrived += 1
        out += buffer.pop() or b""
        clock += FRAME
    for _ in range(10):
        out += buffer.pop() or b""
    assert out.rstrip(bytes([SILENCE])) == b"".join(bytes([number]) * size for number in range(30))


def test_a_stream_that_falls_silent_goes_on_later() -> None:
    talk = [[packet(number)] for number in range(10)]
    later = [[packet(number)] for number in range(60, 70)]
    played, buffer = run(talk + [[]] * 50 + later)
    assert heard(played) == [*range(10), *range(60, 70)]
    assert buffer.stats.restarts == 0


def test_a_fast_sender_does_not_make_the_delay_grow() -> None:
    buffer = JitterBuffer(SILENCE)
    for number in range(400):
        buffer.put(packet(number))
        if number % 10:  # ten packets arrive while nine are played
            buffer.pop()
        assert buffer.depth <= MOST


def test_another_stream_is_taken_at_once() -> None:
    played, buffer = run([[packet(number)] for number in range(10)] + [[packet(number, 5_000_000, ssrc=9)] for number in range(100, 120)])
    assert heard(played)[-20:] == list(range(100, 120))
    assert buffer.stats.restarts == 1


@given(st.lists(st.one_of(st.none(), st.builds(
    RtpPacket, st.just(0), st.booleans(), st.integers(0, 65535), st.integers(0, 2**32 - 1), st.integers(0, 3), st.binary(max_size=2000)
)), max_size=60))  # fmt: skip
def test_whatever_comes_the_buffer_stays_small(events: list[RtpPacket | None]) -> None:
    buffer = JitterBuffer(SILENCE)
    for event in events:
        if event is None:
            frame = buffer.pop()
            assert frame is None or len(frame) == FRAME
        else:
            buffer.put(event)
        assert buffer.depth <= max(MOST, TARGET)
