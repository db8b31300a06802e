from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.kernel.hours import (
    ALL_DAYS,
    NEVER,
    SEARCH_DAYS,
    Constraint,
    HoursConfig,
    PermittedHours,
    UnknownTimeZoneError,
    check_time_zone,
    constraints_for,
    is_open,
    next_all_open,
    next_closing,
    next_opening,
    next_permitted,
    permitted,
    why_closed,
    why_not_permitted,
)
from core.kernel.hours.zones import stretches

NEW_YORK, LONDON, KOLKATA = "America/New_York", "Europe/London", "Asia/Kolkata"
ZONES = [NEW_YORK, LONDON, KOLKATA, "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "Africa/Casablanca", "UTC"]


def hours(**written: Any) -> HoursConfig:
    return HoursConfig.model_validate(written)


def at(zone: str, text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


OFFICE = hours(start="09:00", end="18:00", days="mon-fri")


def test_always_open_by_default() -> None:
    now = at(KOLKATA, "2026-03-04T03:00")
    assert is_open(HoursConfig(), KOLKATA, now)
    assert next_opening(HoursConfig(), KOLKATA, now) == now
    assert next_closing(HoursConfig(), KOLKATA, now) is None


def test_office_hours() -> None:
    assert not is_open(OFFICE, KOLKATA, at(KOLKATA, "2026-03-04T08:59:59"))
    assert is_open(OFFICE, KOLKATA, at(KOLKATA, "2026-03-04T09:00"))
    assert is_open(OFFICE, KOLKATA, at(KOLKATA, "2026-03-04T17:59:59"))
    assert not is_open(OFFICE, KOLKATA, at(KOLKATA, "2026-03-04T18:00"))
    friday_evening = at(KOLKATA, "2026-03-06T20:00")
    assert next_opening(OFFICE, KOLKATA, friday_evening) == at(KOLKATA, "2026-03-09T09:00")
    assert next_closing(OFFICE, KOLKATA, friday_evening) == friday_evening
    assert next_closing(OFFICE, KOLKATA, at(KOLKATA, "2026-03-06T10:00")) == at(KOLKATA, "2026-03-06T18:00")


def test_several_windows_a_day() -> None:
    split = hours(windows=[{"start": "09:00", "end": "12:00"}, {"start": "14:00", "end": "17:00"}])
    noon = at(LONDON, "2026-03-04T12:00")
    assert not is_open(split, LONDON, noon)
    assert next_opening(split, LONDON, noon) == at(LONDON, "2026-03-04T14:00")


def test_overnight_window_belongs_to_the_day_it_starts_on() -> None:
    night = hours(start="22:00", end="06:00", days=["fri"])
    assert is_open(night, LONDON, at(LONDON, "2026-03-06T23:00"))
    assert is_open(night, LONDON, at(LONDON, "2026-03-07T05:59"))
    assert not is_open(night, LONDON, at(LONDON, "2026-03-06T05:00"))
    assert next_closing(night, LONDON, at(LONDON, "2026-03-06T23:00")) == at(LONDON, "2026-03-07T06:00")


def test_public_holidays_are_closed() -> None:
    republic_day = at(KOLKATA, "2026-01-26T10:00")  # a Monday
    closed = hours(start="09:00", end="18:00", days="mon-fri", holidays="IN")
    assert is_open(OFFICE, KOLKATA, republic_day)
    assert not is_open(closed, KOLKATA, republic_day)
    assert next_opening(closed, KOLKATA, republic_day) == at(KOLKATA, "2026-01-27T09:00")
    cesar_chavez_day = at(NEW_YORK, "2026-03-31T10:00")  # in California only
    assert is_open(hours(holidays=["US"]), NEW_YORK, cesar_chavez_day)
    assert not is_open(hours(holidays=["US-CA"]), NEW_YORK, cesar_chavez_day)


def test_exceptions_go_before_holidays_and_weekdays() -> None:
    special = hours(
        start="09:00",
        end="18:00",
        days="mon-fri",
        holidays="IN",
        exceptions=[{"date": "2026-01-26", "windows": [{"start": "10:00", "end": "11:00"}]}, {"date": "2026-01-27", "closed": True}],
    )
    assert is_open(special, KOLKATA, at(KOLKATA, "2026-01-26T10:30"))
    assert not is_open(special, KOLKATA, at(KOLKATA, "2026-01-26T11:30"))
    assert not is_open(special, KOLKATA, at(KOLKATA, "2026-01-27T10:30"))
    assert next_opening(special, KOLKATA, at(KOLKATA, "2026-01-26T11:30")) == at(KOLKATA, "2026-01-28T09:00")


def test_a_closed_date_is_closed_from_midnight_to_midnight() -> None:
    night = hours(start="22:00", end="06:00", exceptions=[{"date": "2026-03-07", "closed": True}])
    assert is_open(night, LONDON, at(LONDON, "2026-03-06T23:59"))
    assert not is_open(night, LONDON, at(LONDON, "2026-03-07T00:00"))
    assert not is_open(night, LONDON, at(LONDON, "2026-03-07T23:00"))
    assert not is_open(night, LONDON, at(LONDON, "2026-03-08T05:00"))
    assert next_opening(night, LONDON, at(LONDON, "2026-03-07T00:00")) == at(LONDON, "2026-03-08T22:00")


class TestClockChanges:
    """New York: 2026-03-08 02:00 -> 03:00 and 2026-11-01 02:00 -> 01:00. London: 2026-03-29 01:00 -> 02:00, 2026-10-25 02:00 -> 01:00."""

    def test_a_window_in_the_skipped_hour_never_comes(self) -> None:
        narrow = hours(start="02:15", end="02:45")
        before = at(NEW_YORK, "2026-03-08T01:00")
        assert next_opening(narrow, NEW_YORK, before) == at(NEW_YORK, "2026-03-09T02:15")

    def test_a_window_that_begins_in_the_skipped_hour_opens_after_it(self) -> None:
        for zone, day, gap in ((NEW_YORK, "2026-03-08", "07:00"), (LONDON, "2026-03-29", "01:00")):
            start = "02:30" if zone == NEW_YORK else "01:30"
            opening = next_opening(hours(start=start, end="05:00"), zone, at(zone, f"{day}T00:30"))
            assert opening == datetime.fromisoformat(f"{day}T{gap}+00:00")

    def test_a_window_that_ends_in_the_skipped_hour_closes_before_it(self) -> None:
        closing = next_closing(hours(start="00:00", end="02:30"), NEW_YORK, at(NEW_YORK, "2026-03-08T00:30"))
        assert closing == datetime(2026, 3, 8, 7, tzinfo=UTC)

    def test_a_window_in_the_repeated_hour_opens_twice(self) -> None:
        narrow = hours(start="01:15", end="01:45")
        first = next_opening(narrow, NEW_YORK, at(NEW_YORK, "2026-11-01T00:00"))
        assert first == at(NEW_YORK, "2026-11-01T01:15", fold=0) == datetime(2026, 11, 1, 5, 15, tzinfo=UTC)
        closed = next_closing(narrow, NEW_YORK, first)
        assert closed == datetime(2026, 11, 1, 5, 45, tzinfo=UTC)
        assert (
            next_opening(narrow, NEW_YORK, closed) == at(NEW_YORK, "2026-11-01T01:15", fold=1) == datetime(2026, 11, 1, 6, 15, tzinfo=UTC)
        )

    def test_a_day_of_25_hours_is_open_all_of_them(self) -> None:
        sunday = hours(days="sun")
        opening = next_opening(sunday, LONDON, at(LONDON, "2026-10-24T12:00"))
        assert opening == datetime(2026, 10, 24, 23, tzinfo=UTC)
        assert next_closing(sunday, LONDON, opening) == opening + timedelta(hours=25)

    def test_office_hours_keep_to_the_wall_clock(self) -> None:
        assert next_opening(OFFICE, LONDON, at(LONDON, "2026-03-27T19:00")) == datetime(2026, 3, 30, 8, tzinfo=UTC)
        assert next_opening(OFFICE, LONDON, at(LONDON, "2026-10-23T19:00")) == datetime(2026, 10, 26, 9, tzinfo=UTC)
        assert next_opening(OFFICE, KOLKATA, at(KOLKATA, "2026-10-23T19:00")) == datetime(2026, 10, 26, 3, 30, tzinfo=UTC)

    def test_a_date_that_a_country_skipped_has_no_stretch(self) -> None:
        assert stretches("Pacific/Apia", date(2011, 12, 30)) == ()
        friday = hours(days="fri")
        assert next_opening(friday, "Pacific/Apia", at("Pacific/Apia", "2011-12-29T12:00")) == at("Pacific/Apia", "2012-01-06T00:00")


TIMES = st.integers(0, 1440 // 15 - 1).map(lambda n: f"{n // 4:02}:{n % 4 * 15:02}")
DAYS = st.lists(st.sampled_from(ALL_DAYS), min_size=1, unique=True)


@st.composite
def some_hours(draw: st.DrawFn) -> HoursConfig:
    windows = []
    for _ in range(draw(st.integers(1, 3))):
        start, end = draw(TIMES), draw(st.one_of(TIMES, st.just("24:00")))
        assume(start != end)
        windows.append({"start": start, "end": end, "days": draw(DAYS)})
    exceptions = [
        {"date": str(date(2026, 1, 1) + timedelta(days=number)), "closed": True}
        for number in draw(st.lists(st.integers(0, 365), unique=True))
    ]
    return hours(windows=windows, exceptions=exceptions, holidays=draw(st.sampled_from([[], ["IN"], ["US-CA", "GB"]])))


# mostly around the changes of the clocks
MOMENTS = st.one_of(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 6, 1)),
    st.datetimes(datetime(2026, 3, 7), datetime(2026, 3, 9)),
    st.datetimes(datetime(2026, 3, 28), datetime(2026, 3, 30)),
    st.datetimes(datetime(2026, 4, 4), datetime(2026, 4, 6)),
    st.datetimes(datetime(2026, 10, 24), datetime(2026, 11, 2)),
).map(lambda moment: moment.replace(tzinfo=UTC))
THOUSANDTHS = st.lists(st.integers(0, 999), max_size=20)


def between(start: datetime, end: datetime, thousandths: list[int]) -> list[datetime]:
    """Some moments from start on, before end."""
    return [start + (end - start) * n // 1000 for n in thousandths] + [end - timedelta(microseconds=1)] if end > start else []


@given(some_hours(), st.sampled_from(ZONES), MOMENTS, THOUSANDTHS)
def test_next_opening_is_open_and_nothing_before_it_is(config: HoursConfig, zone: str, now: datetime, some: list[int]) -> None:
    opening = next_opening(config, zone, now)
    if opening is not None:
        assert opening >= now
        assert is_open(config, zone, opening)
    for moment in between(now, opening or now + timedelta(days=SEARCH_DAYS), some):
        assert not is_open(config, zone, moment)


@given(some_hours(), st.sampled_from(ZONES), MOMENTS, THOUSANDTHS)
def test_next_closing_is_closed_and_everything_before_it_is_open(config: HoursConfig, zone: str, now: datetime, some: list[int]) -> None:
    closing = next_closing(config, zone, now)
    if closing is not None:
        assert closing >= now
        assert not is_open(config, zone, closing)
    for moment in between(now, closing or now + timedelta(days=SEARCH_DAYS), some):
        assert is_open(config, zone, moment)


@given(st.lists(st.tuples(some_hours(), st.sampled_from(ZONES)), max_size=3), MOMENTS, THOUSANDTHS)
def test_next_all_open_is_the_first_moment_at_which_all_are(parts: list[tuple[HoursConfig, str]], now: datetime, some: list[int]) -> None:
    def all_open(moment: datetime) -> bool:
        return all(is_open(config, zone, moment) for config, zone in parts)

    first = next_all_open([Constraint(config, zone) for config, zone in parts], now)
    if first is not None:
        assert first >= now
        assert all_open(first)
    for moment in between(now, first or now + timedelta(days=SEARCH_DAYS), some):
        assert not all_open(moment)


def test_hours_that_never_meet() -> None:
    morning, evening = hours(start="08:00", end="10:00"), hours(start="18:00", end="20:00")
    now = at(LONDON, "2026-03-04T00:00")
    assert next_all_open([Constraint(morning, LONDON), Constraint(evening, LONDON)], now) is None
    assert next_all_open([NEVER, Constraint(morning, LONDON)], now) is None
    assert next_all_open([], now) == now


def test_an_opening_beyond_the_search_never_comes() -> None:
    shut = [{"date": str(date(2026, 3, 4) + timedelta(days=number)), "closed": True} for number in range(SEARCH_DAYS + 5)]
    assert next_opening(hours(exceptions=shut), LONDON, at(LONDON, "2026-03-04T00:00")) is None


class TestPermittedHours:
    def test_in_every_zone_the_callee_may_be_in(self) -> None:
        rule = PermittedHours()
        nine_in_new_york = at(NEW_YORK, "2026-03-04T09:00")  # 06:00 in Los Angeles
        assert permitted(rule, [NEW_YORK], nine_in_new_york)
        assert not permitted(rule, [NEW_YORK, "America/Los_Angeles"], nine_in_new_york)
        assert next_permitted(rule, [NEW_YORK, "America/Los_Angeles"], nine_in_new_york) == at("America/Los_Angeles", "2026-03-04T08:00")
        assert "America/Los_Angeles" in str(why_not_permitted(rule, [NEW_YORK, "America/Los_Angeles"], nine_in_new_york))
        assert why_not_permitted(rule, [NEW_YORK], nine_in_new_york) is None

    def test_ends_at_nine_in_the_evening(self) -> None:
        assert permitted(PermittedHours(), [LONDON], at(LONDON, "2026-07-04T20:59:59"))
        assert not permitted(PermittedHours(), [LONDON], at(LONDON, "2026-07-04T21:00"))

    def test_an_unknown_place_fails_closed(self) -> None:
        noon = at(LONDON, "2026-03-04T12:00")
        assert not permitted(PermittedHours(), [], noon)
        assert next_permitted(PermittedHours(), [], noon) is None
        assert constraints_for(PermittedHours(), []) == (NEVER,)
        assert "not known" in str(why_not_permitted(PermittedHours(), [], noon))

    def test_off(self) -> None:
        night = at(LONDON, "2026-03-04T03:00")
        rule = PermittedHours(enabled=False)
        assert permitted(rule, [], night)
        assert next_permitted(rule, [], night) == night

    def test_weekdays(self) -> None:
        rule = PermittedHours.model_validate({"days": "mon-sat"})
        assert next_permitted(rule, [LONDON], at(LONDON, "2026-03-08T12:00")) == at(LONDON, "2026-03-09T08:00")


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("Asia/Calcuta", "Asia/Calcutta"),
        ("kolkata", "Asia/Kolkata"),
        ("New York", "America/New_York"),
        ("IST", "Write an IANA"),
        ("Asia", "IANA"),
    ],
)
def test_an_unknown_time_zone_is_an_error(name: str, suggestion: str) -> None:
    with pytest.raises(UnknownTimeZoneError, match=suggestion):
        check_time_zone(name)
    with pytest.raises(UnknownTimeZoneError):
        is_open(HoursConfig(), name, datetime(2026, 1, 1, tzinfo=UTC))


def test_a_naive_moment_is_an_error() -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        is_open(HoursConfig(), "UTC", datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ({"windows": []}, "never open"),
        ({"start": "25:00"}, "HH:MM"),
        ({"start": "9"}, "HH:MM"),
        ({"start": "24:00"}, "next day"),
        ({"start": "09:00", "end": "09:00"}, "whole day"),
        ({"days": []}, "at least 1"),
        ({"days": "moon"}, "mon"),
        ({"start": "10:00", "windows": [{"start": "09:00", "end": "12:00"}]}, "not both"),
        ({"holidays": "XY"}, "not known"),
        ({"holidays": "US-ZZ"}, "no part"),
        ({"exceptions": [{"date": "2026-12-25"}]}, "either"),
        ({"exceptions": [{"date": "2026-12-25", "closed": True}] * 2}, "same date"),
        ({"opening": "09:00"}, "Extra inputs"),
    ],
)
def test_what_makes_no_sense_is_refused(written: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        hours(**written)


def test_days_are_read_as_people_write_them() -> None:
    assert hours(days="Mon-Fri").days == ("mon", "tue", "wed", "thu", "fri")
    assert hours(days=["Saturday", "sun"]).days == ("sat", "sun")
    assert hours(days="sat-mon, wed").days == ("mon", "wed", "sat", "sun")
    assert hours(start="9:00").start == "09:00"


@given(some_hours())
def test_survives_json(config: HoursConfig) -> None:
    again = HoursConfig.model_validate(config.model_dump(mode="json"))
    assert again == config
    assert again.describe() == config.describe()


def test_words_for_people() -> None:
    assert HoursConfig().describe() == "at any time"
    assert OFFICE.describe() == "mon tue wed thu fri 09:00-18:00"
    assert why_closed(OFFICE, KOLKATA, at(KOLKATA, "2026-03-04T08:00")) == (
        "it is Wed 04 Mar 2026 08:00 in Asia/Kolkata, and the hours are mon tue wed thu fri 09:00-18:00"
    )
    assert why_closed(OFFICE, KOLKATA, at(KOLKATA, "2026-03-04T10:00")) is None
