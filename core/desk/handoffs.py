"""What an agent does with a hand-off: claim, connect, return, complete."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from core.desk.agents import Agent, serves
from core.desk.errors import DeskConflict, NotAtDesk
from core.desk.moves import move, release
from core.desk.states import WrongState, next_state
from core.desk.tables import DeskAgent, Handoff
from core.kernel.statements import table_of

__all__ = ["claim", "complete", "connect", "find_handoff", "give_back"]

_agents = table_of(DeskAgent)
_handoffs = table_of(Handoff)


def find_handoff(connection: Connection, handoff_id: str, agent: Agent | None = None) -> Row[Any]:
    """Read a hand-off; for an agent, one that waits in their queues, or is or was theirs.

    Raises:
        NotAtDesk: there is none, or not for this agent: the two cannot be told apart.
    """
    row = connection.execute(select(_handoffs).where(_handoffs.c.id == handoff_id)).one_or_none()
    if row is None or (agent is not None and row.agent_id != agent.id and not serves(agent, row.queue, row.language)):
        raise NotAtDesk("There is no such hand-off.")
    return row


def claim(connection: Connection, handoff_id: str, agent: Agent, now: datetime) -> Row[Any]:
    """Claim a waiting hand-off; the agent becomes busy. If two agents claim it at once, one gets it.

    Claiming one's own hand-off again changes nothing.

    Raises:
        NotAtDesk: there is none for this agent.
        DeskConflict: another agent has it, the caller is gone, or the agent is not available.
    """
    row = find_handoff(connection, handoff_id, agent)
    if row.state == "claimed" and row.agent_id == agent.id:
        return row
    _require(row, "claim")
    taken = connection.execute(
        update(_agents).where(_agents.c.id == agent.id, _agents.c.state == "available").values(state="busy", state_since=now)
    )
    if taken.rowcount != 1:
        raise DeskConflict(f"You are {agent.state}: be available to claim a hand-off.")
    return move(connection, row, "claim", now, agent_id=agent.id, claim_until=now + timedelta(seconds=row.claim_seconds))


def connect(connection: Connection, handoff_id: str, agent: Agent, now: datetime) -> Row[Any]:
    """Ask for the call to be connected to the agent's address. Records an intent; the process that has the call carries it out.

    Asking again changes nothing.

    Raises:
        NotAtDesk: there is none for this agent.
        DeskConflict: it is not this agent's, or not claimed.
    """
    row = _theirs(connection, handoff_id, agent)
    if row.state in {"connecting", "connected"}:
        return row
    _require(row, "connect")
    return move(connection, row, "connect", now)


def give_back(connection: Connection, handoff_id: str, agent: Agent, now: datetime, reason: str = "") -> Row[Any]:
    """Return a claimed hand-off to the queue, where it keeps its place; the agent is free.

    Raises:
        NotAtDesk: there is none for this agent.
        DeskConflict: it is not this agent's, or the call is already connected.
    """
    row = _theirs(connection, handoff_id, agent)
    _require(row, "return")
    returned = move(connection, row, "return", now, detail=reason, agent_id=None, claim_until=None)
    release(connection, agent.id, now)
    return returned


def complete(connection: Connection, handoff_id: str, agent: Agent, now: datetime, outcome: str, notes: str) -> Row[Any]:
    """Complete a hand-off after the talk: the outcome in a word, and notes. The agent is free.

    Raises:
        NotAtDesk: there is none for this agent.
        DeskConflict: the call never was with this agent.
    """
    row = _theirs(connection, handoff_id, agent)
    if row.state == "completed":
        return row
    _require(row, "complete")
    completed = move(connection, row, "complete", now, detail=outcome, ended_at=now, end_reason=outcome, notes=notes)
    release(connection, agent.id, now)
    return completed


def _theirs(connection: Connection, handoff_id: str, agent: Agent) -> Row[Any]:
    row = find_handoff(connection, handoff_id, agent)
    if row.agent_id != agent.id:
        raise DeskConflict("This hand-off is not yours: claim it first.")
    return row


_NOT_NOW = {
    "claimed": "another agent has claimed it",
    "connecting": "it is being put through to its agent",
    "connected": "the call is with its agent, and no longer ours",
    "completed": "it was completed",
    "unserved": "nobody came in time, and the caller was told so",
    "abandoned": "the call is over",
    "waiting": "nobody has claimed it",
}


def _require(row: Row[Any], event: str) -> None:
    """Check that the event is allowed now.

    Raises:
        DeskConflict: it is not.
    """
    try:
        next_state(row.state, event)
    except WrongState:
        raise DeskConflict(f"This cannot be done now: {_NOT_NOW[row.state]}.") from None
