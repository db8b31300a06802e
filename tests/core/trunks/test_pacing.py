"""The rate of a trunk: whoever comes when, no window of time has more departures than the trunk takes."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.trunks.pacing import PATIENCE, interval, next_turn, room
from tests.conftest import START

Rates = st.sampled_from([0.1, 0.5, 1.0, 1.5, 2.0, 7.9, 20.0, 333.3, 10_000.0])
Gaps = st.lists(st.integers(0, 3000).map(lambda n: timedelta(milliseconds=n)), max_size=60)


def come(rate: float, gaps: list[timedelta]) -> tuple[list[datetime], list[datetime], datetime | None]:
    """Calls that come one after another: when each came and left (those that would wait too long do not), and the row then."""
    row: datetime | None = None
    now, came, left = START, [], []
    for gap in gaps:
        now += gap
        turn = next_turn(row, rate, now)
        if turn - now <= PATIENCE:
            came.append(now)
            left.append(turn)
            row = turn + interval(rate)
    return came, left, row


@given(Rates, Gaps)
def test_no_window_holds_more_than_the_rate(rate: float, gaps: list[timedelta]) -> None:
    _, left, _ = come(rate, gaps)
    burst = max(1, math.floor(rate))
    window = timedelta(seconds=burst / rate)
    assert all(later - earlier >= window for earlier, later in zip(left, left[burst:], strict=False))
    assert all(later - earlier >= timedelta(seconds=1 / rate) for earlier, later in pairwise(left))


@given(Rates, Gaps)
def test_nobody_waits_longer_than_needed(rate: float, gaps: list[timedelta]) -> None:
    came, left, _ = come(rate, gaps)
    for number, (at, turn) in enumerate(zip(came, left, strict=True)):
        assert turn == (max(at, left[number - 1] + interval(rate)) if number else at)
        assert turn - at <= PATIENCE


@given(Rates, st.integers(0, 200), Gaps, st.integers(0, 5000))
def test_what_is_promised_is_what_comes(rate: float, most: int, gaps: list[timedelta], later: int) -> None:
    _, left, row = come(rate, gaps)
    now = max(left, default=START) + timedelta(milliseconds=later) - PATIENCE / 2
    promised, given_away = room(row, rate, now, most), 0
    while given_away < most and (turn := next_turn(row, rate, now)) - now <= PATIENCE:
        row, given_away = turn + interval(rate), given_away + 1
    assert given_away == promised


@given(Rates)
def test_a_row_that_a_clock_ahead_has_left_holds_nobody_up(rate: float) -> None:
    assert next_turn(START + timedelta(days=1), rate, START) == START
    assert next_turn(None, rate, START) == START
    assert next_turn(START - timedelta(days=1), rate, START) == START
    furthest = START + PATIENCE + interval(rate)  # the last turn that a dialout can have taken
    assert next_turn(furthest, rate, START) == furthest


def test_a_rate_that_no_length_of_time_holds_is_taken_as_the_slowest() -> None:
    assert interval(5e-324) == interval(0.001)
    assert room(None, 5e-324, START, 5) == 1
