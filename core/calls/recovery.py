"""What becomes of the calls of a process that died: nothing is lost, and nothing is dialled again from here.

A call that was `placing` may have left or not: nobody can know, so it ends as "may have been dialled". One that was
ringing or talking was cut off by our fault. One that had ended is finished from its record.
"""

from __future__ import annotations

import dataclasses
import logging

from sqlalchemy import func, select, update

from core.calls.finish import finish_call
from core.calls.outcome import Ending
from core.calls.states import LIVE
from core.calls.store import EventLog, move
from core.calls.tables import Call, CallEvent
from core.engine import Engine
from core.fleet.store import dead_workers, retire

__all__ = ["ending_after_crash", "recover"]

log = logging.getLogger(__name__)
_calls = Call.__table__  # type: ignore[attr-defined]
_events = CallEvent.__table__  # type: ignore[attr-defined]


def ending_after_crash(state: str) -> Ending:
    """How a call ends whose process died while it was in `state`. Pure."""
    if state == "placing":
        return Ending("error", "may_have_been_dialled", True, "unknown", may_have_been_dialled=True)
    return Ending("error", "worker_died", True, "unknown", sip_status=200 if state == "talking" else None)


async def recover(engine: Engine) -> int:
    """Take over every call of dead workers; returns how many. Safe to run at any time, from several processes at once."""
    now = engine.clock.now()
    adopted = _unfinished(engine)
    with engine.db.write() as connection:
        dead = [w for w in dead_workers(connection, engine.wall(), but=engine.worker_id) if retire(connection, w)]
        if dead:
            rows = connection.execute(
                select(_calls.c.call_id, _calls.c.state, func.coalesce(func.max(_events.c.seq), 0).label("seq"))
                .join(_events, _events.c.call_id == _calls.c.call_id, isouter=True)
                .where(_calls.c.worker_id.in_(dead), _calls.c.state != "done")
                .group_by(_calls.c.call_id, _calls.c.state)
                .order_by(_calls.c.call_id)
            ).all()
            connection.execute(
                update(_calls).where(_calls.c.worker_id.in_(dead), _calls.c.state != "done").values(worker_id=engine.worker_id)
            )
            for row in rows:
                events = EventLog(row.call_id, row.seq + 1)
                if row.state in LIVE:
                    ending = ending_after_crash(row.state)
                    events.add(now, "ended", {"disconnected_by": ending.disconnected_by, "end_reason": ending.end_reason})
                    record = dataclasses.asdict(ending)
                    move(connection, row.call_id, row.state, "ended", engine.worker_id, events, ended_at=now, ending=record)
                adopted.append((row.call_id, events))
    for call_id, events in adopted:
        await finish_call(engine, call_id, events)
    if adopted:
        log.warning("took over %d calls of %d workers that died", len(adopted), len(dead))
    return len(adopted)


def _unfinished(engine: Engine) -> list[tuple[str, EventLog]]:
    """Calls of this process that ended, but whose finishing failed: nobody works on them, so they are finished again."""
    with engine.db.read() as connection:
        rows = connection.execute(
            select(_calls.c.call_id, func.max(_events.c.seq).label("seq"))
            .join(_events, _events.c.call_id == _calls.c.call_id)
            .where(_calls.c.worker_id == engine.worker_id, _calls.c.state.in_(("ended", "finishing")))
            .group_by(_calls.c.call_id)
            .order_by(_calls.c.call_id)
        ).all()
    return [(row.call_id, EventLog(row.call_id, row.seq + 1)) for row in rows if row.call_id not in engine.runs]
