"""What would come of importing a file, before anything is kept: what was found, the first rows, the counts, the first rejected rows.

A big file is read in a process of its own, so that calls go on.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from dialler.imports.apart import BIG, ImportProcessDied
from dialler.imports.options import ImportOptions
from dialler.imports.reader import LeadFile
from dialler.imports.report import ImportReport, LeadRow, Rejected

__all__ = ["Preview", "preview", "preview_apart"]

_FIRST: Final = 20
_REJECTED: Final = 50
_LONGEST_SECONDS: Final = 300.0

_spawn = multiprocessing.get_context("spawn")


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
    ours, theirs = _spawn.Pipe(duplex=False)
    process = _spawn.Process(target=_in_process, args=(theirs, path, options, source_name), name="lead file preview", daemon=True)
    try:
        process.start()
        theirs.close()  # so that its end is seen here
        answer = await asyncio.to_thread(_answer, ours)
        await asyncio.to_thread(process.join, 5)
        code = process.exitcode
    finally:
        if process.is_alive():
            process.kill()
            process.join()
        ours.close()
        process.close()
    if isinstance(answer, Preview):
        return answer
    raise answer if answer is not None else ImportProcessDied(code)


def _answer(connection: Connection) -> Preview | Exception | None:
    try:
        if not connection.poll(_LONGEST_SECONDS):
            return None
        answer: Preview | Exception = connection.recv()
    except (EOFError, OSError):
        return None
    return answer


def _in_process(connection: Connection, path: Path, options: ImportOptions, source_name: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal reaches this process too: the parent decides what to do
    try:
        connection.send(preview(path, options, source_name))
    except Exception as error:
        connection.send(error)
