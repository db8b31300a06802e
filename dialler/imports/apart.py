"""Imports while calls go on: a small file in a thread, a big one in a separate process, each with its own database connection.

A thread shares the interpreter with the event loop: a few thousand rows go unnoticed, a million would disturb every call.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.kernel.clock import Clock, RealClock, WallTime, utc_now
from core.kernel.database import Database
from core.kernel.ids import Ids
from dialler.imports.beside import BIG, in_process
from dialler.imports.options import ImportOptions
from dialler.imports.report import ImportReport
from dialler.imports.staging import import_file

__all__ = ["ImportTask", "import_apart"]


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
        dialler.imports.beside.ImportProcessDied: see there.
    """
    if task.path.stat().st_size < BIG:
        return await asyncio.to_thread(_import, task, clock, ids, wall)
    return await in_process(_import_from, task, clock.now(), ids.seed, name="lead import")


def _import_from(task: ImportTask, now: datetime, seed: int | None) -> ImportReport:
    return _import(task, RealClock(start=now), Ids(seed), utc_now)


def _import(task: ImportTask, clock: Clock, ids: Ids, wall: WallTime) -> ImportReport:
    database = Database(task.database_url)
    try:
        return import_file(database, clock, ids, task.campaign_id, task.path, source_name=task.source_name, options=task.options, wall=wall)
    finally:
        database.close()
