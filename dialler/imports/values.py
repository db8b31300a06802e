"""Undoes what spreadsheets do to cells, where possible. Pure functions of one cell.

A repair is made only if every digit and letter is still there. A number in exponent notation has lost digits: it is refused, never padded,
since a padded number rings a stranger.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from dialler.imports.errors import CellProblem, Problem
from dialler.imports.labels import is_fax, without_labels

__all__ = ["FAX_PROBLEM", "LOST_DIGITS", "NOT_CALCULATED", "REPAIRS", "Cleaned", "clean_phone", "clean_value", "strip_invisible"]

REPAIRS = {
    "apostrophe": "a leading apostrophe was removed ('+44...)",
    "formula": 'a text wrapped in a formula was unwrapped (="...")',
    "decimal": "a trailing .0 was removed from a number",
    "grouping": "thousands separators were removed from a phone number",
    "digits": "digits of another width or script were written as 0-9",
    "invisible": "invisible characters around a phone number were removed",
    "control": "control characters were removed from a value",
    "error_value": "a spreadsheet error (#N/A and the like) was read as an empty value",
    "other_number": "one of several numbers could not be used and was left out",
    "known_number": "one of several numbers was left out: an earlier row has it",
    "uncalculated": "a formula without a saved result was read as an empty value",
    "quotes": "a pair of quotes around a phone number was removed",
    "label": "a word before or after a phone number was removed (p:+44..., (mobile))",
    "area_code": "the area code of its own column was put before a number",
}
"""The repairs, by their names in the report's counts."""

LOST_DIGITS = "\udffd"
"""Before a number of a workbook that is too long to have all its digits; no real text can contain it."""
NOT_CALCULATED = "\udffc"
"""In place of a formula of a workbook that has no result."""

_LOW = (*map(chr, range(0x3001)), "\ufeff")
_INVISIBLE = frozenset(char for char in _LOW if unicodedata.category(char) == "Cf")  # zero width, direction marks and the like
_EDGES = "".join(char for char in _LOW if char.isspace() or unicodedata.category(char) in {"Cc", "Cf"})
_VALUE_EDGES = _EDGES.replace("\u200c", "").replace("\u200d", "")  # joiners are part of the last letter of some names
_APOSTROPHES = "'\u2018\u2019`\u00b4"
_FORMULA_TEXT = re.compile(r'=\s*"((?:[^"]|"")*)"')
_FORMULA_NUMBER = re.compile(r"=\s*(\+?\d[\d ]*)")
_EXPONENT = re.compile(r"[+-]?\d+(?:[.,]\d*)?\s*[eE]\s*[+-]?\s*\d+")
_DECIMAL = re.compile(r"(\+?\d{5,})[.,]0+")
_GROUPED = re.compile(r"(\+?\d{1,3}(?:,\d{2,3}){2,})(?:\.0+)?")
_HASHES = re.compile(r"#{3,}")
_ERROR_VALUES = frozenset({"#N/A", "#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#ERROR!"})
_TEXT_MARKER = re.compile(r"'(?=[+=@-]?\d[\d\s.,/:-]*$)")
_CONTROLS = {code: None for code in (*range(32), *range(0x7F, 0xA0)) if chr(code) not in "\t\n\r\x85"}

_EXPONENT_PROBLEM = Problem(
    "The spreadsheet shortened the number to an exponent; the digits that are missing cannot be known.",
    "Format the column as text (or as a number without decimals) where the leads were kept, and export again.",
)
_ERROR_PROBLEM = Problem(
    "The spreadsheet wrote an error here instead of a number.", "Correct the formula or widen the column, and export again."
)
_LOST_PROBLEM = Problem(
    "The number has more digits than a spreadsheet keeps (15): the last ones are lost, and zeros stand there instead.",
    "Format the column as text where the leads are kept, and export again.",
)
_NOT_CALCULATED_PROBLEM = Problem(
    "The cell is a formula that was saved without its result.", "Open the file in a spreadsheet, and save it; or write the value instead."
)
FAX_PROBLEM = Problem("The cell says that it is the number of a fax machine.", "Put the number of the person's phone there.")
_LONGEST_LABELLED = 200


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A cell after its repairs; `repairs` are keys of REPAIRS, in the order they were made."""

    text: str
    repairs: tuple[str, ...] = ()


def strip_invisible(text: str) -> str:
    """Strip whitespace of any kind, control characters and invisible marks from both ends."""
    return text.strip(_EDGES)


def clean_phone(cell: str) -> Cleaned:
    """A phone cell as text that a phone parser can read.

    Raises:
        CellProblem: it holds an exponent or a spreadsheet error: digits are gone.
    """
    if cell.isascii() and cell.removeprefix("+").isdigit():  # by far the most frequent one
        return Cleaned(cell)
    repairs: list[str] = []
    text = strip_invisible(cell)
    if not _INVISIBLE.isdisjoint(cell):
        text = strip_invisible("".join(char for char in text if char not in _INVISIBLE))
        repairs.append("invisible")
    if match := _FORMULA_TEXT.fullmatch(text) or _FORMULA_NUMBER.fullmatch(text):
        text = strip_invisible(match[1])
        repairs.append("formula")
    if text[:1] and text[0] in _APOSTROPHES:
        text = strip_invisible(text.strip(_APOSTROPHES))
        repairs.append("apostrophe")
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = strip_invisible(text[1:-1])
        repairs.append("quotes")
    if not text.isascii() and (plain := _plain_digits(text)) != text:
        text = plain
        repairs.append("digits")
    _refuse_marks(text)
    if len(text) < _LONGEST_LABELLED and any(map(str.isalpha, text)) and (plain := without_labels(text)) != text:
        if is_fax(text):
            raise CellProblem(FAX_PROBLEM)
        text = plain
        repairs.append("label")
    if _EXPONENT.fullmatch(text):
        raise CellProblem(_EXPONENT_PROBLEM)
    if text.upper() in _ERROR_VALUES or _HASHES.fullmatch(text):
        raise CellProblem(_ERROR_PROBLEM)
    if match := _DECIMAL.fullmatch(text):
        text = match[1]
        repairs.append("decimal")
    if match := _GROUPED.fullmatch(text):
        text = match[1].replace(",", "")
        repairs.append("grouping")
    return Cleaned(text, tuple(repairs))


def clean_value(cell: str) -> Cleaned:
    """Any other cell as the value of a variable: letters stay, invisible ones at its ends are removed.

    Raises:
        CellProblem: it is a number of a workbook that has lost digits.
    """
    text = cell.strip(_VALUE_EDGES)
    if not text or (text.isalnum() and text.isascii()):
        return Cleaned(text)
    if text[0] == NOT_CALCULATED:
        return Cleaned("", ("uncalculated",))
    _refuse_marks(text)
    repairs: list[str] = []
    if (plain := text.translate(_CONTROLS)) != text:
        text = plain
        repairs.append("control")
    if text[0] == "=" and (match := _FORMULA_TEXT.fullmatch(text)):
        text = strip_invisible(match[1].replace('""', '"'))
        repairs.append("formula")
    if text[:1] == "'" and _TEXT_MARKER.match(text):
        text = text[1:]
        repairs.append("apostrophe")
    if text[:1] == "#" and (text.upper() in _ERROR_VALUES or _HASHES.fullmatch(text)):
        return Cleaned("", (*repairs, "error_value"))
    return Cleaned(text, tuple(repairs))


def _refuse_marks(text: str) -> None:
    if text[:1] == LOST_DIGITS:
        raise CellProblem(_LOST_PROBLEM)
    if text[:1] == NOT_CALCULATED:
        raise CellProblem(_NOT_CALCULATED_PROBLEM)


def _plain_digits(text: str) -> str:
    """Digits of every script as 0-9, full-width signs as plain ones."""
    return "".join(map(_plain, text))


def _plain(char: str) -> str:
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    return unicodedata.normalize("NFKC", char) if "\uff01" <= char <= "\uff5e" else char
