"""Table of the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer
from sqlmodel import Field, SQLModel

from core.kernel.database import JsonValue, UtcDateTime

__all__ = ["AuditEntry"]


class AuditEntry(SQLModel, table=True):
    """Something that somebody did, saw or failed to do. `hash` covers the row and the hash of the one before."""

    __tablename__ = "console_audit"
    __table_args__ = (
        Index("console_audit_object", "object_kind", "object_id", "seq"),
        Index("console_audit_actor", "actor_id", "seq"),
        Index("console_audit_campaign", "campaign_id", "seq"),
    )

    seq: int = Field(sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False))
    at: datetime = Field(sa_type=UtcDateTime)
    actor_id: str | None = None
    """Null: nobody was signed in, or the product itself did it."""
    actor: str
    """The login, as it was then."""
    role: str | None = None
    """The role that was acted in."""
    action: str
    object_kind: str
    object_id: str | None = None
    campaign_id: str | None = None
    before: dict[str, Any] | None = Field(default=None, sa_type=JsonValue)
    after: dict[str, Any] | None = Field(default=None, sa_type=JsonValue)
    reason: str | None = None
    address: str | None = None
    result: str = "done"
    """`done`, `denied` or `failed`."""
    previous: str
    hash: str
