"""What becomes of the calls of a process that died: nothing is lost, and nothing is dialled again from here.

A call that was `placing` may have left or not: nobody can know, so it ends as "may have been dialled"; unless its CRM was
still being asked, which is recorded before it leaves. One that was ringing or talking was cut off by our fault; what its
callee had asked for until then counts (`core.calls.wishes`), and what agents were shown of its words is its transcript.
One that had ended is finished from its record. A call that rang or talked is ended on the wire, too, where that can be done
(`core.calls.leftovers`), and its record ends with the last sign of life of its process, not with the takeover.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, update

from core.calls.engine import Engine
from core.calls.finish import finish_call
from core.calls.leftovers import Leftover, end_on_the_wire, kept_in
from core.calls.outcome import Ending
from core.calls.states import LIVE
from core.calls.store import EventLog, events_of, move
from core.calls.tables import UNFINISHED, Call, CallEvent
from core.calls.taking_in import take_in
from core.calls.wishes import wishes_in
from core.contracts.transport import WEBSOCKET
from core.desk.moves import abandon_open, shown_transcript
from core.fleet.store import LEASE, dead_workers, mark_retired, remove_seats
from core.fleet.tables import Worker
from core.kernel.clock import RealClock
from core.kernel.failures import without_values
from core.kernel.lines import SANDBOX
from core.kernel.processes import ProcessIdentity
from core.kernel.statements import table_of
from core.prefetch.fetch import ASKED

__all__ = ["ending_after_crash", "last_sign_of_life", "recover"]

log = logging.getLogger(__name__)
_calls = table_of(Call)
_events = table_of(CallEvent)
_workers = table_of(Worker)
_READ = ("call_id", "state", "worker_id", "direction", "transport", "prefetch")


def ending_after_crash(state: str, prefetch: Mapping[str, Any] | None = None, direction: str = "outbound", transport: str = "") -> Ending:
    """How a call ends whose process died while it was in `state`, with that record of its pre-fetch. Pure."""
    if state == "placing" and (direction == "inbound" or transport == WEBSOCKET):  # we dialled nobody
        return Ending("error", "worker_died", False, "unknown")
    if state == "placing" and prefetch is not None and prefetch["outcome"] == ASKED["outcome"]:
        return Ending("error", "worker_died", False, "trunk")
    if state == "placing":
        return Ending("error", "may_have_been_dialled", True, "unknown", may_have_been_dialled=True)
    return Ending("error", "worker_died", True, "unknown", sip_status=200 if state == "talking" else None)


async def recover(engine: Engine) -> int:
    """Take over every call that no process works on; returns how many. Safe at any time, from several processes at once.

    What a dead process kept in a file is taken in before its calls are.
    """
    if engine.unwritten is not None:
        await take_in(engine, engine.unwritten)
    with engine.db.write() as connection:
        back_for = engine.db.health.back_for
        dead = dead_workers(
            connection, engine.wall(), but=engine.worker_id, proven=back_for is not None and back_for < LEASE.total_seconds()
        )
        for worker in dead:
            mark_retired(connection, worker)
        leftovers: list[Leftover] = []
        adopted = [_take_over(engine, connection, row, leftovers) for row in _orphans(engine, connection)]
        for worker in dead:  # last, after their calls: see the order of locks in `core.fleet`
            remove_seats(connection, worker)
    for leftover in leftovers:  # before anything that takes time: somebody holds a dead line
        await end_on_the_wire(engine, leftover)
    for events in adopted:
        try:
            await finish_call(engine, events.call_id, events)
        except Exception as error:  # one call must not keep the others, or the start: it is tried again at the next look
            log.error("call %s could not be finished: %s", events.call_id, without_values(error))
    if adopted:
        log.warning("took over %d calls that no process worked on", len(adopted))
    return len(adopted)


def _orphans(engine: Engine, connection: Connection) -> list[Row[Any]]:
    """Unfinished calls of workers that are retired, and those of this process that it lost because it could not record their end."""
    ours_or_nobodys = or_(_workers.c.retired.is_(True), _calls.c.worker_id == engine.worker_id)
    last_event = select(func.coalesce(func.max(_events.c.seq), 0)).where(_events.c.call_id == _calls.c.call_id).scalar_subquery()
    last_at = select(func.max(_events.c.at)).where(_events.c.call_id == _calls.c.call_id).scalar_subquery()
    # a clock of our own knows nothing of when a real call ended: the next process in real time takes it over
    where = [] if isinstance(engine.clock, RealClock) else [_calls.c.transport == SANDBOX]
    rows: Iterable[Row[Any]] = connection.execute(
        select(
            _calls.c.call_id,
            _calls.c.state,
            _calls.c.worker_id,
            _calls.c.direction,
            _calls.c.transport,
            _calls.c.prefetch,
            _calls.c.trunk,
            _calls.c.created_at,
            _workers.c.seen_at,
            _workers.c.host,
            _workers.c.pid,
            _workers.c.pid_started,
            last_event.label("seq"),
            last_at.label("last_at"),
        )
        .join(_workers, _workers.c.id == _calls.c.worker_id)
        .where(UNFINISHED, ours_or_nobodys, *where)
    )  # in order here: asked for an order, SQLite would walk every call
    return sorted((row for row in rows if row.call_id not in engine.runs), key=lambda row: str(row.call_id))


def last_sign_of_life(now: datetime, seen_at: datetime, events: Iterable[datetime]) -> datetime:
    """When the process of a call was last heard of: by its lease, which is in wall time, or by the call's own events. Pure.

    Args:
        now: the moment of the takeover, which it is never later than.
        seen_at: when its worker last renewed its lease.
        events: the moments of the call's events.
    """
    return min(now, max([seen_at, *events]))


def _take_over(engine: Engine, connection: Connection, orphan: Row[Any], leftovers: list[Leftover]) -> EventLog:
    """Make the call ours and end it if it had not ended. If another process was faster, the writes that follow change nothing."""
    # not before its last event, if the dead process had a clock ahead of ours
    now, events = max(filter(None, (engine.clock.now(), orphan.created_at, orphan.last_at))), EventLog(orphan.call_id, orphan.seq + 1)
    if not orphan.seq:  # its process ended before it wrote the first event
        events.add(orphan.created_at, "placing", {"trunk": orphan.trunk, "worker": orphan.worker_id})
    connection.execute(
        update(_calls)
        .where(_calls.c.call_id == orphan.call_id, _calls.c.state == orphan.state, _calls.c.worker_id == orphan.worker_id)
        .values(worker_id=engine.worker_id)
    )
    if orphan.state in LIVE:
        ending = ending_after_crash(orphan.state, orphan.prefetch, orphan.direction, orphan.transport)
        happened = events_of(connection, orphan.call_id)
        wishes = wishes_in((event.kind, event.data) for event in happened)
        died_at = last_sign_of_life(now, orphan.seen_at, (orphan.created_at, *(event.at for event in happened)))
        events.add(now, "ended", {"disconnected_by": ending.disconnected_by, "end_reason": ending.end_reason})
        transcript = shown_transcript(connection, orphan.call_id)
        spoke = bool(wishes) or any(line["speaker"] == "customer" for line in transcript)
        record = {**dataclasses.asdict(ending), **dataclasses.asdict(wishes), "transcript": transcript, "customer_spoke": spoke}
        if move(connection, orphan.call_id, orphan.state, "ended", engine.worker_id, events, ended_at=died_at, ending=record):
            abandon_open(connection, orphan.call_id, now, ending.end_reason)
            kept = kept_in((event.kind, event.data) for event in happened)
            if kept is not None and orphan.trunk is not None and orphan.worker_id != engine.worker_id:
                process = ProcessIdentity(orphan.host, orphan.pid, orphan.pid_started)
                leftovers.append(Leftover(orphan.transport, orphan.trunk, kept, process, events))
    return events
