"""A do-not-call file, row by row. Memory does not grow with the file."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from dialler.imports.dialect import Dialect, find_dialect
from dialler.imports.encoding import CUT, DAMAGED, inspect_file, physical_lines
from dialler.imports.errors import LeadFileError
from dialler.imports.rows import Row, RowStream
from web.number_list.cells import numbers_in_row
from web.number_list.layout import Layout, LayoutUnknown, find_layout

__all__ = ["BadRow", "ListOptions", "ListSummary", "UnusableList", "read_list"]

_SAMPLED_LINES = 500
_SHOWN = 80
_TOTAL_WORDS = (
    "grand total|totals?|count|sum|rows|records|entries|numbers|end of file|end of list|eof|"
    "summe|gesamt|anzahl|nombre|totale|número|итого|всего"
)
_COUNT = r"\d[\d.,' ]*"
_TOTAL = re.compile(
    rf"\W*(?:(?:{_TOTAL_WORDS})\b[^\d]*(?P<after>{_COUNT})?|(?P<before>{_COUNT})\s*(?:rows?|records?|entries|numbers)\b.*)\W*",
    re.IGNORECASE,
)
_WORDS = (  # what the reader of lead files advises, in the words of this command
    (re.compile(r"`default_region` in campaign\.yaml"), "--region"),
    (re.compile(r"`encoding` in campaign\.yaml"), "--encoding"),
    (re.compile(r"\b[Tt]he leads are kept"), "the list is kept"),
    (re.compile(r"\bthe leads were kept"), "the list was kept"),
    (re.compile(r"\bthe leads\b"), "the list"),
    (re.compile(r"set it there, as in `encoding: (\S+)`"), r"name it, as in --encoding \1"),
    (re.compile(r"\brow of leads\b"), "row"),
    (re.compile(r"\bof leads\b"), "of numbers"),
)


class UnusableList(Exception):
    """No row of the file can be used. The lines say why, and what to do."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True)
class ListOptions:
    """How to read the file: what the user said of it. `column` is a header or a number from 1, `A+B` a number in parts."""

    region: str | None = None
    column: str | None = None
    encoding: str | None = None
    delimiter: str | None = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row in which a number cannot be read: its line in the file, what stands there, why, and what to do."""

    line: int
    value: str
    reason: str
    advice: str


@dataclass(frozen=True)
class ListSummary:
    """What was read: data rows, the columns of the number, and what the user should know of the reading."""

    rows: int
    columns: str
    notes: tuple[str, ...]


def read_list(path: Path, options: ListOptions, on_number: Callable[[str], None], on_bad: Callable[[BadRow], None]) -> ListSummary:
    """Read a do-not-call file to its end.

    Args:
        path: the file.
        options: how to read it.
        on_number: called with every number (E.164, without extension), in order; repeated ones too.
        on_bad: called with every row of which a number cannot be read. Other numbers of that row are taken all the same.

    Raises:
        UnusableList: no row of the file can be used.
        OSError: the file cannot be read.
    """
    try:
        with path.open("rb") as handle:
            return _read(handle, options, on_number, on_bad)
    except LeadFileError as error:
        raise UnusableList(*(_in_our_words(line) for line in (error.reason, error.advice, *error.looked_at))) from error
    except LayoutUnknown as error:
        raise UnusableList(*error.lines) from error


def _read(handle: BinaryIO, options: ListOptions, on_number: Callable[[str], None], on_bad: Callable[[BadRow], None]) -> ListSummary:
    facts = inspect_file(handle, options.encoding, options.region)
    with contextlib.closing(physical_lines(handle, facts.encoding)) as lines:
        sample = list(itertools.islice(lines, _SAMPLED_LINES))
    dialect = find_dialect(sample, options.delimiter)
    top = [row for row in RowStream(sample[dialect.skip :], dialect.delimiter, dialect.skip + 1) if not row.is_blank]
    if not top:
        raise UnusableList("The file holds no rows, only blank lines.", "If the list is not empty, export it again.")
    layout = find_layout(top, options.column, options.region)
    notes = [_in_our_words(facts.warning)] if facts.warning else []
    if layout.skipped:
        notes.append(f"Not read, as headings: {'; '.join(layout.skipped)}.")
    count = 0
    for row, last in _with_last(_rows(handle, facts.encoding, dialect, layout, options.region)):
        if row.line <= layout.data_after:
            continue
        if last and (total := _total(row)) is not None:
            if total in {"", str(count)}:
                notes.append(f"Line {row.line} is not a number but the end of the list: {_shown(row, dialect)}.")
                continue
            said = f"The last line says that there are {total}, and {count} rows were read above it."
            on_bad(BadRow(row.line, _shown(row, dialect), said, "The file may be cut short: export it again, or remove this line."))
            continue
        count += 1
        _take(row, layout, dialect, options.region, on_number, on_bad)
    return ListSummary(count, layout.describe(), tuple(notes))


def _take(
    row: Row,
    layout: Layout,
    dialect: Dialect,
    region: str | None,
    on_number: Callable[[str], None],
    on_bad: Callable[[BadRow], None],
) -> None:
    numbers, problem = numbers_in_row(row.cells, layout.shapes, layout.width, region)
    if row.problem is not None and not (numbers and _only_letters_are_broken(row)):
        numbers, problem = [], row.problem
    for number in numbers:
        on_number(number)
    if problem is not None:
        on_bad(BadRow(row.line, _shown(row, dialect), _in_our_words(problem.reason), _in_our_words(problem.advice)))


def _rows(handle: BinaryIO, encoding: str, dialect: Dialect, layout: Layout, region: str | None) -> Iterator[Row]:
    with contextlib.closing(physical_lines(handle, encoding)) as lines:
        stream = RowStream(itertools.islice(lines, dialect.skip, None), dialect.delimiter, dialect.skip + 1)
        for found in stream:
            row = found
            others = stream.split(row)[1:] if row.lines > 1 and row.line > layout.data_after else []
            if any(numbers_in_row(other.cells, layout.shapes, layout.width, region)[0] for other in others):
                row = stream.take_apart(row)  # a stray quote joined whole rows to one
            if not row.is_blank:
                yield row


def _with_last(rows: Iterator[Row]) -> Iterator[tuple[Row, bool]]:
    """Each row, and whether it is the last one."""
    held = next(rows, None)
    for row in rows:
        if held is not None:
            yield held, False
        held = row
    if held is not None:
        yield held, True


def _total(row: Row) -> str | None:
    """What a closing line counts (`Total: 1,204`), "" if it counts nothing; None if the row is no such line."""
    match = _TOTAL.fullmatch(" ".join(cell.strip() for cell in row.cells if cell.strip()))
    return None if match is None else re.sub(r"\D", "", match["after"] or match["before"] or "")


def _only_letters_are_broken(row: Row) -> bool:
    """Whether what is wrong with the row is an undecodable name or the like, beside a number that can be read."""
    text = "".join(row.cells)
    return DAMAGED in text and CUT not in text


def _shown(row: Row, dialect: Dialect) -> str:
    return dialect.delimiter.join(row.cells)[:_SHOWN].replace(DAMAGED, "\ufffd").replace(CUT, "")


def _in_our_words(text: str) -> str:
    for pattern, words in _WORDS:
        text = pattern.sub(words, text)
    return text
