"""Every change of a hand-off's state, fenced by the state and the agent it was read with, and recorded."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from core.desk.errors import DeskConflict
from core.desk.states import OPEN, next_state
from core.desk.tables import DeskAgent, Handoff, HandoffEvent
from core.kernel.statements import table_of

__all__ = ["abandon_open", "add_event", "move", "release", "shown_transcript"]

_agents = table_of(DeskAgent)
_handoffs = table_of(Handoff)
_events = table_of(HandoffEvent)


def move(connection: Connection, row: Row[Any], event: str, now: datetime, *, detail: str = "", **values: Any) -> Row[Any]:
    """Apply `event` to a hand-off as it was read. Returns the updated row.

    Raises:
        WrongState: the event is not allowed in the state it was read in.
        DeskConflict: it has changed since; nothing was written.
    """
    state = next_state(row.state, event)
    changed = connection.execute(
        update(_handoffs)
        .where(_handoffs.c.id == row.id, _handoffs.c.state == row.state, _handoffs.c.agent_id.is_not_distinct_from(row.agent_id))
        .values(state=state, **values)
        .returning(*_handoffs.c)
    ).one_or_none()
    if changed is None:
        raise DeskConflict("Somebody else was faster: look at the hand-off again.")
    add_event(connection, row.id, event, now, changed.agent_id or row.agent_id, detail)
    return changed


def add_event(connection: Connection, handoff_id: str, kind: str, now: datetime, agent_id: str | None, detail: str = "") -> None:
    """Record what happened to a hand-off."""
    last = connection.execute(select(func.coalesce(func.max(_events.c.seq), 0)).where(_events.c.handoff_id == handoff_id)).scalar_one()
    connection.execute(
        insert(_events).values(handoff_id=handoff_id, seq=last + 1, at=now, kind=kind, agent_id=agent_id, detail=detail[:500])
    )


def release(connection: Connection, agent_id: str | None, now: datetime) -> None:
    """Set the agent free; one who went offline meanwhile stays offline."""
    if agent_id is not None:
        connection.execute(
            update(_agents).where(_agents.c.id == agent_id, _agents.c.state == "busy").values(state="available", state_since=now)
        )


def shown_transcript(connection: Connection, call_id: str) -> list[dict[str, Any]]:
    """The last lines of a call's transcript that agents were shown (`speaker`, `text`, `timestamp` of each); empty if it was never handed
    over.
    """
    newest = select(_handoffs.c.transcript).where(_handoffs.c.call_id == call_id).order_by(_handoffs.c.created_at.desc()).limit(1)
    return list(connection.execute(newest).scalar_one_or_none() or [])


def abandon_open(connection: Connection, call_id: str, now: datetime, reason: str) -> None:
    """The call of a hand-off is over before an agent had it: free the agent who had claimed it."""
    rows = connection.execute(select(_handoffs).where(_handoffs.c.call_id == call_id, _handoffs.c.state.in_(OPEN))).all()
    for row in rows:
        move(connection, row, "call_over", now, detail=reason, ended_at=now, end_reason=reason, claim_until=None)
        release(connection, row.agent_id, now)
