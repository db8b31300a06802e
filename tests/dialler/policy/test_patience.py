"""How long to wait after failures, and when a lead whose dialouts fail is given up."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from dialler.policy.patience import Futility, growing, send_again_at
from tests.conftest import START

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def test_waits_double_up_to_the_longest() -> None:
    assert [growing(n, SECOND, MINUTE).total_seconds() for n in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


@given(failures=st.integers(0, 10_000))
def test_a_wait_is_never_shorter_than_the_first_or_longer_than_the_longest(failures: int) -> None:
    assert SECOND <= growing(failures, SECOND, MINUTE) <= MINUTE
    assert growing(failures, SECOND, MINUTE) <= growing(failures + 1, SECOND, MINUTE)


def test_a_failed_dialout_is_sent_again_at_once_then_after_growing_waits_then_never() -> None:
    waits = [send_again_at(failed, 0, 5, START) for failed in range(6)]
    assert waits == [START, START, START + MINUTE, START + 2 * MINUTE, START + 4 * MINUTE, None]


@given(failed=st.integers(0, 200), uncharged=st.integers(0, 200), cap=st.integers(1, 100))
def test_all_dials_of_a_lead_that_could_not_ring_have_one_cap(failed: int, uncharged: int, cap: int) -> None:
    at = send_again_at(failed, uncharged, cap, START)
    assert (at is None) == (failed > 0 and failed + uncharged >= cap)
    assert at is None or START <= at <= START + timedelta(hours=1)


def test_hours_that_are_never_open_together_are_hopeless_after_thirty_openings_and_a_long_holiday_is_not() -> None:
    daily = Futility()
    for day in range(30):
        assert not daily.hopeless
        for minute in range(20):  # many callees are refused at one opening
            daily = daily.after(START + timedelta(days=day, minutes=minute), placed=0, closed=3)
    assert daily.hopeless
    assert not daily.after(START + timedelta(days=31), placed=1, closed=3).refusals
    holiday = Futility().after(START, placed=0, closed=1)
    for minute in range(500):
        holiday = holiday.after(START + timedelta(days=60, minutes=minute), placed=0, closed=1)
    assert holiday.refusals == 2
    assert Futility().after(START, placed=0, closed=0) == Futility()
