"""Tables of trunks and of the numbers (caller IDs) that belong to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from core.kernel.database import JsonValue, UtcDateTime

__all__ = ["CallerId", "Trunk"]

_DEFAULT = text("is_default")


class Trunk(SQLModel, table=True):
    """A way out: a line with a number of channels and a rate of new calls a second (CPS). One of them is the default."""

    __tablename__ = "trunks"
    __table_args__ = (Index("trunks_one_default", "is_default", unique=True, sqlite_where=_DEFAULT, postgresql_where=_DEFAULT),)

    name: str = Field(primary_key=True)
    transport: str
    channels: int
    calls_per_second: float
    default_number: str | None = None
    is_default: bool = False
    settings: dict[str, Any] = Field(sa_type=JsonValue, default_factory=dict)
    next_call_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """No call leaves earlier than this, from whatever process (`core.trunks.pacing`)."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    health: dict[str, Any] | None = Field(default=None, sa_type=JsonValue)
    """What its circuit breaker remembers (`core.trunks.breaker`); None: nothing."""
    registration: dict[str, Any] | None = Field(default=None, sa_type=JsonValue)
    """How its registration stands (`core.transports.sip.standing`); None: there was none yet."""


class CallerId(SQLModel, table=True):
    """A number of ours (DID) on a trunk; an inbound call to it reaches its bot."""

    __tablename__ = "caller_ids"

    number: str = Field(primary_key=True)
    trunk: str = Field(foreign_key="trunks.name", index=True)
    bot_id: str | None = Field(default=None, foreign_key="bots.id")
    label: str = ""
