"""Takes in what processes kept in files while the database was away (`core.calls.unwritten`).

A call that is still as its process left it goes on from what the file says. One that another process has taken over meanwhile keeps
that end; but whoever asked not to be called again is not.
"""

from __future__ import annotations

import logging
from pathlib import Path

from sqlalchemy import Connection, select, update

from core.calls.engine import Engine
from core.calls.event_log import EventLog, Unwritten
from core.calls.finish import finish_call
from core.calls.states import LIVE
from core.calls.store import events_of, read_call
from core.calls.tables import Call, CallEvent
from core.calls.unwritten import KeptCall, UnwrittenFile, files_in
from core.calls.wishes import suppress
from core.fleet.store import free_seat
from core.kernel.database_errors import DATABASE_FAILURES
from core.kernel.failures import without_values
from core.kernel.processes import is_dead, this_process
from core.kernel.statements import table_of

__all__ = ["take_in"]

log = logging.getLogger(__name__)
_calls, _events = table_of(Call), table_of(CallEvent)


async def take_in(engine: Engine, folder: Path) -> int:
    """Write what the files of dead processes on this machine say, and what this one had no room for. Returns how many calls they had."""
    taken = 0
    for file in files_in(folder):
        owner = file.owner()
        ours = engine.calls.overflow is not None and file.path == engine.calls.overflow.path
        if owner is None or not (ours or is_dead(owner)) or (owner == this_process() and not ours):
            continue
        try:
            kept = file.calls()
            for call in kept:
                await _take_in(engine, call)
        except DATABASE_FAILURES as error:
            log.warning("%s is taken in later: %s", file.path, without_values(error))
            continue
        _done(file, len(kept))
        taken += len(kept)
    return taken


def _done(file: UnwrittenFile, calls: int) -> None:
    file.remove()
    log.warning("took in what was kept of %d calls while the database was away: %s", calls, file.path.name)


async def _take_in(engine: Engine, call: KeptCall) -> None:
    with engine.db.write() as connection:
        ended = _write(engine, connection, call)
        for opt_out in call.opt_outs:
            suppress(connection, opt_out.number, opt_out.lines, opt_out.call_id, opt_out.at)
        last = max((event.seq for event in events_of(connection, call.call_id)), default=0) if ended else 0
    if ended:
        await finish_call(engine, call.call_id, EventLog(call.call_id, last + 1))


def _write(engine: Engine, connection: Connection, call: KeptCall) -> bool:
    """Write what is known of a call. Returns whether it has ended by that, and is ours to finish."""
    row, what = read_call(connection, call.call_id), call.what
    if row is None or row.worker_id != call.worker_id or row.state != what.from_state:
        log.warning("call %s is not as its process left it; its record stays as it is", call.call_id)
        return False
    ended = what.values.get("state", row.state) not in LIVE
    values = {**what.values, **({"worker_id": engine.worker_id} if ended else {})}
    if values:
        fence = (_calls.c.call_id == call.call_id, _calls.c.state == row.state, _calls.c.worker_id == call.worker_id)
        if connection.execute(update(_calls).where(*fence).values(values)).rowcount != 1:
            return False
    if ended and row.state in LIVE:
        free_seat(connection, call.call_id)
    _write_events(connection, call.call_id, what)
    return ended


def _write_events(connection: Connection, call_id: str, what: Unwritten) -> None:
    known = set(connection.execute(select(_events.c.seq).where(_events.c.call_id == call_id)).scalars())
    events = EventLog(call_id)
    new = [event for event in what.events if event["seq"] not in known]
    events.write(connection, Unwritten(what.from_state, {}, new), what.from_state or "")
