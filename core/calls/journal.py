"""What happened on the calls of this process and is not in the database yet: kept in order, and written when the database can.

Between the intent to place a call and its end, a conversation needs no database. What happens on it goes into its event log, and the log
into this journal, which writes all that waits in one transaction: changes of state a little later, what callees ask for and the ends of
calls at once. While the database is away everything is kept, and written when it is back.

In virtual time writing is part of the step that caused it, so a seeded run repeats byte for byte. In real time it is done in another
thread, and no call waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Connection

from core.calls.event_log import EventLog, Unwritten
from core.calls.store import write_changes
from core.calls.unwritten import KeptCall, OptOut, UnwrittenFile
from core.calls.wishes import suppress
from core.kernel.clock import Clock, Signal
from core.kernel.database import Database
from core.kernel.database_errors import DATABASE_FAILURES
from core.kernel.failures import without_values
from core.kernel.journal import Journal
from core.kernel.statements import AnyRow

__all__ = ["MOST", "CallJournal", "LeftInFile"]

T = TypeVar("T")
log = logging.getLogger(__name__)

AFTER: Final = 1.0
"""Clock seconds until a change of state is written. A process that is killed has lost those of this long, and no wish and no end."""
MOST: Final = 1000
"""How many ends of calls are kept in memory while the database is away; more go into a file at once."""
_RETRY: Final = 0.5
"""Real seconds between two tries while the database does not answer."""
_PATIENCE: Final = 2.0
"""Real seconds that one try may take in its thread."""


class LeftInFile(Exception):
    """The end of a call is in the file, and is taken in when the database is back."""


@dataclass
class _Waiting:
    """What is to be written of one call, apart from its log."""

    log: EventLog
    opt_outs: list[OptOut] = field(default_factory=list)
    """They count even if another process has taken the call over."""


@dataclass
class _End(Generic[T]):
    """The end of a call, which somebody waits for."""

    log: EventLog
    values: dict[str, Any]
    write: Callable[[Connection], T]
    done: Signal
    value: T | None = None
    error: Exception | None = None


class CallJournal:
    """The journal of the calls of one process.

    Args:
        db: the database.
        clock: the process's clock.
        worker_id: whose calls they are.

    Attributes:
        threaded: write in another thread; else in the event loop's, at once.
        most: how many ends of calls are kept in memory while the database is away.
        file: where what waits is kept as well meanwhile.
        overflow: where ends go for which there is no room in memory.
    """

    def __init__(self, db: Database, clock: Clock, worker_id: str) -> None:
        self._db, self._clock, self._worker_id = db, clock, worker_id
        self.threaded, self.most = False, MOST
        self.file: UnwrittenFile | None = None
        self.overflow: UnwrittenFile | None = None
        self._saved = False
        self._writing = threading.Lock()
        self.beside: Journal | None = None
        """What else is written in the same transaction."""
        self._waiting: dict[str, _Waiting] = {}
        self._ends: list[_End[Any]] = []
        self._lost: dict[str, Callable[[], None]] = {}
        self._hurry = clock.signal()
        self._task: asyncio.Task[None] | None = None

    def follow(self, events: EventLog, lost: Callable[[], None]) -> None:
        """Call `lost` once if another process turns out to have taken the call over; until `forget`."""
        self._lost[events.call_id] = lost

    def forget(self, events: EventLog) -> None:
        """The call is over, and what it left is written or nobody's."""
        self._lost.pop(events.call_id, None)

    def as_known(self, row: AnyRow) -> AnyRow:
        """The row of a call, with what this process knows of it and has not written yet."""
        waiting = self._waiting.get(row.call_id)
        return row if waiting is None else SimpleNamespace(**{**row._asdict(), **waiting.log.unwritten().values})

    def hurry(self) -> None:
        """Write now what waits: the database is back."""
        self._hurry.set()

    def catch_up(self) -> None:
        """Have what is known now written before somebody reads it; as far as that can be done at once."""
        if self._waiting:
            self._at_once()

    def note(self, events: EventLog) -> None:
        """Write what the log has within a second."""
        self._waiting.setdefault(events.call_id, _Waiting(events))
        self._start()
        self._keep_in_file(events)

    def keep(self, events: EventLog, opt_out: OptOut | None = None) -> None:
        """Write what the log has at once, and the opt-out in the same transaction, whoever has the call by then."""
        waiting = self._waiting.setdefault(events.call_id, _Waiting(events))
        if opt_out is not None:
            waiting.opt_outs.append(opt_out)
        self._at_once()
        self._keep_in_file(events)

    async def finish(self, events: EventLog, values: dict[str, Any], write: Callable[[Connection], T]) -> T:
        """Write the end of a call by `write`, after everything else of it; returns what it returned, once that is committed.

        Args:
            events: the call's log.
            values: the end in the call's row, for the file.
            write: called in a transaction, maybe in another thread, and again if the transaction failed.

        Raises:
            TakenOver: another process has the call.
            LeftInFile: too many ends wait in memory; this one is taken in from the file.
            Exception: whatever else `write` raised, unless it was the database that did not answer.
        """
        end: _End[T] = _End(events, values, write, self._clock.signal())
        if self._db.health.away and self.overflow is not None and len(self._ends) >= self.most:
            self.overflow.add([self._kept(events, values)])
            self._waiting.pop(events.call_id, None)
            raise LeftInFile(events.call_id)
        self._ends.append(end)
        self._at_once()
        self._keep_in_file(events, values)
        if not end.done.is_set():
            await end.done.wait()
        if end.error is not None:
            raise end.error
        return end.value  # type: ignore[return-value]

    async def close(self) -> None:
        """Write everything, and stop; what cannot be written is kept in the file."""
        if self._task is not None:
            self._clock.cancel(self._task)
            await self._clock.join(self._task)
        if not self._waiting and not self._ends:
            return
        try:
            self._settle(self._write())
        except DATABASE_FAILURES:
            self._save()

    def _save(self) -> None:
        if self.file is None:
            return
        ends = {end.log.call_id: end for end in self._ends}
        logs = [one.log for call_id, one in self._waiting.items() if call_id not in ends]
        kept = [self._kept(log, {}) for log in logs] + [self._kept(end.log, end.values) for end in ends.values()]
        if kept:
            self.file.add(kept)
            log.warning("what happened on %d calls is kept in %s, and taken in at the next start", len(kept), self.file.path)

    def _keep_in_file(self, events: EventLog, values: dict[str, Any] | None = None) -> None:
        """While the database is away, keep a call in the file as well: this process may die before it is back."""
        if self._db.health.away and self.file is not None:
            if not self._saved:  # what waited when the outage began
                self._saved = True
                self.file.add(self._kept(one.log, {}) for one in self._waiting.values())
            self.file.add([self._kept(events, values or {})])

    def _kept(self, events: EventLog, values: dict[str, Any]) -> KeptCall:
        waiting, what = self._waiting.get(events.call_id), events.unwritten()
        opt_outs = tuple(waiting.opt_outs) if waiting is not None else ()
        return KeptCall(events.call_id, self._worker_id, Unwritten(what.from_state, {**what.values, **values}, what.events), opt_outs)

    def _at_once(self) -> None:
        if self.threaded:
            self._hurry.set()
        else:
            try:
                self._settle(self._write())
            except DATABASE_FAILURES as error:
                log.debug("what happened on calls is kept: the database does not answer: %s", without_values(error))
        self._start()

    def _start(self) -> None:
        if (self._task is None or self._task.done()) and (self._waiting or self._ends):
            self._task = self._clock.spawn(self._until_written(), name="call journal")

    async def _until_written(self) -> None:
        while self._waiting or self._ends:
            if not self._ends:
                await self._hurry.wait(AFTER)
            self._hurry.clear()
            try:
                written = await asyncio.to_thread(self._write) if self.threaded else self._write()
            except DATABASE_FAILURES as error:
                log.debug("what happened on calls is kept: the database does not answer: %s", without_values(error))
                await self._wait_for_database()
            else:
                self._settle(written)

    async def _wait_for_database(self) -> None:
        with self._clock.outside():  # virtual time stands still meanwhile
            await asyncio.sleep(_RETRY)
            await self._db.health.until_back()

    def _write(self) -> _Written:
        with self._writing:
            return self._write_all()

    def _write_all(self) -> _Written:
        """Write everything that waits in one transaction. If one call's part of it fails, each call is written in one of its own."""
        waiting, ends = list(self._waiting.values()), list(self._ends)
        counts = [len(one.opt_outs) for one in waiting]
        taken: set[str] = set()
        try:
            with self._db.write(patience=_PATIENCE) as connection:
                beside = self.beside if not ends and not self.threaded else None
                committed = beside.write_pending(connection) if beside is not None else None
                for one, count in zip(waiting, counts, strict=True):
                    self._write_one(connection, one, count, taken)
                values = [end.write(connection) for end in ends]
            if committed is not None:
                committed()
        except DATABASE_FAILURES:
            raise
        except Exception:  # one of them: the others are not to suffer for it
            return self._write_each(waiting, counts, ends)
        return _Written([*zip(waiting, counts, strict=True)], [(end, value, None) for end, value in zip(ends, values, strict=True)], taken)

    def _write_one(self, connection: Connection, one: _Waiting, count: int, taken: set[str]) -> None:
        if not write_changes(connection, self._worker_id, one.log):
            taken.add(one.log.call_id)
        for opt_out in one.opt_outs[:count]:
            suppress(connection, opt_out.number, opt_out.lines, opt_out.call_id, opt_out.at)

    def _write_each(self, waiting: list[_Waiting], counts: list[int], ends: list[_End[Any]]) -> _Written:
        """Write each call in a transaction of its own, until the database fails."""
        written = _Written([], [], set())
        try:
            for one, count in zip(waiting, counts, strict=True):
                try:
                    with self._db.write(patience=_PATIENCE) as connection:
                        self._write_one(connection, one, count, written.taken)
                except DATABASE_FAILURES:
                    raise
                except Exception as error:
                    log.error("what happened on call %s could not be written: %s", one.log.call_id, without_values(error))
                written.waiting.append((one, count))
            for end in ends:
                value, failure = None, None
                try:
                    with self._db.write(patience=_PATIENCE) as connection:
                        value = end.write(connection)
                except DATABASE_FAILURES:
                    raise
                except Exception as error:
                    failure = error
                written.ends.append((end, value, failure))
        except DATABASE_FAILURES:
            if not written.waiting and not written.ends:
                raise
        return written

    def _settle(self, written: _Written) -> None:
        """Forget what is written, and tell who waits for it."""
        for one, count in written.waiting:
            del one.opt_outs[:count]
            if not one.opt_outs:
                self._waiting.pop(one.log.call_id, None)
        for end, value, error in written.ends:
            self._ends.remove(end)
            self._waiting.pop(end.log.call_id, None)
            end.value, end.error = value, error
            end.done.set()
        if self._saved and self.file is not None and not self._waiting and not self._ends:
            self.file.remove()
            self._saved = False
        for call_id in written.taken:
            if (lost := self._lost.pop(call_id, None)) is not None:
                lost()


@dataclass
class _Written:
    waiting: list[tuple[_Waiting, int]]
    ends: list[tuple[_End[Any], Any, Exception | None]]
    taken: set[str]
