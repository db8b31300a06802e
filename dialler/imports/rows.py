"""From physical lines to rows of cells, with the line number of each, and with stray quotes contained.

The csv module splits the rows. This module exists because of one problem: a quote that is opened and never closed makes csv swallow every
following row up to the next quote. Here only that line is rejected, and reading goes on below it.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from dialler.imports.encoding import CUT, DAMAGED
from dialler.imports.errors import Problem

__all__ = ["Row", "RowStream"]

_MOST_LINES = 100
_OPEN_QUOTE = Problem(
    "A quote is opened in this row and not closed where it should be.",
    'Remove the stray " or write it twice (""), and put the whole cell in quotes.',
)
_TOO_LONG = Problem("The row is longer than a row of leads can be.", "Check whether the line breaks of the file are lost here.")
_UNDECODABLE = Problem(
    "The row holds bytes that are no letters in the encoding of the file.", "Correct the broken letters and save the file as CSV (UTF-8)."
)


@dataclass(slots=True)
class Row:
    """One row. `line` counts from 1, `lines` is how many physical lines it spans; with a `problem` the cells are a guess."""

    line: int
    cells: list[str]
    lines: int = 1
    problem: Problem | None = None

    @property
    def is_blank(self) -> bool:
        """Whether every cell is empty."""
        return not any(cell and not cell.isspace() for cell in self.cells)


class _OpenQuote(Exception):
    """The csv reader asked for more lines than a row can have."""


class RowStream:
    """The rows of `lines`, one after another; memory use does not grow.

    Args:
        lines: physical lines with their line ends, and the marks DAMAGED and CUT of `encoding.physical_lines`.
        delimiter: one character.
        first_line: the number of the first of them.
    """

    def __init__(self, lines: Iterable[str], delimiter: str, first_line: int = 1) -> None:
        self._source, self._delimiter = iter(lines), delimiter
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self._line = first_line
        self._reader = self._new_reader(self._feed())

    def __iter__(self) -> Iterator[Row]:
        while True:
            self._taken = []
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except (_OpenQuote, csv.Error):
                row = self._recovered()
            else:
                row = Row(self._line, cells, len(self._taken))
                if any(DAMAGED in line or CUT in line for line in self._taken):
                    row.problem = _TOO_LONG if any(CUT in line for line in self._taken) else _UNDECODABLE
            self._line += row.lines
            yield row

    def split(self, row: Row) -> list[Row]:
        """The physical lines of the last returned row, each parsed as a row of its own."""
        return [Row(row.line + number, _leniently(line, self._delimiter)) for number, line in enumerate(self._taken)]

    def take_apart(self, row: Row) -> Row:
        """Undo the last returned row: reject its first line, and read the others again."""
        self._line = row.line
        first = self._first_line_alone(_OPEN_QUOTE)
        self._line += 1
        return first

    def _new_reader(self, lines: Iterator[str]) -> Any:
        return csv.reader(lines, delimiter=self._delimiter, strict=True, skipinitialspace=True)

    def _feed(self) -> Iterator[str]:
        while True:
            if len(self._taken) >= _MOST_LINES:
                raise _OpenQuote
            line = self._again.popleft() if self._again else next(self._source, None)
            if line is None:
                if self._taken:  # the file ended within a quoted cell
                    raise _OpenQuote
                return
            self._taken.append(line)
            yield line

    def _recovered(self) -> Row:
        """csv gave up on the lines taken: they are one line with odd quotes, or a first line that swallowed others."""
        if len(self._taken) > 1:
            return self._first_line_alone(_OPEN_QUOTE)
        line = self._taken[0]
        cells = _leniently(line, self._delimiter)
        self._reader = self._new_reader(self._feed())
        if _ends_open(line, self._delimiter):
            return Row(self._line, cells, problem=_OPEN_QUOTE)
        longest = csv.field_size_limit()
        if not cells or any(len(cell) >= longest for cell in cells):
            return Row(self._line, [line[:200]], problem=_TOO_LONG)
        return Row(self._line, cells, problem=_UNDECODABLE if DAMAGED in line else None)

    def _first_line_alone(self, problem: Problem) -> Row:
        first, *others = self._taken
        self._again.extendleft(reversed(others))
        self._reader = self._new_reader(self._feed())
        return Row(self._line, _leniently(first, self._delimiter), problem=problem)


def _leniently(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return []


def _ends_open(line: str, delimiter: str) -> bool:
    """Whether a quoted cell of the line is still open at its end."""

    def feed() -> Iterator[str]:
        yield line
        raise _OpenQuote

    try:
        next(csv.reader(feed(), delimiter=delimiter, skipinitialspace=True), [])
    except _OpenQuote:
        return True
    except csv.Error:
        return False
    return False
