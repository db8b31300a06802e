"""From the cell of the phone column to the key of a number.

Spreadsheet repairs come first (`values.clean_phone`), then the kernel's parser decides. One rule is added: a cell of digits only, without a
plus, is read as a national number of the default region, or, if that is not a number, as a full number of the same country (919876543210 in
India); if both readings are valid it is refused, not guessed.
"""

from __future__ import annotations

import re

import phonenumbers

from core.kernel.numbers import NumberError, parse_number
from dialler.imports.errors import CellProblem, Problem
from dialler.imports.values import clean_phone

__all__ = ["looks_like_phone", "read_phone"]

_SHAPE = re.compile(
    r"(?:tel:|00)?[+\uff0b(\uff08]{0,2}\d[\d \u3000\u00a0().\u2010-\u2015\u2212\u30fc\uff70\uff08\uff09\uff0d\uff0e/-]*"
    r"(?:(?:;ext=|#|[^\W\d_]{1,16}\.?)[ :]*\d{1,6})?",
    re.IGNORECASE,
)
_EXPONENT = re.compile(r"[+-]?\d+(?:[.,]\d*)?[eE][+-]?\d+")
_DATE = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}")
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


def looks_like_phone(text: str) -> bool:
    """Whether a cleaned cell has the shape of a phone number, valid or not. Dates and amounts do not."""
    if _EXPONENT.fullmatch(text):
        return True
    if not 7 <= sum(map(str.isdigit, text)) <= 26 or _DATE.fullmatch(text) or _AMOUNT.fullmatch(text):
        return False
    return _SHAPE.fullmatch(text) is not None


def _other_reading(digits: str, region: str, key: str) -> bool:
    if not digits.startswith(str(phonenumbers.country_code_for_region(region))):
        return False
    try:
        return parse_number(f"+{digits}").key != key
    except NumberError:
        return False


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text[:1].upper()}{text[1:]}."
