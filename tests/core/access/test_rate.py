"""The rate of an API key. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.access.rate import Refused, Taken, take
from tests.conftest import START

GAPS = st.lists(st.integers(0, 40_000), min_size=1, max_size=120)


@given(per_minute=st.integers(1, 50), gaps=GAPS)
def test_no_window_holds_more_than_the_burst_and_what_came_in_meanwhile(per_minute: int, gaps: list[int]) -> None:
    now, full_at, passed = START, None, list[datetime]()
    for gap in gaps:
        now += timedelta(milliseconds=gap)
        match take(full_at, per_minute, now):
            case Taken(after):
                full_at = after
                passed.append(now)
            case Refused(retry_at):
                assert retry_at > now
                assert isinstance(take(full_at, per_minute, retry_at), Taken)
                assert isinstance(take(full_at, per_minute, retry_at - timedelta(microseconds=2)), Refused)
    for first, begin in enumerate(passed):
        for last in range(first, len(passed)):
            seconds = (passed[last] - begin).total_seconds()
            assert last - first + 1 <= per_minute + seconds * per_minute / 60 + 1e-3


@given(per_minute=st.integers(1, 100_000))
def test_a_full_bucket_lets_a_minutes_requests_through_at_once_and_not_one_more(per_minute: int) -> None:
    full_at = None
    for _ in range(min(per_minute, 300)):
        taken = take(full_at, per_minute, START)
        assert isinstance(taken, Taken)
        full_at = taken.full_at
    if per_minute <= 300:
        assert isinstance(take(full_at, per_minute, START), Refused)


def test_a_clock_that_ran_ahead_costs_a_moment_only() -> None:
    refused = take(START + timedelta(days=400), 60, START)
    assert refused == Refused(START + timedelta(seconds=1))
