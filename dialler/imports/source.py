"""Where the rows of a lead file come from: a text file, or a sheet of a workbook. A row has the number of its line, or of the sheet."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from dialler.imports.dialect import find_dialect
from dialler.imports.encoding import FileFacts, inspect_file, physical_lines
from dialler.imports.errors import LeadFileError
from dialler.imports.options import ImportOptions
from dialler.imports.rows import Row, RowStream
from dialler.imports.workbook import Sheet, open_sheet, workbook_kind

__all__ = ["RowSource", "open_source"]

_SAMPLED_LINES = 500
_SAMPLED_CHARACTERS = 2_000_000
_BLOCK = 1 << 20


class RowSource(Protocol):
    """The rows of an open file; they can be read several times, one reading at a time."""

    facts: FileFacts
    separator: str
    """For people: the name of the delimiter, or the sheet."""
    notes: tuple[str, ...]

    def sample(self) -> list[Row]:
        """The first rows."""
        ...

    def __iter__(self) -> Iterator[Row]:
        """All rows."""
        ...

    def split(self, row: Row) -> list[Row]:
        """The lines of the row that was returned last, each as a row of its own."""
        ...

    def take_apart(self, row: Row) -> Row:
        """Undo the last row, which a stray quote has made of several: its first line alone, rejected; the others are read again."""
        ...

    def close(self) -> None:
        """Free what it holds, but not the file."""
        ...


def open_source(path: Path, handle: BinaryIO, options: ImportOptions) -> RowSource:
    """The rows of a file, whatever kind it is; its content tells, not its name.

    Raises:
        LeadFileError: it cannot be read.
    """
    if (kind := workbook_kind(handle)) is not None:
        return _SheetSource(open_sheet(path, handle, kind, options.sheet), handle)
    if options.sheet is not None:
        raise LeadFileError("The file is no workbook, and campaign.yaml names a `sheet`.", "Remove `sheet`, or use the workbook.")
    return _TextSource(handle, options)


class _TextSource:
    notes: tuple[str, ...] = ()

    def __init__(self, handle: BinaryIO, options: ImportOptions) -> None:
        self._handle = handle
        self.facts = inspect_file(handle, options.encoding, options.default_region)
        self._sample = _first_lines(physical_lines(handle, self.facts.encoding))
        self._dialect = find_dialect(self._sample, options.delimiter)
        self.separator = self._dialect.label
        self._stream: RowStream | None = None

    def sample(self) -> list[Row]:
        skip = self._dialect.skip
        rows = list(RowStream(self._sample[skip:], self._dialect.delimiter, skip + 1))
        if len(self._sample) >= _SAMPLED_LINES and len(rows) > 1:
            rows.pop()  # the row may go on beyond the sample
        return rows

    def __iter__(self) -> Iterator[Row]:
        with contextlib.closing(physical_lines(self._handle, self.facts.encoding)) as lines:
            skip = self._dialect.skip
            self._stream = RowStream(itertools.islice(lines, skip, None), self._dialect.delimiter, skip + 1)
            yield from self._stream

    def split(self, row: Row) -> list[Row]:
        return [] if self._stream is None else self._stream.split(row)

    def take_apart(self, row: Row) -> Row:
        return row if self._stream is None else self._stream.take_apart(row)

    def close(self) -> None:
        self._stream = None


class _SheetSource:
    def __init__(self, sheet: Sheet, handle: BinaryIO) -> None:
        self._sheet, self.notes = sheet, sheet.notes
        digest, size = hashlib.sha256(), 0
        handle.seek(0)
        while block := handle.read(_BLOCK):
            digest.update(block)
            size += len(block)
        self.facts = FileFacts(size, digest.hexdigest(), "", f".{sheet.kind}")
        self.separator = f"sheet {sheet.name!r}"

    def sample(self) -> list[Row]:
        return list(itertools.islice(self._sheet, _SAMPLED_LINES))

    def __iter__(self) -> Iterator[Row]:
        return iter(self._sheet)

    def split(self, row: Row) -> list[Row]:
        return [row]

    def take_apart(self, row: Row) -> Row:
        return row

    def close(self) -> None:
        self._sheet.close()


def _first_lines(lines: Generator[str, None, None]) -> list[str]:
    """The first lines, at most a few megabytes."""
    taken, size = [], 0
    with contextlib.closing(lines):
        for line in itertools.islice(lines, _SAMPLED_LINES):
            taken.append(line)
            size += len(line)
            if size > _SAMPLED_CHARACTERS:
                break
    return taken
