"""Table of suppressions: numbers that must not be dialled, whoever asks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from core.kernel.database import UtcDateTime

__all__ = ["Suppression"]


class Suppression(SQLModel, table=True):
    """A number (E.164) that the core refuses to dial."""

    __tablename__ = "suppressions"
    __table_args__ = (Index("suppressions_created", "created_at", "number"),)

    number: str = Field(primary_key=True)
    reason: str
    source: str
    """`callee` (said so in a call), `operator`, `import` or `api`."""
    call_id: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
