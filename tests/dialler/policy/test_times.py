"""Between which times a lead may be dialled."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from dialler.policy.times import LeadTimes, LocalMoment, bounds

NEW_YORK, CHICAGO = "America/New_York", "America/Chicago"
DAY = LocalMoment(date(2026, 3, 4))
TWO = LocalMoment(date(2026, 3, 4), time(14))


def test_a_time_is_on_the_callees_clock() -> None:
    assert bounds([], [], [TWO], [NEW_YORK]).expires_at == datetime(2026, 3, 4, 19, tzinfo=UTC)
    assert bounds([], [], [TWO], ["Asia/Kolkata"]).expires_at == datetime(2026, 3, 4, 8, 30, tzinfo=UTC)
    absolute = LocalMoment(date(2026, 3, 4), time(14), timedelta(hours=1))
    assert bounds([], [], [absolute], [NEW_YORK]).expires_at == datetime(2026, 3, 4, 13, tzinfo=UTC)


def test_of_several_zones_the_narrowest_span_counts() -> None:
    found = bounds([DAY], [], [TWO], [NEW_YORK, CHICAGO])
    assert found == LeadTimes(datetime(2026, 3, 4, 6, tzinfo=UTC), datetime(2026, 3, 4, 19, tzinfo=UTC))


def test_a_date_counts_from_its_beginning_to_its_end() -> None:
    assert bounds([DAY], [DAY], [], ["UTC"]) == LeadTimes(datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC))


def test_every_limit_holds_and_the_margin_only_before_the_end_of_what_it_is_about() -> None:
    later = LocalMoment(date(2026, 3, 4), time(13))
    assert bounds([], [later], [TWO], ["UTC"]).expires_at == datetime(2026, 3, 4, 13, tzinfo=UTC)
    assert bounds([], [later], [TWO], ["UTC"], timedelta(hours=2)).expires_at == datetime(2026, 3, 4, 12, tzinfo=UTC)
    assert bounds([], [], [], ["UTC"]) == LeadTimes()
