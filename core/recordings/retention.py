"""Deletes recording files past their bot's retention. The sandbox's recordings are not stored."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from sqlalchemy import Row

from core.kernel.clock import Clock
from core.kernel.database import Database
from core.recordings.recordings import Recordings
from core.recordings.store import due_deletions, mark_deleted
from core.storage.base import StorageError

__all__ = ["delete_due"]

log = logging.getLogger(__name__)
_BATCH = 100


async def delete_due(recordings: Recordings, db: Database, clock: Clock) -> int:
    """Delete every expired recording; returns how many. One that cannot be deleted is tried again next time."""
    deleted, failed, after = 0, 0, ""
    while True:
        with db.read() as connection:
            rows = due_deletions(connection, recordings.host, clock.now(), after, _BATCH)
        if not rows:
            break
        after = rows[-1].call_id
        for row in rows:
            try:
                await _remove(recordings, row)
            except (StorageError, OSError) as error:
                failed += 1
                log.warning("the recording of call %s is past its retention and could not be deleted: %s", row.call_id, error)
                continue
            with db.write() as connection:
                deleted += mark_deleted(connection, row.call_id, clock.now())
    if deleted or failed:
        log.info("deleted %d recordings past their retention; %d could not be deleted", deleted, failed)
    return deleted


async def _remove(recordings: Recordings, row: Row[Any]) -> None:
    """Delete the object first: if that fails, the row still says that there is something to delete."""
    await recordings.store.delete(row.key)
    with contextlib.suppress(FileNotFoundError):
        await asyncio.to_thread(recordings.file_of(row.call_id).unlink)
