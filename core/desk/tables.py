"""Tables of the agent desk: agents, hand-offs, and what happened to each hand-off."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from core.kernel.database import JsonValue, UtcDateTime

__all__ = ["DeskAgent", "Handoff", "HandoffEvent"]

_OPEN = text("state IN ('waiting', 'claimed', 'connecting')")
_HELD = text("state IN ('claimed', 'connecting', 'connected')")


class DeskAgent(SQLModel, table=True):
    """A person who takes calls over. `address` is where calls are transferred to: a number, tel: or sip: address.

    `queues` and `languages` (BCP 47) limit what they take; an empty list means all. A removed agent stays, since hand-offs refer to them.
    """

    __tablename__ = "desk_agents"
    __table_args__ = (CheckConstraint("state IN ('available', 'busy', 'offline')", name="desk_agents_state"),)

    id: str = Field(primary_key=True)
    name: str
    address: str
    queues: list[str] = Field(sa_type=JsonValue, default_factory=list)
    languages: list[str] = Field(sa_type=JsonValue, default_factory=list)
    state: str = "offline"
    state_since: datetime = Field(sa_type=UtcDateTime)
    key_id: str = Field(foreign_key="api_keys.id", unique=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Handoff(SQLModel, table=True):
    """A call that waits for a person, or went to one. `core.desk.states` has its states and transitions."""

    __tablename__ = "handoffs"
    __table_args__ = (
        Index("handoffs_open", "created_at", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("handoffs_created", "created_at", "id"),
        Index("handoffs_one_per_agent", "agent_id", unique=True, sqlite_where=_HELD, postgresql_where=_HELD),
        Index("handoffs_one_per_call", "call_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        CheckConstraint("state NOT IN ('claimed', 'connecting', 'connected') OR agent_id IS NOT NULL", name="handoffs_held_has_agent"),
        CheckConstraint("state <> 'claimed' OR claim_until IS NOT NULL", name="handoffs_claim_ends"),
    )

    id: str = Field(primary_key=True)
    call_id: str = Field(foreign_key="calls.call_id", index=True)
    bot_id: str
    queue: str
    language: str
    target: str
    state: str
    caller: str
    reason: str
    summary: str
    transcript: list[dict[str, Any]] = Field(sa_type=JsonValue, default_factory=list)
    crm: dict[str, Any] = Field(sa_type=JsonValue, default_factory=dict)
    created_at: datetime = Field(sa_type=UtcDateTime)
    wait_until: datetime = Field(sa_type=UtcDateTime)
    """How long the caller waits unless an agent claims it by then."""
    claim_seconds: float
    """How long an agent may take from claim to connection."""
    agent_id: str | None = Field(default=None, foreign_key="desk_agents.id")
    claim_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    connected_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    end_reason: str | None = None
    """Why it ended without an agent, or the outcome that the agent gave."""
    notes: str = ""


class HandoffEvent(SQLModel, table=True):
    """A change of a hand-off's state, in order."""

    __tablename__ = "handoff_events"

    handoff_id: str = Field(primary_key=True, foreign_key="handoffs.id")
    seq: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str
    agent_id: str | None = None
    detail: str = ""
