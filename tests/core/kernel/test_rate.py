"""Token buckets: the rate of an API key, and what a process lets in. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.kernel.rate import Throttle, TokenBucket
from tests.conftest import START

GAPS = st.lists(st.integers(0, 40_000), min_size=1, max_size=120)


@given(per_minute=st.integers(1, 50), gaps=GAPS)
def test_no_window_holds_more_than_the_burst_and_what_came_in_meanwhile(per_minute: int, gaps: list[int]) -> None:
    now, full_at, passed = START, None, list[datetime]()
    for gap in gaps:
        now += timedelta(milliseconds=gap)
        bucket = TokenBucket.of_a_minute(per_minute, full_at, now)
        if bucket.available(now):
            full_at = bucket.take(1, now).full_at
            passed.append(now)
        else:
            retry_at = bucket.next_at(now)
            assert retry_at > now
            assert TokenBucket.of_a_minute(per_minute, full_at, retry_at).available(retry_at)
            before = retry_at - timedelta(microseconds=2)
            assert not TokenBucket.of_a_minute(per_minute, full_at, before).available(before)
    for first, begin in enumerate(passed):
        for last in range(first, len(passed)):
            seconds = (passed[last] - begin).total_seconds()
            assert last - first + 1 <= per_minute + seconds * per_minute / 60 + 1e-3


@given(per_minute=st.integers(1, 100_000))
def test_a_full_bucket_lets_a_minutes_requests_through_at_once_and_not_one_more(per_minute: int) -> None:
    bucket = TokenBucket.of_a_minute(per_minute, None, START)
    assert bucket.available(START) == per_minute
    assert bucket.take(per_minute, START).available(START) == 0


def test_a_clock_that_ran_ahead_costs_a_moment_only() -> None:
    bucket = TokenBucket.of_a_minute(60, START + timedelta(days=400), START)
    assert not bucket.available(START)
    assert bucket.next_at(START) == START + timedelta(seconds=1)


def test_so_many_a_second_and_so_many_at_once() -> None:
    limit = Throttle(10.0, 3.0)
    assert [limit.admit(100.0) for _ in range(4)] == [True, True, True, False]
    assert limit.admit(100.15)
    assert not limit.admit(100.15)
    assert [limit.admit(200.0) for _ in range(4)] == [True, True, True, False]


def test_a_throttle_takes_many_tokens_or_none() -> None:
    limit = Throttle(2.0, 10.0)
    assert not limit.admit(0.0, 11)
    assert limit.admit(0.0, 10)
    assert [limit.admit(1.0, 3), limit.admit(1.0, 2)] == [False, True]


def test_a_clock_that_goes_back_adds_nothing_and_what_is_spent_is_at_most_what_there_is() -> None:
    limit = Throttle(1.0, 2.0)
    for _ in range(5):
        limit.spend(100.0)
    assert limit.left(50.0) == 0
    assert limit.left(101.0) == 1
    assert limit.left(50.0) == 0, "to ask changes nothing"
