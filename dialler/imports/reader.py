"""A lead file as a stream of leads and rejected rows. No database; memory use does not grow with the file.

    bytes -> encoding -> physical lines -> dialect -> rows -> header -> cells -> LeadRow | Rejected

The file is read three times from one handle: the whole for its hash and encoding, the beginning for the delimiter and the header, and
row by row.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from core.kernel.numbers import check_region
from dialler.imports.errors import LeadFileError
from dialler.imports.header import find_layout
from dialler.imports.judge import Judge, shown
from dialler.imports.options import ImportOptions
from dialler.imports.report import ImportReport, LeadRow, Rejected, Tally
from dialler.imports.rows import Row
from dialler.imports.seen import SeenNumbers
from dialler.imports.source import RowSource, open_source
from dialler.imports.times import time_columns_of

__all__ = ["LeadFile", "check_file"]

_PROGRESS_EVERY = 1000


class LeadFile:
    """An open lead file; iterate over it once. Use it in a `with` block.

    Args:
        path: the file.
        options: how to read it.
        source_name: its name for people; the file's own name if None.

    Raises:
        LeadFileError: no row of the file can be used (see `dialler.imports.errors`).
        OSError: the file cannot be opened.
    """

    def __init__(self, path: Path, options: ImportOptions, source_name: str | None = None) -> None:
        self.source_name, self.options = source_name or path.name, options
        self._tally, self._seen, self._marked = Tally(), SeenNumbers(), SeenNumbers()
        if options.default_region is not None:
            try:
                check_region(options.default_region)
            except ValueError as error:
                raise LeadFileError(f"The default region is wrong: {error}", "Correct `default_region` in campaign.yaml.") from error
        self._handle = path.open("rb")
        self.source: RowSource | None = None
        try:
            self._stat = self._look()
            self._rows = self.source = open_source(path, self._handle, options)
            self.facts = self._rows.facts
            self.layout = find_layout(self._rows.sample(), options)
            self.time_columns = time_columns_of(self.layout.columns, options.times)
            self._judge = Judge(self.layout, options, self._rows.separator, self.time_columns)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> LeadFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self.source is not None:
            self.source.close()
        self._handle.close()
        self._seen.close()
        self._marked.close()

    def report(self) -> ImportReport:
        """What was detected, and the counts so far."""
        return self._tally.report(self.source_name, self.facts, self._rows.separator, self.layout, self.options, self._rows.notes)

    def __iter__(self) -> Iterator[LeadRow | Rejected]:
        if self.layout.consent.decides:
            self._look_for_marks()
        for found in self._rows:
            row = found
            if row.line <= self.layout.last_header_line:
                continue
            if row.is_blank:
                self._tally.blank += 1
                continue
            self._tally.rows += 1
            if row.lines > 1 and self._judge.swallowed_a_lead(row, self._rows.split(row)[1:]):
                row = self._rows.take_apart(row)  # a stray quote joined several leads into one row
            yield self._decide(row)
        if self._look() != self._stat:
            raise LeadFileError("The file was changed while it was read.", "Import it again when nobody writes to it.")

    def first(self, number: int) -> Iterator[tuple[tuple[str, ...], LeadRow | Rejected]]:
        """The first rows below the header: their cells as they stand, and what becomes of each. Not to be mixed with iterating."""
        below = (row for row in self._rows if row.line > self.layout.last_header_line and not row.is_blank)
        for row in itertools.islice(below, number):
            yield tuple(map(shown, row.cells)), self._decide(row)

    def _look_for_marks(self) -> None:
        """Note the numbers that any row says not to call, before any row is decided: a mark further down holds for the rows above it."""
        for row in self._rows:
            if row.line > self.layout.last_header_line:
                for phone in self._judge.marked(row):
                    self._marked.first_line(phone, row.line)

    def _look(self) -> tuple[int, int]:
        found = os.fstat(self._handle.fileno())
        return found.st_size, found.st_mtime_ns

    def _decide(self, row: Row) -> LeadRow | Rejected:
        """Decide and count one row. Its number is recorded as seen only if everything else is valid: the first valid row wins."""
        decided = self._judge.decide(row)
        if isinstance(decided, Rejected):
            self._tally.reject(decided)
            return decided
        lead, repairs = decided
        if self.layout.consent.columns and (marked := self._marked_elsewhere(row, lead)) is not None:
            self._tally.reject(marked)
            return marked
        if lead.numbers:
            new = tuple(number for number in lead.numbers if self._seen.line_of(number.phone) is None)
            repairs += ("known_number",) * (len(lead.numbers) - len(new) if new else 0)
            lead = lead.only(new) if new else lead
            for number in lead.numbers[1:]:
                self._seen.first_line(number.phone, lead.line)
        if earlier := self._seen.first_line(lead.phone, lead.line):
            duplicate = self._judge.duplicate(row, earlier)
            self._tally.reject(duplicate)
            return duplicate
        self._tally.accept(repairs)
        return lead

    def _marked_elsewhere(self, row: Row, lead: LeadRow) -> Rejected | None:
        for phone in [number.phone for number in lead.numbers] or [lead.phone]:
            if (line := self._marked.line_of(phone)) is not None:
                return self._judge.marked_elsewhere(row, phone, line)
        return None


def check_file(
    path: Path,
    options: ImportOptions,
    source_name: str | None = None,
    *,
    on_lead: Callable[[LeadRow], None] | None = None,
    on_rejected: Callable[[Rejected], None] | None = None,
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Read a lead file to its end without importing it.

    Args:
        path: the file.
        options: how to read it.
        source_name: its name for people; the file's own name if None.
        on_lead: called with every row that would be imported, in order.
        on_rejected: called with every row that would be rejected.
        progress: called now and then with the number of rows read so far.

    Raises:
        LeadFileError: no row of the file can be used.
        OSError: the file cannot be opened.
    """
    with LeadFile(path, options, source_name) as leads:
        for number, row in enumerate(leads, start=1):
            if isinstance(row, Rejected):
                if on_rejected is not None:
                    on_rejected(row)
            elif on_lead is not None:
                on_lead(row)
            if progress is not None and number % _PROGRESS_EVERY == 0:
                progress(number)
        report = leads.report()
    if progress is not None:
        progress(report.rows_read)
    return report
