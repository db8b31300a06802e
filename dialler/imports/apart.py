"""Imports while calls go on: a small file in a thread, a big one in a separate process, each with its own database connection.

A thread shares the interpreter with the event loop: a few thousand rows go unnoticed, a million would disturb every call.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from core.kernel.clock import Clock, RealClock, WallTime, utc_now
from core.kernel.database import Database
from core.kernel.ids import Ids
from dialler.imports.options import ImportOptions
from dialler.imports.report import ImportReport
from dialler.imports.staging import import_file

__all__ = ["BIG", "ImportProcessDied", "ImportTask", "import_apart"]

BIG: Final = 1_000_000
"""File size in bytes from which a process pays off: starting it takes about a second."""

_spawn = multiprocessing.get_context("spawn")


class ImportProcessDied(Exception):
    """The import process ended before it was done. Nothing was imported; import again."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"The process of the import ended before it was done (exit code {code}). Nothing was imported: try again.")


@dataclass(frozen=True)
class ImportTask:
    """What to import, as values that can be passed to another process. See `import_file`."""

    database_url: str
    campaign_id: str
    path: Path
    source_name: str
    options: ImportOptions


async def import_apart(task: ImportTask, clock: Clock, ids: Ids, wall: WallTime = utc_now) -> ImportReport:
    """Import a lead file while the event loop goes on. When cancelled, ends the process; the campaign's next import cleans up.

    Raises:
        LeadFileError, ImportInProgress, OSError: as `import_file`.
        ImportProcessDied: see there.
    """
    if task.path.stat().st_size < BIG:
        return await asyncio.to_thread(_import, task, clock, ids, wall)
    ours, theirs = _spawn.Pipe(duplex=False)
    process = _spawn.Process(target=_in_process, args=(theirs, task, clock.now(), ids.seed), name="lead import", daemon=True)
    try:
        process.start()
        theirs.close()  # so that its end is seen here
        answer = await asyncio.to_thread(_answer, ours)
        await asyncio.to_thread(process.join)
        code = process.exitcode
    finally:
        if process.is_alive():
            process.kill()
            process.join()
        ours.close()
        process.close()
    if isinstance(answer, ImportReport):
        return answer
    raise answer if answer is not None else ImportProcessDied(code)


def _answer(connection: Connection) -> ImportReport | Exception | None:
    """The message from the process; None if it ends without one."""
    try:
        answer: ImportReport | Exception = connection.recv()
    except (EOFError, OSError):
        return None
    return answer


def _in_process(connection: Connection, task: ImportTask, now: datetime, seed: int | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal reaches this process too: the parent decides what to do
    try:
        connection.send(_import(task, RealClock(start=now), Ids(seed), utc_now))
    except Exception as error:
        connection.send(error)


def _import(task: ImportTask, clock: Clock, ids: Ids, wall: WallTime) -> ImportReport:
    database = Database(task.database_url)
    try:
        return import_file(database, clock, ids, task.campaign_id, task.path, source_name=task.source_name, options=task.options, wall=wall)
    finally:
        database.close()
