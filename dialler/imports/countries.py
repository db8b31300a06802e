"""Reads a country as lead files write it: `+44`, `0044`, `44.0`, `GB`, `United Kingdom`, `India (+91)`. Pure functions of one value."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

import phonenumbers
from babel import Locale
from babel.core import get_global

from dialler.imports.phone_words import fold

__all__ = ["Country", "country_of"]

_LANGUAGES: Final = """
en es fr de pt it nl pl cs sv da fi tr ro hu el ru uk hi bn ar he zh zh_Hant ja ko th vi id
"""
"""Languages whose names of countries are understood."""
_ALIASES: Final = {
    "uk": "GB", "great britain": "GB", "britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "northern ireland": "GB",
    "usa": "US", "united states of america": "US", "america": "US", "estados unidos de america": "US", "eeuu": "US", "uae": "AE",
    "emirates": "AE", "holland": "NL", "the netherlands": "NL", "korea": "KR", "czech republic": "CZ", "russian federation": "RU",
    "turkey": "TR", "ivory coast": "CI", "bharat": "IN", "burma": "MM", "viet nam": "VN", "brasil": "BR", "deutschland": "DE",
    "espana": "ES", "ksa": "SA", "hong kong": "HK", "macau": "MO", "republic of ireland": "IE", "eire": "IE", "swaziland": "SZ",
}  # fmt: skip
_NUMBER: Final = re.compile(r"(?P<plus>\+|\b00|\b011\s)?\s*(?P<digits>\d{1,4}(?:[ -]\d{1,4})?)(?:[.,]0+)?(?!\d)")
_INITIALS: Final = re.compile(r"\b([A-Za-z])\.(?=\s*[A-Za-z]\.|$)\s*")
_APOSTROPHES: Final = dict.fromkeys(map(ord, "'\u2018\u2019`\u00b4"))
_FLAG_A: Final = 0x1F1E6
_LONGEST: Final = 7
_NANP: Final = "1"


@dataclass(frozen=True, slots=True)
class Country:
    """A country, or a part of one.

    Attributes:
        digits: what its numbers begin with after the plus: `44`; `1684` for American Samoa written `1-684`.
        region: the country (ISO 3166) in which its numbers are read when they are written nationally; None: it has none (satellites).
    """

    digits: str
    region: str | None

    @property
    def title(self) -> str:
        """For people: `+44 (GB)`."""
        return f"+{self.digits} ({self.region})" if self.region else f"+{self.digits}"


@lru_cache(maxsize=4096)
def country_of(text: str) -> Country | None:
    """The country that a value names by its calling code, its ISO 3166 code, its name in one of many languages, or its flag.

    None if it names none, or a name and a code that do not belong together.
    """
    plain = _INITIALS.sub(r"\1", _without_flags(unicodedata.normalize("NFKC", text)).translate(_APOSTROPHES)).strip(' "=')
    match = _NUMBER.search(plain)
    by_code = _by_code(match["digits"], international=bool(match["plus"])) if match else None
    words = fold(_NUMBER.sub(" ", plain, count=1) if match else plain).replace("+", " ").strip(" ,;")
    if not words:
        return by_code
    region = _region(words)
    if match is None:
        return None if region is None else Country(str(phonenumbers.country_code_for_region(region)), region)
    if by_code is None or (region is None and not match["plus"]):
        return None
    if region is None:
        return by_code  # its name is not known, its code is
    return by_code if by_code.digits.startswith(str(phonenumbers.country_code_for_region(region))) else None


def _by_code(written: str, *, international: bool) -> Country | None:
    digits = re.sub(r"\D", "", written)
    if not international:
        digits = digits.removeprefix("00")
    for length in (1, 2, 3):
        code = digits[:length]
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code)) if code else None
        if not regions or code.startswith("0"):
            continue
        if len(digits) == length:
            return Country(digits, None if regions[0] == "001" else regions[0])
        is_part = code == _NANP and len(digits) == 4  # 1684: a member of the North American plan with its area code
        if is_part or (international and len(digits) <= _LONGEST):
            return Country(digits, None if regions[0] == "001" else regions[0])
    return None


def _region(words: str) -> str | None:
    """The region of a code or a name that was folded; `IN India` names it twice."""
    if (found := _one_region(words)) is not None:
        return found
    first, _, rest = words.partition(" ")
    return one if (one := _one_region(first)) is not None and one == _one_region(rest.strip(" ,;|")) else None


def _one_region(words: str) -> str | None:
    code = words.upper()
    if code in phonenumbers.SUPPORTED_REGIONS:
        return code
    if (alias := _ALIASES.get(words)) is not None:
        return alias
    if len(code) == 3 and code.isascii() and len(now := get_global("territory_aliases").get(code, ())) == 1:
        return now[0] if now[0] in phonenumbers.SUPPORTED_REGIONS else None
    return _names().get(words)


@cache
def _names() -> dict[str, str]:
    """Every country by its folded name in each of the languages; a name that means two countries is none."""
    found: dict[str, str] = {}
    doubtful = set()
    for language in _LANGUAGES.split():
        for region, name in Locale.parse(language).territories.items():
            if region not in phonenumbers.SUPPORTED_REGIONS:
                continue
            for written in {fold(name.translate(_APOSTROPHES)), fold(name.translate(_APOSTROPHES).replace("&", "and"))}:
                if found.setdefault(written, region) != region:
                    doubtful.add(written)
    return {name: region for name, region in found.items() if name not in doubtful}


def _without_flags(text: str) -> str:
    """Flags, which are pairs of letters of their own, as the letters of their country."""
    if all(ord(char) < _FLAG_A for char in text):
        return text
    return "".join(chr(ord(char) - _FLAG_A + ord("A")) if _FLAG_A <= ord(char) < _FLAG_A + 26 else char for char in text)
