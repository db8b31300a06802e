"""The country and the part of it (a state, province, canton, ...) in which a callee may be, from the number alone.

A number tells its part only where its area code does: a mobile number of the United Kingdom may be anywhere in it. Then no part is given,
and rules of parts then apply for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType

from core.kernel.numbers.fictional import is_large_sample
from core.kernel.numbers.part_tables import AREAS

__all__ = ["NOWHERE", "Place", "place_of"]

_NORTH_AMERICA = "1"
_NOT_GEOGRAPHIC = frozenset(
    {
        PhoneNumberType.MOBILE,
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.VOIP,
        PhoneNumberType.PERSONAL_NUMBER,
        PhoneNumberType.PAGER,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
    }
)


@dataclass(frozen=True)
class Place:
    """Where a number was issued.

    Attributes:
        country: ISO 3166; None if it belongs to no country.
        parts: the parts of the country that its area code lies in; empty if the number does not tell.
    """

    country: str | None
    parts: frozenset[str] = frozenset()

    def __str__(self) -> str:
        """`US-FL`, `CA-NS or CA-PE`, `GB`."""
        if self.country is None:
            return "no country"
        return " or ".join(f"{self.country}-{part}" for part in sorted(self.parts)) or self.country


NOWHERE = Place(None)


@lru_cache(maxsize=65_536)
def place_of(e164: str) -> Place:
    """The country and the parts in which the owner of a number (E.164, with or without extension) may be."""
    digits = e164.partition(";")[0]
    if is_large_sample(digits):
        return NOWHERE
    try:
        number = phonenumbers.parse(digits, None)
    except phonenumbers.NumberParseException:
        return NOWHERE
    code, national = str(number.country_code), phonenumbers.national_significant_number(number)
    if code == _NORTH_AMERICA:
        return _north_american(number, national)
    main = phonenumbers.region_code_for_country_code(int(code))
    country = phonenumbers.region_code_for_number(number) or main
    if country in {"ZZ", "001"}:
        return NOWHERE
    areas = AREAS.get((code, country), {})
    if not areas or phonenumbers.number_type(number) in _NOT_GEOGRAPHIC:
        return Place(country)
    return Place(country, _longest(areas, national))


def _north_american(number: phonenumbers.PhoneNumber, national: str) -> Place:
    for country in ("US", "CA"):
        if parts := AREAS[_NORTH_AMERICA, country].get(national[:3]):
            return Place(country, parts)
    return Place(phonenumbers.region_code_for_number(number) or "US")


def _longest(areas: dict[str, frozenset[str]], national: str) -> frozenset[str]:
    lengths = range(min(len(national), 5), 0, -1)
    return next((areas[national[:length]] for length in lengths if national[:length] in areas), frozenset())
