"""The rate of a trunk: whoever comes when, no window of time has more departures than the trunk takes."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from itertools import islice, pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.trunks.pacing import PATIENCE, TrunkPacer, departures
from tests.conftest import START

Rates = st.sampled_from([0.1, 0.5, 1.0, 1.5, 2.0, 7.9, 20.0])
Gaps = st.lists(st.integers(0, 3000).map(lambda n: timedelta(milliseconds=n)), max_size=60)


@given(Rates, Gaps)
def test_no_window_holds_more_than_the_rate(rate: float, gaps: list[timedelta]) -> None:
    pacer, now, left = TrunkPacer(rate), START, []
    for gap in gaps:  # each call comes some time after the one before, and waits for its turn
        now += gap
        pacer.wait()
        now = max(now, pacer.turn(now))
        pacer.stop_waiting()
        pacer.leave(now)
        left.append(now)
    burst = max(1, math.floor(rate))
    window = timedelta(seconds=burst / rate)
    assert all(later - earlier >= window for earlier, later in zip(left, left[burst:], strict=False))


@given(Rates, st.integers(0, 30), st.integers(0, 30), Gaps)
def test_what_is_promised_is_what_comes(rate: float, waiting: int, most: int, gaps: list[timedelta]) -> None:
    pacer, now = TrunkPacer(rate), START
    for gap in gaps:
        now = max(now + gap, pacer.turn(now + gap))
        pacer.leave(now)
    for _ in range(waiting):
        pacer.wait()
    room, promised = pacer.room(now, most), pacer.next_turn(now)
    turns: list[datetime] = []
    for _ in range(waiting + most):
        at = pacer.turn(now if not turns else turns[-1])
        turns.append(max(at, turns[-1] if turns else now))
        pacer.leave(turns[-1])
    if most:
        assert turns[waiting] == promised
    assert sum(at - now <= PATIENCE for at in turns[waiting:]) == room


@given(Rates)
def test_departures_are_in_order_and_begin_at_once(rate: float) -> None:
    first = list(islice(departures([], rate, START), 50))
    assert first[0] == START
    assert all(earlier <= later for earlier, later in pairwise(first))
    long_ago = START - timedelta(days=1)
    assert next(departures([long_ago] * 100, rate, START)) == START


def test_a_rate_may_change() -> None:
    pacer = TrunkPacer(20.0)
    for _ in range(20):
        pacer.leave(START)
    assert pacer.turn(START) > START
    pacer.calls_per_second = 40.0
    assert pacer.turn(START) == START
    pacer.calls_per_second = 1.0
    pacer.leave(START)
    assert pacer.turn(START) - START >= timedelta(seconds=1)
