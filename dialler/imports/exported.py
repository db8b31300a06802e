"""Our own export of leads, read as a lead file: which columns are ours, and what the export did to cells. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from dialler.imports.values import strip_invisible

__all__ = ["LEAD_COLUMNS", "NUMBERS", "PHONE", "VARIABLE_PREFIX", "as_text", "defused", "is_export", "undefused"]

LEAD_COLUMNS: Final = (
    "line",
    "phone",
    "state",
    "disposition",
    "outcome",
    "attempts",
    "uncharged_dials",
    "due_at",
    "note",
    "why_failed",
    "numbers",
)
PHONE: Final = "phone"
NUMBERS: Final = "numbers"
"""All numbers of a lead that has several, in order."""
VARIABLE_PREFIX: Final = "crm."
"""Before the name of each variable, as templates call it."""

_TELLING: Final = frozenset({"line", PHONE, "state", "attempts", "uncharged_dials"})
"""No other file has all of these, whatever was done to the export in a spreadsheet."""
_FORMULA_STARTS: Final = ("=", "@", "+", "-", "\t", "\r")
_CHANGED_BY_SPREADSHEETS: Final = re.compile(
    r"(?:[\d\s+\-./:,%$()]*\d[\d\s+\-./:,%$()]*(?:e[+-]?\d+)?\s?(?:[ap]m?)?)"  # numbers, dates, times
    r"|(?=.*\d)(?:\d{0,4}[\s.,/-]*(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[\s.,/-]*\d{0,4}(?:[\s.,/-]+\d{1,4})?)"
    r"|true|false",
    re.IGNORECASE,
)
_UNCHANGED: Final = re.compile(r"0|[1-9]\d{0,10}")
"""A whole number that a spreadsheet shows and saves as it stands: longer ones are shortened to an exponent."""


def is_export(header: Sequence[str]) -> bool:
    """Whether this is the header of our export. Columns may have been moved, taken out or added since."""
    return {strip_invisible(cell) for cell in header} >= _TELLING


def defused(text: str) -> str:
    """A cell with an apostrophe before it where a spreadsheet would run it as a formula; numbers with a sign stay as they are."""
    if text[:1] in {"=", "@", "\t", "\r"} or (text[:1] in {"+", "-"} and not text[1:].replace(".", "", 1).isdigit()):
        return "'" + text
    if text[:1] == "'" and text[1:2] in {*_FORMULA_STARTS, "'"} and len(text) > 1:  # or `undefused` would take a character of the value
        return "'" + text
    return text


def undefused(text: str) -> str:
    """The cell that `defused` made this text of."""
    return text[1:] if text[:1] == "'" and text[1:].startswith((*_FORMULA_STARTS, "'")) else text


def as_text(cell: str) -> str:
    """A cell of `defused` as a spreadsheet takes it for text if it would change it otherwise: `="+12025550143"`.

    So a plus, leading zeros, long numbers, dates and decimals survive being opened and saved. The import unwraps them.
    """
    if _CHANGED_BY_SPREADSHEETS.fullmatch(cell) and not _UNCHANGED.fullmatch(cell):
        return f'="{cell}"'
    return cell
