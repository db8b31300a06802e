"""The part of a country that a number tells, and the public holidays of parts."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from core.kernel.hours import HoursConfig, differing_days, is_open, names_for
from core.kernel.numbers import NOWHERE, Place, place_of
from core.kernel.numbers.overlays import OVERLAYS
from core.kernel.numbers.part_tables import AREAS


@pytest.mark.parametrize(
    ("number", "place"),
    [
        ("+442079460101", "GB-ENG"),
        ("+441314960000", "GB-SCT"),
        ("+442920180000", "GB-WLS"),
        ("+442896496000", "GB-NIR"),
        ("+441289300000", "GB-ENG or GB-SCT"),
        ("+447700900100", "GB"),
        ("+448081570000", "GB"),
        ("+12025550117", "US-DC"),
        ("+14155550117;ext=12", "US-CA"),
        ("+18005550100", "US"),
        ("+16135550123", "CA-ON"),
        ("+19025550123", "CA-NS or CA-PE"),
        ("+61355501234", "AU-VIC"),
        ("+61255501234", "AU-ACT or AU-NSW"),
        ("+61362001234", "AU-TAS or AU-VIC"),
        ("+61889001234", "AU-NT"),
        ("+61491570156", "AU"),
        ("+41446681800", "CH-ZH"),
        ("+49891234567", "DE-BY"),
        ("+4915123456789", "DE"),
        ("+34931234567", "ES-CT"),
        ("+34871234567", "ES-IB"),
        ("+34612345678", "ES"),
        ("+919876543210", "IN"),
    ],
)
def test_where_a_number_was_issued(number: str, place: str) -> None:
    assert str(place_of(number)) == place


def test_no_country() -> None:
    assert place_of("+99900000001") == place_of("+882131234567") == place_of("nonsense") == NOWHERE


def test_area_codes_that_overlay_each_other_lie_in_the_same_parts() -> None:
    parts = AREAS["1", "US"] | AREAS["1", "CA"]
    differ = {code for code, others in OVERLAYS.items() for other in others if code in parts and parts.get(other) != parts[code]}
    assert not differ


def test_every_part_in_the_tables_has_holidays_of_its_own() -> None:
    for (_, country), areas in AREAS.items():
        for parts in areas.values():
            assert all(names_for([country], country, frozenset({part})) == (f"{country}-{part}",) for part in parts), (country, parts)


EASTER_MONDAY, SUMMER_IN_SCOTLAND = datetime(2026, 4, 6, 10, tzinfo=UTC), datetime(2026, 8, 3, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "place", "on_easter_monday", "on_third_of_august"),
    [
        ("GB", Place("GB", frozenset({"ENG"})), False, True),
        ("GB", Place("GB", frozenset({"SCT"})), True, False),
        ("GB", Place("GB", frozenset({"ENG", "SCT"})), False, False),
        ("GB", Place("GB"), False, False),  # a mobile number: in any part of it
        ("GB", Place("FR"), True, True),  # the days that all parts share
        ("GB-*", Place("GB", frozenset({"SCT"})), False, False),
        ("GB-ENG", Place("GB", frozenset({"SCT"})), False, True),
        ("IN", Place("IN"), True, True),
    ],
)
def test_the_holidays_of_the_callees_own_part_count(written: str, place: Place, on_easter_monday: bool, on_third_of_august: bool) -> None:
    hours = HoursConfig.model_validate({"holidays": written}).for_callee(place.country, place.parts)
    assert is_open(hours, "Europe/London", EASTER_MONDAY) == on_easter_monday
    assert is_open(hours, "Europe/London", SUMMER_IN_SCOTLAND) == on_third_of_august


@pytest.mark.parametrize("country", ["AU", "CA", "CH", "DE", "ES", "GB", "US", "BR", "IN", "IT"])
def test_every_country_with_parts_says_what_differs(country: str) -> None:
    days = differing_days(country, 2026)
    assert list(days) == sorted(days)
    assert all(parts for _, parts in days.values())
    union = HoursConfig.model_validate({"holidays": f"{country}-*"})
    assert not any(union.calendar.spans(day) for day in days)


def test_easter_monday_differs_in_great_britain() -> None:
    assert differing_days("GB", 2026)[date(2026, 4, 6)] == ("Easter Monday", ("ENG", "NIR", "WLS"))


@pytest.mark.parametrize("name", ["GB-XX", "IS-*", "XX-*", "GB-"])
def test_parts_that_there_are_not(name: str) -> None:
    with pytest.raises(ValueError, match="holidays"):
        HoursConfig.model_validate({"holidays": name})
