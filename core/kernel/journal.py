"""A journal: what happened, kept in memory for a moment, and written for many calls in one transaction.

Only for what may be late by `AFTER`, and lost with the process, because after a crash it can be asked for: whether a
dialout was answered, what came of a delivery. What comes first, an intent or a result, is never written here.

A journal is written by the clock, so that runs in virtual time repeat. If the database does not take it, everything stays in it, in
order, and is tried again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from core.kernel.clock import Clock
from core.kernel.database import Database
from core.kernel.failures import without_values

__all__ = ["AFTER", "Journal", "Writer"]

log = logging.getLogger(__name__)

AFTER: Final = 1.0
"""Clock seconds after which what happened is written at the latest."""
_LONGEST: Final = 10.0


Writer = Callable[[Connection, Sequence[Any]], Callable[[], None] | None]
"""Writes entries of one kind, in the order in which they were added. Returns what is to be done once they are committed, if anything is."""


class Journal:
    """The journal of one process.

    Args:
        db: where it is written.
        clock: when.
        after: clock seconds after which it is written.
    """

    def __init__(self, db: Database, clock: Clock, after: float = AFTER) -> None:
        self._db, self._clock, self._after = db, clock, after
        self._entries: dict[Writer, dict[str, Any]] = {}
        self._timer: asyncio.Task[None] | None = None
        self._failures = 0

    def add(self, writer: Writer, key: str, entry: Any) -> None:
        """Have an entry written; `key` tells it from the writer's others."""
        self._entries.setdefault(writer, {})[key] = entry
        if self._timer is None:
            self._timer = self._clock.spawn(self._write_later(), name="journal")

    def find(self, writer: Writer, key: str) -> Any | None:
        """An entry that is not written yet."""
        return self._entries.get(writer, {}).get(key)

    def drop(self, writer: Writer, key: str) -> None:
        """Forget an entry: what it says was written otherwise."""
        self._entries.get(writer, {}).pop(key, None)

    def flush(self) -> None:
        """Write everything now, in one transaction.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: nothing was written, and all of it is tried again.
        """
        if not any(self._entries.values()):
            return
        with self._db.write() as connection:
            committed = self.write_pending(connection)
        committed()

    def try_flush(self) -> None:
        """Write everything now, if the database answers."""
        try:
            self.flush()
        except SQLAlchemyError as error:
            what = "the database did not answer; what happened last on calls is not written yet: %s"
            log.log(self._db.health.level(logging.ERROR), what, without_values(error))

    def write_pending(self, connection: Connection) -> Callable[[], None]:
        """Write everything in the caller's transaction. Returns what is to be called once that is committed."""
        entries = {writer: dict(kept) for writer, kept in self._entries.items() if kept}
        written = [writer(connection, list(kept.values())) for writer, kept in entries.items()]

        def committed() -> None:
            self._failures = 0
            for writer, kept in entries.items():
                for key, entry in kept.items():
                    if self._entries[writer].get(key) is entry:
                        del self._entries[writer][key]
            for after in written:
                if after is not None:
                    after()

        return committed

    async def close(self) -> None:
        """Write everything, and stop."""
        timer, self._timer = self._timer, None
        if timer is not None:
            self._clock.cancel(timer)
            await self._clock.join(timer)
        self.try_flush()  # for what could not be written the next start asks

    async def _write_later(self) -> None:
        wait = self._after
        while True:
            await self._clock.sleep(wait)
            try:
                self.flush()
            except SQLAlchemyError as error:
                self._failures += 1
                if self._failures == 1:
                    what = "the database did not answer; what happened on calls is written later: %s"
                    log.log(self._db.health.level(logging.ERROR), what, without_values(error))
                wait = min(self._after * 2 ** min(self._failures, 10), _LONGEST)
                continue
            if not any(self._entries.values()):  # more may have been added after the commit
                self._timer = None
                return
            wait = self._after
