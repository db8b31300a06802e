from __future__ import annotations

import math
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kernel.rate import TokenBucket
from dialler.policy.pacing import plan
from tests.conftest import START

COUNTS = st.integers(-5, 60)


@given(COUNTS, COUNTS, st.integers(1, 60), st.floats(0.1, 200), st.integers(1, 50))
def test_never_above_any_limit(fleet: int, in_flight: int, limit: int, rate: float, burst: int) -> None:
    bucket = TokenBucket.full(rate, START, burst)
    wanted = plan(fleet_available=fleet, in_flight=in_flight, concurrency_limit=limit, bucket=bucket, now=START)
    assert wanted.dials == max(0, min(fleet, limit - in_flight, burst))
    assert (wanted.again_at is not None) == (wanted.limited_by == "rate")


@given(
    st.floats(0.1, 100),
    st.integers(1, 5),
    st.lists(st.tuples(st.integers(0, 3_000_000), st.integers(0, 8)), min_size=1, max_size=40),
)
def test_never_above_the_rate_in_any_window(rate: float, burst: int, wishes: list[tuple[int, int]]) -> None:
    bucket, now, dials = TokenBucket.full(rate, START, burst), START, list[datetime]()
    for microseconds, wanted in wishes:
        now += timedelta(microseconds=microseconds)
        count = min(wanted, bucket.available(now))
        bucket = bucket.take(count, now)
        dials += [now] * count
    for first in range(len(dials)):
        for last in range(first, len(dials)):
            length = (dials[last] - dials[first]).total_seconds()  # the half-open window from first until just after last
            assert last - first + 1 <= burst + length * rate + 1e-6
            if burst == 1:
                assert last - first + 1 <= math.floor(length * rate + 1e-6) + 1


def test_a_burst_of_one_spaces_calls_out() -> None:
    bucket = TokenBucket.full(10, START).take(1, START)
    assert bucket.available(START + timedelta(milliseconds=99)) == 0
    assert bucket.next_at(START) == START + timedelta(milliseconds=100)
    assert bucket.available(START + timedelta(milliseconds=100)) == 1
    assert bucket.available(START + timedelta(hours=1)) == 1


@given(st.floats(0.1, 100), st.integers(1, 5), st.integers(0, 20))
def test_next_at_is_the_first_moment_with_a_token(rate: float, burst: int, taken: int) -> None:
    bucket = TokenBucket.full(rate, START, burst).take(taken, START)
    moment = bucket.next_at(START)
    assert bucket.available(moment) >= 1
    if moment > START:
        assert bucket.available(moment - timedelta(microseconds=1)) == 0


@given(st.floats(0.1, 100))
def test_a_patient_dialler_gets_its_whole_rate(rate: float) -> None:
    bucket, now = TokenBucket.full(rate, START), START
    for _ in range(50):
        now = bucket.next_at(now)
        bucket = bucket.take(1, now)
    assert (now - START).total_seconds() == pytest.approx(49 / rate, rel=1e-4, abs=1e-4)


def test_says_when_more_could_be_dialled() -> None:
    bucket = TokenBucket.full(1, START)
    wanted = plan(fleet_available=10, in_flight=0, concurrency_limit=10, bucket=bucket, now=START)
    assert (wanted.dials, wanted.limited_by, wanted.again_at) == (1, "rate", START + timedelta(seconds=1))
    waiting = plan(fleet_available=10, in_flight=1, concurrency_limit=10, bucket=bucket.take(1, START), now=START)
    assert (waiting.dials, waiting.limited_by, waiting.again_at) == (0, "rate", START + timedelta(seconds=1))
    assert plan(fleet_available=0, in_flight=0, concurrency_limit=5, bucket=bucket, now=START).limited_by == "fleet"
    assert plan(fleet_available=9, in_flight=5, concurrency_limit=5, bucket=bucket, now=START).limited_by == "concurrency"


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (math.inf, 1), (math.nan, 1), (1, 0)])
def test_a_rate_that_makes_no_sense(rate: float, burst: int) -> None:
    with pytest.raises(ValueError, match="rate"):
        TokenBucket.full(rate, START, burst)


@given(st.floats(0.5, 50), st.lists(st.integers(0, 250_000), min_size=20, max_size=60))
def test_late_steps_do_not_lower_the_rate(rate: float, late: list[int]) -> None:
    """A real clock never wakes anybody at the very moment. Whoever is late within the slack takes what has come due since."""
    slack = timedelta(milliseconds=250)
    bucket, now, taken = TokenBucket.full(rate, START, slack=slack), START, 0
    dials = list[datetime]()
    for microseconds in late:
        now = max(now, bucket.next_at(now)) + timedelta(microseconds=microseconds)
        count = bucket.available(now)
        assert count >= 1
        bucket, taken = bucket.take(count, now), taken + count
        dials += [now] * count
    assert taken >= math.floor((now - START).total_seconds() * rate * 0.999)
    for first in range(len(dials)):
        for last in range(first, len(dials)):
            length = (dials[last] - dials[first] + slack).total_seconds()
            assert last - first + 1 <= 1 + length * rate + 1e-6


def test_an_idle_bucket_saves_nothing_beyond_its_slack() -> None:
    bucket = TokenBucket.full(10, START, slack=timedelta(milliseconds=250))
    assert bucket.available(START) == 1
    assert bucket.available(START + timedelta(milliseconds=250)) == 3
    assert bucket.available(START + timedelta(milliseconds=251)) == 1


def test_tokens_of_calls_that_were_not_placed_come_back() -> None:
    bucket = TokenBucket.full(10, START).take(1, START)
    assert bucket.available(START) == 0
    assert bucket.give_back(1).available(START) == 1
    assert bucket.give_back(0) == bucket
