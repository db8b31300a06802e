"""A number from its cell, or from the cells that it is split into. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.kernel.numbers import NumberError, parse_number
from dialler.imports.errors import CellProblem, Problem
from dialler.imports.values import clean_phone, strip_invisible
from web.number_list.quick import QuickReader

__all__ = ["Shape", "filled_length", "number_in", "numbers_in_row"]

_PART = re.compile(r"[+(\[]{0,2}\d[\d\s().\-/\u2010-\u2015]*")
_DIGITS = 15


@dataclass(frozen=True)
class Shape:
    """Where a number stands in a row: the columns (from 0) of its parts; `country`: the first part is a country code."""

    columns: tuple[int, ...]
    country: bool = False


_EMPTY = Problem("There is no number in this row.", "Fill it in, or remove the row.")
_SEVERAL = Problem(
    "The row has more cells than the others, and several of them are numbers.", "Put quotes around the cell with the delimiter in it."
)
_NO_COUNTRY = Problem("The number has no country code.", "Say of which country it is with --region, as in --region US.")


def number_in(parts: Sequence[str], region: str | None, *, country: bool = False) -> str:
    """The number (E.164, without extension) in a cell, or in the cells it is split into.

    Args:
        parts: the cells, in order.
        region: the country of numbers written without a country code.
        country: the first part is a country code, with or without a plus. It is ignored if the second has its own.

    Raises:
        CellProblem: there is none, or none that can be dialled. Premium-rate numbers are taken.
    """
    texts = [strip_invisible(part) for part in parts]
    if not texts[-1]:
        raise CellProblem(_EMPTY)
    if country and texts[1].startswith(("+", "00")):
        texts, country = texts[1:], False
    cleaned = [clean_phone(text).text for text in texts]
    if len(cleaned) > 1 and not all(_PART.fullmatch(text) for text in cleaned):
        raise CellProblem(
            Problem("A part of the number is missing, or is not digits.", "Write the number in full: +, country code, number.")
        )
    text = cleaned[0] if len(cleaned) == 1 else "".join(re.sub(r"\D", "", part) for part in cleaned)
    if country:
        text = f"+{text.removeprefix('00')}"
    try:
        return _reader(region)(text)
    except NumberError as error:
        if region is None and error.reason.startswith("it has no country code"):
            raise CellProblem(_NO_COUNTRY) from error
        advice = error.advice.replace("the default region", "--region")
        raise CellProblem(Problem(_sentence(error.reason), _sentence(advice))) from error


@lru_cache(maxsize=8)
def _reader(region: str | None) -> QuickReader:
    return QuickReader(lambda text: parse_number(text, region, allow_premium=True).e164, region)


def filled_length(cells: Sequence[str]) -> int:
    """The number of cells up to the last one with something in it."""
    return max((place for place, cell in enumerate(cells, start=1) if strip_invisible(cell)), default=0)


def numbers_in_row(cells: Sequence[str], shapes: Sequence[Shape], width: int, region: str | None) -> tuple[list[str], Problem | None]:
    """The numbers of a row, and why one of them cannot be read.

    A row with more cells than the `width` of the file has a delimiter in a cell without quotes (`Bell, Ben,202...`): the
    number stands where it should, or further right by the surplus; if that leaves one number, it is taken.
    """
    surplus = max(filled_length(cells) - width, 0)
    found: list[str] = []
    problem: Problem | None = None
    optional = len(shapes) > 1
    for shape in shapes:
        readings: dict[str, None] = {}
        first: Problem | None = None
        for shift in range(surplus + 1):
            parts = [cells[column + shift] if column + shift < len(cells) else "" for column in shape.columns]
            if optional and not strip_invisible(parts[-1]):
                continue
            try:
                readings[number_in(parts, region, country=shape.country)] = None
            except CellProblem as error:
                first = error.problem if first is None or shift == surplus else first
        if len(readings) == 1:
            found += readings
        else:
            problem = (_SEVERAL if readings else first) or problem
    return list(dict.fromkeys(found)), problem if problem or found else _EMPTY


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
