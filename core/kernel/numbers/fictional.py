"""Numbers that no real phone answers: reserved for fiction by the authority of each country, and +999.

The sandbox network may dial only these; every transport that can ring a real phone refuses them. The table contains only ranges that an
authority has published: a missing range is merely not refused, but a range listed wrongly would make real people unreachable. India, like
many countries, has reserved none.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers

__all__ = ["FICTIONAL_RANGES", "FictionalRange", "is_fictional", "is_large_sample"]


@dataclass(frozen=True)
class FictionalRange:
    """Numbers from `first` to `last` (E.164, of equal length, both included), and who reserved them."""

    country: str
    first: str
    last: str
    source: str


_OFCOM = "Ofcom, telephone numbers for use in TV and radio drama"
_ACMA = "ACMA, phone numbers for use in creative works"
_ARCEP = "ARCEP, decision 2018-0881 (numbering plan), numbers for audiovisual works"
_BNETZA = "Bundesnetzagentur, notice 148/2021, numbers for media productions"
_PTS = "PTS, telephone numbers for use in books and films"
_COMREG = "ComReg, numbering conditions of use, numbers for drama"
_NANPA = "ATIS-0300048 (555 line numbers), 800-555-0199"

# "x" stands for any digit; a pair is the first and the last number of a range.
_RESERVED: tuple[tuple[str, str, tuple[str | tuple[str, str], ...]], ...] = (
    (
        "GB",
        _OFCOM,
        (
            *(f"+44{area}4960xxx" for area in (113, 114, 115, 116, 117, 118, 121, 131, 141, 151, 161)),
            "+442079460xxx",  # London
            "+441914980xxx",  # Tyneside, Durham, Sunderland
            "+442896496xxx",  # Northern Ireland
            "+442920180xxx",  # Cardiff
            "+441632960xxx",  # no area
            "+447700900xxx",  # mobile
            "+448081570xxx",  # freephone
            "+449098790xxx",  # premium rate
            "+443069990xxx",  # UK-wide
        ),
    ),
    (
        "AU",
        _ACMA,
        (
            *(f"+61{area}{block}xxxx" for area in (2, 3, 7, 8) for block in (5550, 7010)),
            *(
                f"+6149157{last}"
                for last in (
                    *("0006", "0110", "0156", "0157", "0158", "0159", "0313", "0737", "1266", "1491"),
                    *("1804", "2549", "2665", "2983", "3087", "3770", "4118", "4632", "5254", "5789"),
                    *("6398", "6801", "7426", "7644", "8148", "8888", "8957", "9212", "9455", "9760"),
                )
            ),
        ),
    ),
    ("FR", _ARCEP, ("+3319900xxxx", "+3326191xxxx", "+3335301xxxx", "+3346571xxxx", "+3353649xxxx", "+3363998xxxx")),
    (
        "DE",
        _BNETZA,
        (
            "+493023125xxx",  # Berlin
            "+496990009xxx",  # Frankfurt
            "+494066969xxx",  # Hamburg
            "+492214710xxx",  # Cologne
            "+498999998xxx",  # Munich
            *("+4915228817386", "+4915228895456", "+4915254599371", "+4917139200xx", "+491729925904", "+491729968532"),
            *("+491729973185", "+491729973186", "+491729980752", "+491749091317", "+491749464308", "+49176040690xx"),
        ),
    ),
    (
        "SE",
        _PTS,
        (
            "+463139006xx",  # Gothenburg
            "+464062804xx",  # Malmo
            "+468465004xx",  # Stockholm
            "+469803192xx",  # Kiruna
            ("+46701740605", "+46701740699"),  # mobile
        ),
    ),
    ("IE", _COMREG, ("+3532091xxxxx",)),
    ("US", _NANPA, ("+18005550199",)),  # the one freephone number; area codes with 555-01xx: `is_fictional`
)


def _range(country: str, source: str, numbers: str | tuple[str, str]) -> FictionalRange:
    first, last = (numbers.replace("x", "0"), numbers.replace("x", "9")) if isinstance(numbers, str) else numbers
    assert len(first) == len(last)
    assert first <= last
    return FictionalRange(country, first, last, source)


FICTIONAL_RANGES: tuple[FictionalRange, ...] = tuple(
    sorted(
        (_range(country, source, numbers) for country, source, blocks in _RESERVED for numbers in blocks),
        key=lambda found: int(found.first),
    )
)
"""Every reserved range except two that are rules: US and Canadian NPA-555-0100 to 0199, and +999."""

_STARTS = [int(found.first) for found in FICTIONAL_RANGES]
_NORTH_AMERICA = re.compile(r"\+1([2-9][0-9]{2})55501[0-9]{2}")
_LARGE_SAMPLE = re.compile(r"\+999[0-9]{7,12}")


def is_large_sample(e164: str) -> bool:
    """Whether it is one of our numbers for large samples: +999, an unassigned country code, and 7 to 12 digits."""
    return _LARGE_SAMPLE.fullmatch(e164) is not None


def is_fictional(e164: str) -> bool:
    """Whether no real phone answers this number (E.164; an extension after `;ext=` is ignored)."""
    number = e164.partition(";")[0]
    if is_large_sample(number):
        return True
    if (match := _NORTH_AMERICA.fullmatch(number)) and _is_ordinary_area(match[1]):
        return True
    if not re.fullmatch(r"\+[0-9]{7,15}", number):
        return False
    found = FICTIONAL_RANGES[bisect_right(_STARTS, int(number)) - 1]
    return len(found.first) == len(number) and found.first <= number <= found.last


@lru_cache(maxsize=1000)
def _is_ordinary_area(area: str) -> bool:
    """Whether the area code is a geographic one of the United States or Canada: freephone 555-01xx numbers are real."""
    number = phonenumbers.PhoneNumber(country_code=1, national_number=int(f"{area}5550100"))
    ordinary = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE
    return ordinary and phonenumbers.region_code_for_number(number) in ("US", "CA")
