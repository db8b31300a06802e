"""What becomes of a delivery after an attempt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kernel.backoff import Dead, Delivered, Retry, RetryPolicy, Verdict, decide, gap, parse_retry_after

NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)
POLICY = RetryPolicy()


def after(
    status: int | None, attempt: int = 1, *, retry_after: float | None = None, left: timedelta = POLICY.max_age, spread: float = 0.5
) -> Verdict:
    return decide(POLICY, status=status, retry_after=retry_after, attempt=attempt, now=NOW, expires_at=NOW + left, spread=spread)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_delivered_whenever_it_comes(status: int) -> None:
    assert after(status, 1000, left=timedelta(0)) == Delivered()


def test_gone_is_dead_at_once() -> None:
    assert isinstance(after(410), Dead)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 422, 451])
def test_a_refusal_is_tried_a_few_times(status: int) -> None:
    assert all(isinstance(after(status, n), Retry) for n in range(1, 6))
    verdict = after(status, 6)
    assert isinstance(verdict, Dead)
    assert f"6 times, at last with status {status}" in verdict.why


@pytest.mark.parametrize("status", [None, 408, 409, 425, 429, 500, 502, 503, 504, 599])
def test_trouble_is_tried_until_the_time_is_up(status: int | None) -> None:
    assert isinstance(after(status, 500), Retry)
    assert isinstance(after(status, 500, left=timedelta(minutes=59)), Dead)


def test_gaps_grow_to_an_hour() -> None:
    assert [gap(POLICY, n, 0.5).total_seconds() for n in range(1, 9)] == [10, 30, 90, 270, 810, 2430, 3600, 3600]


def test_three_days_are_filled_with_some_eighty_attempts() -> None:
    at, attempts = timedelta(), 0
    while at < POLICY.max_age:
        attempts += 1
        at += gap(POLICY, attempts, 0.5)
    assert 70 < attempts < 90


@given(st.integers(1, 100_000), st.floats(0, 1))
def test_every_gap_is_within_its_jitter_and_does_not_shrink(attempt: int, spread: float) -> None:
    middle = gap(POLICY, attempt, 0.5)
    assert 0.8 * middle - timedelta(milliseconds=1) <= gap(POLICY, attempt, spread) <= 1.2 * middle + timedelta(milliseconds=1)
    assert middle <= gap(POLICY, attempt + 1, 0.5) <= POLICY.longest


@given(
    st.one_of(st.none(), st.integers(300, 599)),
    st.integers(1, 200),
    st.floats(0, 1),
    st.one_of(st.none(), st.floats(0, 1e9)),
    st.floats(0, 3e5),
)
def test_a_retry_is_never_early_never_after_the_end_and_honours_retry_after(
    status: int | None, attempt: int, spread: float, retry_after: float | None, left: float
) -> None:
    verdict = after(status, attempt, retry_after=retry_after, left=timedelta(seconds=left), spread=spread)
    if isinstance(verdict, Retry):
        assert NOW + 0.8 * POLICY.first <= verdict.at <= NOW + timedelta(seconds=left)
        assert verdict.at >= NOW + timedelta(seconds=min(retry_after or 0, 86_400)) - timedelta(milliseconds=1)
    else:
        assert isinstance(verdict, Dead)


def test_a_retry_after_makes_a_gap_longer_and_never_shorter() -> None:
    assert after(503, retry_after=120) == Retry(NOW + timedelta(seconds=120))
    assert after(503, retry_after=1) == Retry(NOW + timedelta(seconds=10))


def test_retry_after_in_both_forms() -> None:
    assert parse_retry_after("120", NOW) == 120
    assert parse_retry_after(" 0 ", NOW) == 0
    assert parse_retry_after(format_datetime(NOW + timedelta(seconds=90), usegmt=True), NOW) == 90
    assert parse_retry_after("Wednesday, 04-Mar-26 10:01:00 GMT", NOW) == 60
    assert parse_retry_after(format_datetime(NOW - timedelta(days=1), usegmt=True), NOW) == 0


@pytest.mark.parametrize("value", [None, "", "soon", "-5", "1.5", "٣", "99 bottles", "Wed, 99 Mar 2026 10:00:00 GMT"])
def test_a_retry_after_of_neither_form_is_ignored(value: str | None) -> None:
    assert parse_retry_after(value, NOW) is None


@given(st.text())
def test_no_retry_after_breaks_it(value: str) -> None:
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or seconds >= 0
