"""Several numbers of one person: which columns they are in, and in which order. Pure.

`phone_columns` in campaign.yaml says so. The exports of Google's and Outlook's contacts are recognized by their headers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dialler.imports.errors import LeadFileError
from dialler.imports.phone_column import named_columns

__all__ = ["BETWEEN", "Number", "NumberColumn", "number_columns", "parts_of"]

BETWEEN: Final = ":::"
"""Between several numbers in one cell, as Google's contacts and our own exports have them."""
_GOOGLE: Final = re.compile(r"Phone (\d+) - Value")
_OUTLOOK: Final = (
    *("Mobile Phone", "Primary Phone", "Home Phone", "Home Phone 2"),
    *("Business Phone", "Business Phone 2", "Company Main Phone", "Other Phone"),
)
_TELLING: Final = frozenset({"Mobile Phone", "Home Phone", "Business Phone"})


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers, from 0, and the column that says what kind each is, if there is one."""

    position: int
    title: str
    kind: int | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a person: its key, and what kind it is for people (`Mobile`, `work`)."""

    phone: str
    label: str

    def as_json(self) -> dict[str, str]:
        """As it is kept with the lead."""
        return {"phone": self.phone, "label": self.label}


def number_columns(headers: Sequence[str], wanted: Sequence[str]) -> tuple[NumberColumn, ...]:
    """The columns of numbers in the order in which they are tried; none if one column has the number, or which is not known.

    Args:
        headers: the headers.
        wanted: the user's choice: headers, variable names or numbers from 1.

    Raises:
        LeadFileError: a column that the user names is not there, or there are several of its name.
    """
    if wanted:
        return tuple(_named(headers, name) for name in wanted)
    if any(_GOOGLE.fullmatch(header) for header in headers):
        return tuple(
            NumberColumn(position, header, _index(headers, f"Phone {match[1]} - Type", f"Phone {match[1]} - Label"))
            for position, header in enumerate(headers)
            if (match := _GOOGLE.fullmatch(header))
        )
    if len(_TELLING & set(headers)) > 1:
        return tuple(NumberColumn(headers.index(header), header) for header in _OUTLOOK if header in headers)
    return ()


def parts_of(cell: str) -> list[str]:
    """The numbers in a cell: usually one."""
    return [part for part in cell.split(BETWEEN) if part.strip()] if BETWEEN in cell else [cell]


def _named(headers: Sequence[str], wanted: str) -> NumberColumn:
    found = named_columns(headers, wanted)
    if len(found) == 1:
        return NumberColumn(found[0], headers[found[0]] or f"column {found[0] + 1}")
    raise LeadFileError(
        f"There {'are several columns' if found else 'is no column'} {wanted!r}, which campaign.yaml names in `phone_columns`.",
        "Write the header of each column of numbers there, or its number from 1.",
        [f"headers: {', '.join(headers)}"],
    )


def _index(headers: Sequence[str], *names: str) -> int | None:
    return next((headers.index(name) for name in names if name in headers), None)
