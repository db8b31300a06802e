"""The time zones in which a callee may be, from the number alone.

A number shows where it was issued, but not down to the town: the data of phonenumbers has a zone for the numbers of most places, and a
default for the rest of their area code, which is wrong for some of them. So the zones are those of the whole area code, and the callee's
permitted hours must hold in each:

* area code: every zone of every longer prefix below it, and, in North America, of the area codes that overlay it;
* places that keep another time than the data says: their own zone as well, never instead;
* no area code (a mobile number, freephone): every zone of the country;
* no country (satellite telephones, international freephone): none, which is never permitted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import PhoneNumberType
from phonenumbers.tzdata import TIMEZONE_DATA

from core.kernel.numbers.fictional import is_large_sample
from core.kernel.numbers.overlays import LISTED_ZONES, OVERLAYS, ZONES_AS_WELL

__all__ = ["callee_zones", "time_zones", "where_zones_come_from"]

_TODAYS_NAMES = {  # the data uses the old names of some zones; both mean the same
    "Asia/Calcutta": "Asia/Kolkata",
    "Asia/Katmandu": "Asia/Kathmandu",
    "Asia/Rangoon": "Asia/Yangon",
    "Asia/Saigon": "Asia/Ho_Chi_Minh",
    "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
}
_NORTH_AMERICA = "1"
_HALF_A_YEAR = timedelta(days=182)
_MOBILES_WITH_AREA_CODES = frozenset({52, 54, 55})
"""Mexico, Argentina, Brazil: their numbering plans give mobile numbers the area codes of fixed lines. phonenumbers counts
Indonesia among them for its fixed wireless lines, but the prefixes of its mobile operators belong to no area."""


@dataclass(frozen=True)
class _Place:
    """The part of a number that determines its location: `prefix` (digits from the country code on), `area` without the country code."""

    country: str
    area: str

    @property
    def prefix(self) -> str:
        return self.country + self.area


@lru_cache(maxsize=65_536)
def _place(e164: str) -> _Place | None:
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return None
    country, national = str(number.country_code), phonenumbers.national_significant_number(number)
    if country == _NORTH_AMERICA:
        return _Place(country, national[:3])
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.UNKNOWN:  # a fictional number is often invalid: format it like its neighbours
        return _Place(country, national[: phonenumbers.length_of_national_destination_code(number)])
    if not phonenumbers.is_number_geographical(number):
        return _Place(country, "")
    if kind == PhoneNumberType.MOBILE and number.country_code not in _MOBILES_WITH_AREA_CODES:
        return _Place(country, "")
    length = phonenumbers.length_of_geographical_area_code(number) or phonenumbers.length_of_national_destination_code(number)
    return _Place(country, national[:length])


@lru_cache(maxsize=1)
def _prefixes() -> list[str]:
    return sorted(TIMEZONE_DATA)


def _below(prefix: str) -> Iterator[str]:
    """The zones of the prefix and of all longer ones."""
    known = _prefixes()
    for at in range(bisect_left(known, prefix), len(known)):
        if not known[at].startswith(prefix):
            return
        yield from TIMEZONE_DATA[known[at]]


def _above(place: _Place) -> tuple[str, ...]:
    """The zones of the longest prefix of the number that is longer than the country code and shorter than the area code."""
    for length in range(len(place.prefix) - 1, len(place.country), -1):
        if found := TIMEZONE_DATA.get(place.prefix[:length]):
            return found
    return ()


@lru_cache(maxsize=4096)
def _zones(place: _Place) -> tuple[str, ...]:
    names = set(_below(place.prefix))
    for prefix, zones in ZONES_AS_WELL.items():
        if prefix.startswith(place.prefix) or place.prefix.startswith(prefix):
            names.update(zones)
    if place.area and place.prefix not in TIMEZONE_DATA:
        names.update(_above(place))
    if place.country == _NORTH_AMERICA:
        for code in (place.area, *OVERLAYS.get(place.area, ())):
            names.update(_below(_NORTH_AMERICA + code), LISTED_ZONES.get(code, ()))
    if not names.difference(*ZONES_AS_WELL.values()):  # an area code of which nothing else is known
        names.update(_below(place.country))
    return tuple(sorted({_TODAYS_NAMES.get(name, name) for name in names}))


def time_zones(e164: str) -> list[str]:
    """The IANA time zones of the whole area code, or else the country, to which the number (E.164) belongs, by name.

    [] if it has none: only +999 and the numbers of no country (satellite telephones, international freephone).
    """
    place = _place(e164.partition(";")[0])
    return [] if place is None else list(_zones(place))


def callee_zones(e164: str, fallback_zone: str) -> list[str]:
    """The time zones in which the callee may be, for the permitted hours.

    * +999 (large samples, sandbox only): `fallback_zone`, the bot's own;
    * any other number: the zones of its area code or country;
    * a number of no country: [], so `core.kernel.hours.permitted` refuses it and says that its zone is unknown.
    """
    number = e164.partition(";")[0]
    return [fallback_zone] if is_large_sample(number) else time_zones(number)


def where_zones_come_from(e164: str, now: datetime) -> str | None:
    """Why several time zones apply to the number (E.164), for people; None if all of them show the same time.

    Such as `area code 270 lies in America/Chicago and America/New_York: calls must be permitted in both`. It does not contain the
    number.
    """
    place = _place(e164.partition(";")[0])
    return None if place is None else _explained(place, now)


@lru_cache(maxsize=4096)
def _explained(place: _Place, now: datetime) -> str | None:
    clocks: dict[tuple[timedelta | None, ...], str] = {}
    for name in _zones(place):
        clocks.setdefault(tuple(moment.astimezone(ZoneInfo(name)).utcoffset() for moment in (now, now + _HALF_A_YEAR)), name)
    if len(clocks) < 2:
        return None
    names = list(clocks.values())
    known = place.area and _zones(place) != _zones(_Place(place.country, ""))
    subject = f"area code {place.area} lies" if known else f"a number of +{place.country} without an area code may lie"
    if len(names) == 2:
        return f"{subject} in {names[0]} and {names[1]}: calls must be permitted in both"
    listed = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) <= 5 else f"any of {len(names)} time zones"
    return f"{subject} in {listed}: calls must be permitted in all of them"
