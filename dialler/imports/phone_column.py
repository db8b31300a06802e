"""Finds the column with the number to dial, by its header and its contents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dialler.imports.errors import CellProblem, LeadFileError
from dialler.imports.names import variable_name
from dialler.imports.phone_words import header_score
from dialler.imports.phones import looks_like_phone, read_phone
from dialler.imports.values import strip_invisible

__all__ = ["ColumnEvidence", "choose_phone_column", "column_evidence", "named_columns", "only_one"]

_ENOUGH = 0.5
_EQUAL = 0.05
_NAMED = 0.5


@dataclass(frozen=True)
class ColumnEvidence:
    """What is known about a column. Shares are of its non-empty cells in the first rows.

    Args:
        position: from 0.
        header: its header, as written.
        filled: number of non-empty cells.
        rows: all its cells in the sample.
        numbers: share of cells that are numbers that can be dialled.
        shaped: share of cells in the shape of phone numbers, valid or not.
        name: the score of its header (`phone_words.header_score`).
    """

    position: int
    header: str
    filled: int
    rows: int
    numbers: float
    shaped: float
    name: float

    @property
    def score(self) -> float:
        """Header and content combined. A valid number counts fully, one of the right shape a third, a blank cell half."""
        content = self.numbers + max(self.shaped - self.numbers, 0.0) / 3
        return round(self.name + content * (1 + self.filled / max(self.rows, 1)) / 2, 3)

    @property
    def is_fit(self) -> bool:
        """Whether it can be the phone column at all."""
        return self.shaped > 0 if self.name > _NAMED else self.name >= 0 and self.numbers >= _ENOUGH

    def __str__(self) -> str:
        title = f"{self.header!r}" if self.header else f"column {self.position + 1} (no header)"
        return f"{title}: {self.numbers:.0%} of {self.filled} cells are phone numbers that can be dialled, {self.shaped:.0%} look like one"


def column_evidence(position: int, header: str, cells: Sequence[str], region: str | None) -> ColumnEvidence:
    """Examine one column of the sample."""
    filled = [text for cell in cells if (text := strip_invisible(cell))]
    numbers = shaped = 0
    for text in filled:
        shaped += looks_like_phone(text.strip("'=\""))
        try:
            read_phone(text, region)
            numbers += 1
        except CellProblem:
            pass
    total = max(len(filled), 1)
    return ColumnEvidence(position, header, len(filled), len(cells), numbers / total, shaped / total, header_score(header))


def named_columns(headers: Sequence[str], wanted: str) -> list[int]:
    """The columns (from 0) that the user can mean by `wanted`: its header, its variable name, or its number from 1."""
    for same in (str.strip, str.casefold, variable_name):
        key = same(strip_invisible(wanted))
        if found := [position for position, header in enumerate(headers) if key and same(strip_invisible(header)) == key]:
            return found
    return [int(wanted) - 1] if wanted.isdecimal() and 1 <= int(wanted) <= len(headers) else []


def only_one(columns: Sequence[ColumnEvidence]) -> int:
    """The position of the column with numbers, among columns with the same header.

    Raises:
        LeadFileError: several of them have numbers, or none has.
    """
    fit = [column for column in columns if column.shaped > 0]
    if len(fit) == 1:
        return fit[0].position
    places = " and ".join(str(column.position + 1) for column in columns)
    raise LeadFileError(
        f"Columns {places} are {'both' if len(columns) == 2 else 'all'} called {columns[0].header!r}.",
        f"Write the number of the one to dial into campaign.yaml, as in `phone_column: {columns[0].position + 1}`.",
        [f"column {column.position + 1}, {column}" for column in columns],
    )


def choose_phone_column(columns: Sequence[ColumnEvidence]) -> tuple[int, str | None]:
    """The position of the phone column, and a warning if another one came close.

    A column whose header names a phone needs one cell that looks like a number (or must be the only one so named); one whose header names
    something else (an account, a date) never counts; for any other, half of the cells must be numbers that can be dialled. Content and
    header count alike; among named columns, the earlier one wins a tie. Two columns of numbers whose headers do not decide, or are the
    same, are not guessed: the wrong one rings a stranger.

    Raises:
        LeadFileError: there is none, or several are possible.
    """
    looked_at = [str(column) for column in columns]
    fit = [column for column in columns if column.is_fit]
    if not fit:
        named = [column for column in columns if column.name > _NAMED]
        if len(named) != 1:
            raise LeadFileError(
                "No column of phone numbers was found.",
                "If there is one, put its header into campaign.yaml, as in `phone_column: Mobile`; if its numbers are written "
                "without a country code, set `default_region` as well.",
                looked_at,
            )
        fit = named
    ranked = sorted(fit, key=lambda column: (-column.score, column.position))
    best, others = ranked[0], [column for column in ranked[1:] if column.numbers >= _ENOUGH]
    if best.name <= _NAMED and any(best.score - column.score <= _EQUAL for column in others):
        raise LeadFileError(
            "Several columns hold phone numbers, and their headers do not say which one to dial.",
            f"Put the header of the right one into campaign.yaml, as in `phone_column: {best.header or best.position + 1}`.",
            looked_at,
        )
    if same := [column for column in ranked if best.header and variable_name(column.header) == variable_name(best.header)][1:]:
        only_one(sorted([best, *same], key=lambda column: column.position))
    if others:
        listed = ", ".join(repr(column.header or f"column {column.position + 1}") for column in others)
        return best.position, (
            f"The phone column is {best.header or f'column {best.position + 1}'!r}; there are phone numbers in {listed} too. "
            "Set `phone_column` in campaign.yaml if another one is meant."
        )
    return best.position, None
