"""The time zones in which a callee may be, from the number alone.

A number tells where it was given out, not where its owner is now: a mobile number of a country with several time zones
gives all of them, and the callee's permitted hours must hold in each.
"""

from __future__ import annotations

from functools import lru_cache

import phonenumbers
from phonenumbers import timezone

from core.kernel.numbers.fictional import is_large_sample

__all__ = ["callee_zones", "time_zones"]

_NOWHERE = "Etc/Unknown"
_TODAYS_NAMES = {  # the data still uses the old names of some zones; both mean the same
    "Asia/Calcutta": "Asia/Kolkata",
    "Asia/Katmandu": "Asia/Kathmandu",
    "Asia/Rangoon": "Asia/Yangon",
    "Asia/Saigon": "Asia/Ho_Chi_Minh",
    "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
}


@lru_cache(maxsize=65_536)
def _zones(e164: str) -> tuple[str, ...]:
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return ()
    names = timezone.time_zones_for_number(number)
    if _NOWHERE in names:  # a fictional number is not a valid one: go by its first digits, at worst by its country
        names = timezone.time_zones_for_geographical_number(number)
    return tuple(sorted({_TODAYS_NAMES.get(name, name) for name in names if name != _NOWHERE}))


def time_zones(e164: str) -> list[str]:
    """The IANA time zones of the area, or else the country, to which the number (E.164) belongs; [] if it has none.

    Only +999 and the numbers of no country (satellite telephones, international freephone) have none.
    """
    return list(_zones(e164.partition(";")[0]))


def callee_zones(e164: str, fallback_zone: str) -> list[str]:
    """The time zones in which the callee may be, for the permitted hours.

    * +999 (large samples, sandbox only): `fallback_zone`, the bot's own;
    * any other number: the zones of its area or country;
    * a number of no country: [], so that `core.kernel.hours.permitted` refuses it and says that nobody knows its zone.
    """
    number = e164.partition(";")[0]
    return [fallback_zone] if is_large_sample(number) else time_zones(number)
