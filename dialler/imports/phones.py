"""From the cell of the phone column to the key of a number.

Spreadsheet repairs come first (`values.clean_phone`), then the kernel's parser decides. One rule is added: a cell of digits only, without a
plus, is read as a national number of the default region, or, if that is not a number, as a full number of the same country (919876543210 in
India); if both readings are valid it is refused, not guessed.
"""

from __future__ import annotations

import contextlib
import re

import phonenumbers

from core.kernel.numbers import NumberError, parse_number
from dialler.imports.countries import Country
from dialler.imports.errors import CellProblem, Problem
from dialler.imports.labels import without_labels
from dialler.imports.values import clean_phone, strip_invisible

__all__ = ["looks_like_phone", "read_phone", "read_phone_in_parts"]

_SHAPE = re.compile(
    r"(?:tel:|00)?[+\uff0b(\uff08]{0,2}\d[\d \u3000\u00a0().\u2010-\u2015\u2212\u30fc\uff70\uff08\uff09\uff0d\uff0e/-]*"
    r"(?:(?:;ext=|#|[^\W\d_]{1,16}\.?)[ :]*\d{1,6})?",
    re.IGNORECASE,
)
_EXPONENT = re.compile(r"[+-]?\d+(?:[.,]\d*)?[eE][+-]?\d+")
_DATE = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}")
_LONGEST_LABELLED = 200
_AMOUNT = re.compile(r"\d+[.]\d{1,2}")


def read_phone(cell: str, region: str | None) -> tuple[str, tuple[str, ...]]:
    """The key of the number in a cell (E.164, `;ext=` and the extension), and the repairs made.

    Args:
        cell: as written in the file.
        region: the country of national numbers, or None.

    Raises:
        CellProblem: it is not a number that can be dialled.
    """
    cleaned = clean_phone(cell)
    try:
        key = parse_number(cleaned.text, region).key
    except NumberError as error:
        raise CellProblem(Problem(_sentence(error.reason), _sentence(error.advice))) from error
    if region is not None and cleaned.text.isdigit() and _other_reading(cleaned.text, region, key):
        raise CellProblem(
            Problem(
                "Without a plus it can be read as a national and as an international number, and both exist.",
                "Write it in full: +, country code, number.",
            )
        )
    return key, cleaned.repairs


def read_phone_in_parts(cell: str, region: str | None, country: Country | None, area: str) -> tuple[str, tuple[str, ...]]:
    """As `read_phone`, for a number whose country or area code is in a cell of its own. All parts must agree.

    Args:
        cell: the number as written, whole or without these parts.
        region: the country of national numbers where `country` is None.
        country: the country that its own cell names; None if that is blank, or there is none.
        area: the area code as written; blank if there is none.

    Raises:
        CellProblem: it is not a number that can be dialled, or its parts contradict each other.
    """
    if country is None and not strip_invisible(area):
        return read_phone(cell, region)
    home = region if country is None else country.region
    try:
        key, repairs = _read_with_area(cell, home, area)
    except CellProblem:
        if country is None or (found := _read_with_prefix(cell, country)) is None:
            raise
        key, repairs = found
    if country is not None and not key.startswith(f"+{country.digits}"):
        raise CellProblem(
            Problem(
                f"The number is of +{_calling_code(key)}, and the country beside it is {country.title}: they do not agree.",
                "Correct one of them; if that column is not the country of the number, set `country_column: false` in campaign.yaml.",
            )
        )
    return key, repairs


def _calling_code(key: str) -> str:
    known = (key[1:length] for length in (2, 3, 4))
    return next((code for code in known if int(code) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE), key[1:4])


def _read_with_prefix(cell: str, country: Country) -> tuple[str, tuple[str, ...]] | None:
    """The number with all the digits of its country before it (`1684` and seven digits; a country without a region); None if it is none."""
    cleaned = clean_phone(cell)
    if cleaned.text.startswith(("+", "00")):
        return None
    try:
        return parse_number(f"+{country.digits}{cleaned.text}").key, cleaned.repairs
    except NumberError:
        return None


def _read_with_area(cell: str, region: str | None, area: str) -> tuple[str, tuple[str, ...]]:
    digits = re.sub(r"\D", "", re.sub(r"[.,]0+$", "", area)).lstrip("0")
    if not digits:
        if strip_invisible(area):
            raise CellProblem(Problem("The area code beside it has no digits.", "Correct it, or leave it blank."))
        return read_phone(cell, region)
    text = clean_phone(cell).text
    is_national = not text.startswith(("+", "0"))
    joined = None
    if is_national:
        with contextlib.suppress(CellProblem):
            joined = read_phone(f"{digits}{text}", region)
    try:
        alone = read_phone(cell, region)
    except CellProblem:
        if joined is None:
            raise
        return joined[0], (*joined[1], "area_code")
    begins_with_it = alone[0].startswith(f"+{_calling_code(alone[0])}{digits}")
    if joined is None and begins_with_it:
        return alone
    if joined is not None and not begins_with_it:
        return joined[0], (*joined[1], "area_code")
    raise CellProblem(
        Problem(
            "Whether the area code beside it belongs before the number is not clear: both readings exist."
            if begins_with_it
            else f"The number does not begin with the area code beside it, {digits}: they do not agree.",
            "Write the number in full: +, country code, number; or set `area_code_column: false` in campaign.yaml.",
        )
    )


def looks_like_phone(text: str) -> bool:
    """Whether a cleaned cell has the shape of a phone number, valid or not. Dates and amounts do not."""
    if _EXPONENT.fullmatch(text):
        return True
    if not 7 <= sum(map(str.isdigit, text)) <= 26 or _DATE.fullmatch(text) or _AMOUNT.fullmatch(text):
        return False
    if _SHAPE.fullmatch(text) is not None:
        return True
    return len(text) < _LONGEST_LABELLED and (plain := without_labels(text)) != text and _SHAPE.fullmatch(plain) is not None


def _other_reading(digits: str, region: str, key: str) -> bool:
    if not digits.startswith(str(phonenumbers.country_code_for_region(region))):
        return False
    try:
        return parse_number(f"+{digits}").key != key
    except NumberError:
        return False


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text[:1].upper()}{text[1:]}."
