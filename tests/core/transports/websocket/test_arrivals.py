"""How the other side's sound is evened out."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.transports.websocket.arrivals import Arrivals
from core.transports.websocket.session import WebSocketSession
from core.voice.ports import FRAME, RATE, Frame


def ramp(samples: int, start: int = 0) -> Frame:
    return (np.arange(start, start + samples) % 30000).astype(np.int16)


def test_a_little_is_collected_then_it_flows_whatever_the_pieces() -> None:
    arrivals, taken = Arrivals(), []
    assert arrivals.take() is None
    for start in range(0, 1600, 100):
        arrivals.put(ramp(100, start))
    while (frame := arrivals.take()) is not None:
        taken.append(frame)
    assert (np.concatenate(taken) == ramp(1600)).all()


def test_a_short_rest_is_not_kept_for_ever() -> None:
    arrivals = Arrivals()
    arrivals.put(ramp(FRAME))
    assert any(arrivals.take() is not None for _ in range(5))


def test_bursts_of_a_second_lose_nothing() -> None:
    arrivals, heard = Arrivals(), 0
    for _ in range(4):
        arrivals.put(ramp(RATE))
        heard += sum(arrivals.take() is not None for _ in range(50))
    while arrivals.take() is not None:
        heard += 1
    assert (heard, arrivals.dropped) == (200, 0)


def test_what_is_faster_than_it_can_be_played_is_thrown_away() -> None:
    arrivals = Arrivals()
    for _ in range(100):
        arrivals.put(ramp(RATE))
    assert arrivals.waiting <= 3 * RATE
    assert arrivals.dropped == 97 * RATE


def test_a_clock_that_runs_ahead_adds_no_delay_for_good() -> None:
    arrivals = Arrivals()
    arrivals.put(ramp(RATE))  # a second that never shrinks by itself
    for _ in range(600):
        arrivals.put(ramp(FRAME))
        arrivals.take()
    assert arrivals.waiting < 0.2 * RATE


@given(st.lists(st.integers(0, 2000), max_size=60), st.integers(0, 5))
def test_nothing_is_invented_and_the_order_stays(pieces: list[int], takes: int) -> None:
    arrivals, taken, start = Arrivals(), [], 0
    for size in pieces:
        arrivals.put(np.arange(start, start + size, dtype=np.int64).astype(np.int16))
        start += size
        taken += [frame for _ in range(takes) if (frame := arrivals.take()) is not None]
        assert arrivals.waiting <= 3 * RATE
    assert sum(map(len, taken)) + arrivals.waiting + arrivals.dropped == start
    assert all(
        len(frame) == FRAME and (np.diff(frame.astype(int)) == 1).all() for frame in taken if frame.min() > -32000 and frame.max() < 32000
    )


class Echo:
    def exchange(self, heard: Frame) -> Frame | None:
        return heard if heard.any() else None


def test_a_session_exchanges_a_frame_a_tick_and_notices_silence_once() -> None:
    sent: list[Frame] = []
    silences: list[bool] = []
    session = WebSocketSession(sent.append, lambda: silences.append(True), timeout=1.0)
    session.tick()
    session.end = Echo()
    session.put(ramp(10 * FRAME, 1))
    for _ in range(12):
        session.tick()
    assert len(sent) == 10
    for _ in range(100):
        session.tick()
    assert silences == [True]
    assert session.silent_seconds > 2
    session.put(np.zeros(FRAME, dtype=np.int16))
    session.tick()
    assert session.silent_seconds == 0, "silence that is sent is sound, too"
