"""Tables of calls: the call, its events (its history) and, once done, its result."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from core.kernel.database import JsonValue, UtcDateTime

__all__ = ["DIALLED", "DIALLED_INDEXES", "HOLDS_A_SEAT", "UNFINISHED", "Call", "CallEvent"]

_LIVE = text("state IN ('placing', 'ringing', 'talking')")
_DIALLED = text(f"{_LIVE.text} AND direction = 'outbound' AND transport NOT IN ('websocket', 'sandbox')")
_REHEARSED = text(f"{_LIVE.text} AND direction = 'outbound' AND transport = 'sandbox'")
_UNFINISHED = text("state IN ('placing', 'ringing', 'talking', 'ended', 'finishing')")
HOLDS_A_SEAT = text(f"calls.{_LIVE.text}")
UNFINISHED = text(f"calls.{_UNFINISHED.text}")
DIALLED = text(f"calls.{_LIVE.text} AND calls.direction = 'outbound' AND calls.transport <> 'websocket'")
"""The conditions of the partial indexes, word for word: with parameters in their place SQLite would read every call."""
DIALLED_INDEXES = ("calls_dialled_phone", "calls_rehearsed_phone")
"""The unique indexes that keep two dialouts from ringing one phone at once: on real lines, and on the sandbox (`core.calls.occupied`)."""
_KEYED = text("idempotency_key IS NOT NULL")


class Call(SQLModel, table=True):
    """One call. States and who may change them: `core.calls.states`."""

    __tablename__ = "calls"
    __table_args__ = (
        Index("calls_unfinished", "worker_id", "state", sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED),
        Index("calls_bot_live", "bot_id", sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index("calls_trunk_live", "trunk", sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index("calls_idempotency", "api_key_id", "idempotency_key", unique=True, sqlite_where=_KEYED, postgresql_where=_KEYED),
        Index("calls_phone_live", "phone", sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index(DIALLED_INDEXES[0], "phone", unique=True, sqlite_where=_DIALLED, postgresql_where=_DIALLED),
        Index(DIALLED_INDEXES[1], "phone", unique=True, sqlite_where=_REHEARSED, postgresql_where=_REHEARSED),
        Index("calls_created", "created_at", "call_id"),
        Index("calls_of_phone", "phone", "created_at"),
        CheckConstraint("state <> 'done' OR result IS NOT NULL", name="calls_done_has_result"),
        CheckConstraint("state NOT IN ('ended', 'finishing', 'done') OR ended_at IS NOT NULL", name="calls_ended_has_time"),
    )

    call_id: str = Field(primary_key=True)
    bot_id: str = Field(foreign_key="bots.id")
    bot_version: int
    direction: str = "outbound"
    to_number: str
    from_number: str | None = None
    phone: str | None = None
    """The customer's number without an extension; None if it is not known. One phone has one call (`core.calls.occupied`)."""
    trunk: str | None = None
    transport: str
    state: str
    worker_id: str = Field(foreign_key="workers.id")
    api_key_id: str | None = Field(default=None, foreign_key="api_keys.id")
    idempotency_key: str | None = None
    request_hash: str | None = None
    variables: dict[str, Any] = Field(sa_type=JsonValue, default_factory=dict)
    purpose: str | None = None
    """What the call is for (`core.kernel.purposes`): by its dialout, else by its bot; None if neither says."""
    evidence: dict[str, Any] | None = Field(default=None, sa_type=JsonValue)
    """What the rules decided when it was dialled (`core.calls.evidence`); None for inbound calls."""
    prefetch: dict[str, Any] | None = Field(default=None, sa_type=JsonValue)
    """What came of the bot's CRM pre-fetch, values included (`core.prefetch.fetch`); None if the bot has none."""
    connected_event: dict[str, Any] | None = Field(default=None, sa_type=JsonValue)
    """What the `connected` message of a WebSocket call said; None for other calls."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    ringing_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    talked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When it ended, if a person talked in it; None until then, and for calls without a conversation."""
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    cancel_requested: bool = False
    withdrawn_for: str | None = None
    """The call for which it is to end: its callee called us before answering."""
    ending: dict[str, Any] | None = Field(default=None, sa_type=JsonValue)
    """What is known when the call has ended: enough to make its result after a crash."""
    result: dict[str, Any] | None = Field(default=None, sa_type=JsonValue)


class CallEvent(SQLModel, table=True):
    """Something that happened in a call, in order. Every state change is one of them."""

    __tablename__ = "call_events"

    call_id: str = Field(primary_key=True, foreign_key="calls.call_id")
    seq: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str
    data: dict[str, Any] = Field(sa_type=JsonValue, default_factory=dict)
