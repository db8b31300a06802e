"""What would come of importing a file, before anything is kept: what was found, the first rows, the counts, the first rejected rows.

A big file is read in a process of its own, so that calls go on.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dialler.imports.beside import BIG, in_process
from dialler.imports.options import ImportOptions
from dialler.imports.reader import LeadFile
from dialler.imports.report import ImportReport, LeadRow, Rejected

__all__ = ["Preview", "preview", "preview_apart"]

_FIRST: Final = 20
_REJECTED: Final = 50
_LONGEST_SECONDS: Final = 300.0


@dataclass(frozen=True)
class Preview:
    """What was found. `report` counts the whole file; `rows` are the first ones that can be imported."""

    report: ImportReport
    rows: tuple[LeadRow, ...]
    rejected: tuple[Rejected, ...]
    """The first rejected rows; `report.rejected` is how many there are."""


def preview(path: Path, options: ImportOptions, source_name: str) -> Preview:
    """Read a file to its end.

    Raises:
        LeadFileError: no row of the file can be used.
        OSError: the file cannot be opened.
    """
    rows: list[LeadRow] = []
    rejected: list[Rejected] = []
    with LeadFile(path, options, source_name) as leads:
        for row in leads:
            if isinstance(row, Rejected):
                if len(rejected) < _REJECTED:
                    rejected.append(row)
            elif len(rows) < _FIRST:
                rows.append(row)
        return Preview(leads.report(), tuple(rows), tuple(rejected))


async def preview_apart(path: Path, options: ImportOptions, source_name: str) -> Preview:
    """The same while the event loop goes on: a small file in a thread, a big one in a process with a time limit.

    Raises:
        LeadFileError, OSError: as `preview`.
        ImportProcessDied: the process ended before it was done, or took longer than five minutes.
    """
    if (await asyncio.to_thread(path.stat)).st_size < BIG:
        return await asyncio.to_thread(preview, path, options, source_name)
    return await in_process(preview, path, options, source_name, name="lead file preview", seconds=_LONGEST_SECONDS)
