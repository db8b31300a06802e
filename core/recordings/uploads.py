"""Uploads recordings from the spool folder of this machine to the storage, in the background.

It wakes when a result with a file to upload was committed, when a retry falls due, and on a slow timer for files left by a dead process of
this machine. A failed try is repeated with growing delays until the recording's retention ends. An upload may happen twice (the process
died before it was recorded): it is the same file under the same key.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import OperationalError

from core.kernel.backoff import RetryPolicy, gap
from core.kernel.clock import Clock
from core.kernel.database import Database
from core.kernel.failures import without_values
from core.kernel.ids import Ids
from core.recordings.recordings import Recordings
from core.recordings.store import claim_upload, due_uploads, mark_failed, mark_lost, mark_stored, next_upload, read_recording
from core.storage.base import StorageError

__all__ = ["Uploader"]

log = logging.getLogger(__name__)

_POLICY = RetryPolicy(first=timedelta(seconds=10), growth=3.0, longest=timedelta(hours=1))


class Uploader:
    """Uploads the recordings of one machine; several of its processes may run one each.

    Args:
        recordings: the spool folder and the storage.
        db: the database.
        clock: decides when tries are due.
        ids: random streams for the delays.
        at_once: how many are uploaded at once.
        claim: clock time after which another process may take over an upload.
        poll: clock seconds between checks for files left by dead processes.
    """

    def __init__(
        self,
        recordings: Recordings,
        db: Database,
        *,
        clock: Clock,
        ids: Ids,
        at_once: int = 4,
        claim: timedelta = timedelta(minutes=10),
        poll: float = 60.0,
    ) -> None:
        self._recordings, self._db, self._clock, self._ids = recordings, db, clock, ids
        self._at_once, self._claim, self._poll = at_once, claim, poll
        self._changed, self._tried = clock.signal(), clock.signal()
        recordings.wake_uploads = self._changed.set
        recordings.finish_uploads = self.finish
        self._finishing = False

    async def run(self) -> None:
        """Upload what is due, until cancelled. Start it with `clock.spawn`."""
        while True:
            self._changed.clear()
            last, wait = self._finishing, self._poll
            try:
                await self.upload_due()
                with self._db.read() as connection:
                    soonest = next_upload(connection, self._recordings.host)
            except OperationalError as error:
                log.error("the database did not answer; uploads of recordings wait for it: %s", without_values(error))
            else:
                if soonest is not None:
                    wait = min(wait, max((soonest - self._clock.now()).total_seconds(), 0.0))
            if last:
                self._tried.set()
            await self._changed.wait(wait)

    async def finish(self) -> None:
        """Wait until everything due now was tried, before the process ends. Requires `run` to be running; failed uploads are left to a
        later process.
        """
        self._finishing = True
        self._changed.set()
        await self._tried.wait()

    async def upload_due(self) -> int:
        """Try every due upload once. Returns how many were stored."""
        stored = 0
        while rows := self._take():
            tasks = [self._clock.spawn(self._upload(row), name=f"upload of recording {row.call_id}") for row in rows]
            try:
                await self._clock.join(*tasks)
            except asyncio.CancelledError:
                for task in tasks:
                    self._clock.cancel(task)
                await self._clock.join(*tasks)
                raise
            stored += sum(not task.cancelled() and task.exception() is None and task.result() for task in tasks)
        return stored

    def _take(self) -> list[Row[Any]]:
        now = self._clock.now()
        with self._db.write() as connection:
            rows = due_uploads(connection, self._recordings.host, now, self._at_once)
            return [row for row in rows if claim_upload(connection, row, now + self._claim)]

    async def _upload(self, row: Row[Any]) -> bool:
        """Try one upload. Returns whether the recording is now stored."""
        file = self._recordings.file_of(row.call_id)
        if not await asyncio.to_thread(file.is_file):
            with self._db.write() as connection:
                mark_lost(connection, row.call_id)
            log.error("the recording of call %s vanished before it was uploaded", row.call_id)
            return False
        try:
            size = await self._recordings.store.put_file(row.key, file, media_type="audio/wav")
        except (StorageError, OSError) as error:
            self._failed(row, error)
            return False
        with self._db.write() as connection:
            stored = mark_stored(connection, row.call_id, size, self._clock.now())
        if not stored:  # its retention ended meanwhile, or another process was faster
            await self._discard_if_deleted(row)
        with contextlib.suppress(FileNotFoundError):
            file.unlink()  # not in a thread: nothing may come in between, or nobody would look for the file again
        return stored

    def _failed(self, row: Row[Any], error: Exception) -> None:
        tries = row.tries + 1
        spread = self._ids.stream("upload gap", row.call_id, tries).random()
        again: datetime = self._clock.now() + gap(_POLICY, tries, spread)
        with self._db.write() as connection:
            mark_failed(connection, row.call_id, tries, str(error), again)
        log.warning("the recording of call %s could not be stored (try %d): %s; again at %s", row.call_id, tries, error, again)

    async def _discard_if_deleted(self, row: Row[Any]) -> None:
        with self._db.read() as connection:
            now_row = read_recording(connection, row.call_id)
        if now_row is not None and now_row.state == "deleted":
            await self._recordings.store.delete(row.key)
