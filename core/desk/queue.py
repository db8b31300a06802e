"""Reading hand-offs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select

from core.desk.agents import Agent, serves
from core.desk.states import HELD
from core.desk.tables import Handoff, HandoffEvent
from core.kernel.statements import table_of

__all__ = ["events_of", "list_handoffs", "open_for"]

_handoffs = table_of(Handoff)
_events = table_of(HandoffEvent)


def list_handoffs(
    connection: Connection,
    *,
    states: Sequence[str] = (),
    queue: str | None = None,
    call_id: str | None = None,
    agent_id: str | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> Sequence[Row[Any]]:
    """Hand-offs, newest first, from the cursor `before` (created_at, id of the last one seen)."""
    query = select(_handoffs).order_by(_handoffs.c.created_at.desc(), _handoffs.c.id.desc()).limit(limit)
    if states:
        query = query.where(_handoffs.c.state.in_(states))
    for column, value in ((_handoffs.c.queue, queue), (_handoffs.c.call_id, call_id), (_handoffs.c.agent_id, agent_id)):
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        at, handoff_id = before
        query = query.where(or_(_handoffs.c.created_at < at, and_(_handoffs.c.created_at == at, _handoffs.c.id < handoff_id)))
    return connection.execute(query).all()


def open_for(connection: Connection, agent: Agent | None) -> list[Row[Any]]:
    """What waits now, longest wait first, and what the agent has; for None what waits or belongs to any agent."""
    rows = connection.execute(
        select(_handoffs).where(_handoffs.c.state.in_(("waiting", *HELD))).order_by(_handoffs.c.created_at, _handoffs.c.id)
    ).all()
    if agent is None:
        return list(rows)
    return [row for row in rows if row.agent_id == agent.id or (row.state == "waiting" and serves(agent, row.queue, row.language))]


def events_of(connection: Connection, handoff_id: str) -> Sequence[Row[Any]]:
    """What happened to a hand-off, in order."""
    return connection.execute(select(_events).where(_events.c.handoff_id == handoff_id).order_by(_events.c.seq)).all()
