"""Tables of deliveries: what is to be pushed to whom (the outbox), and each attempt at it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, Integer, text
from sqlmodel import Field, SQLModel

from core.kernel.database import JsonValue, UtcDateTime

__all__ = ["REMEMBERED", "ClosedEndpoint", "Delivery", "DeliveryAttempt"]

_PENDING = text("state = 'pending'")
_REMEMBERED = text("state = 'delivered' AND body <> '{}'")
REMEMBERED = text("deliveries.state = 'delivered' AND deliveries.body <> '{}'")
"""The condition of the index that retention goes by, word for word: delivered, and its body not emptied yet."""


class Delivery(SQLModel, table=True):
    """One push, written in the transaction of the result that it carries.

    `kind` is `crm_push` or `results_webhook`. `state`: `pending` -> `delivered`, or `dead` when it was given up
    (too old, refused for good); a dead one can be made pending again (replayed). `skipped`: the bot does not push this
    outcome; it is written all the same, so that nobody takes it for lost. Secrets stand in `headers` and
    `signing_secret` by reference only (`secret:NAME`), never by value.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("deliveries_due", "destination", "next_attempt_at", "id", sqlite_where=_PENDING, postgresql_where=_PENDING),
        Index("deliveries_remembered", "delivered_at", sqlite_where=_REMEMBERED, postgresql_where=_REMEMBERED),
        Index("deliveries_call", "call_id"),
        Index("deliveries_created", "created_at", "id"),
        CheckConstraint("state IN ('pending', 'delivered', 'dead', 'skipped')", name="deliveries_state"),
        CheckConstraint("(state = 'delivered') = (delivered_at IS NOT NULL)", name="deliveries_delivered_has_time"),
        CheckConstraint("state = 'pending' OR lease_token IS NULL", name="deliveries_only_pending_leased"),
    )

    id: str = Field(primary_key=True)
    call_id: str = Field(foreign_key="calls.call_id")
    bot_id: str
    kind: str
    method: str = "POST"
    url: str
    destination: str
    """`host:port` of the URL, or the alias that it is: deliveries to one destination wait for each other, never for others."""
    headers: dict[str, Any] = Field(sa_type=JsonValue, default_factory=dict)
    signing_secret: str | None = None
    body: dict[str, Any] = Field(sa_type=JsonValue)
    state: str = "pending"
    attempts: int = 0
    """Attempts since it was made or replayed; all that ever were stand in `delivery_attempts`."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    """Given up when it has not gone through until then."""
    next_attempt_at: datetime = Field(sa_type=UtcDateTime)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_status: int | None = None
    last_error: str | None = None
    lease_token: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Wall time until which a sender holds it."""


class DeliveryAttempt(SQLModel, table=True):
    """One try at a delivery: what the other side answered, how fast, and the first bytes of its body."""

    __tablename__ = "delivery_attempts"

    id: int | None = Field(default=None, sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True))
    delivery_id: str = Field(foreign_key="deliveries.id", index=True)
    at: datetime = Field(sa_type=UtcDateTime)
    status: int | None = None
    latency_ms: float
    error: str | None = None
    response: str | None = None


class ClosedEndpoint(SQLModel, table=True):
    """A URL that answered 410: nothing more is sent there until somebody replays a delivery to it."""

    __tablename__ = "closed_endpoints"

    url: str = Field(primary_key=True)
    closed_at: datetime = Field(sa_type=UtcDateTime)
    delivery_id: str = Field(foreign_key="deliveries.id")
    """The delivery that was answered so."""
