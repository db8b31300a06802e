"""Table of suppressions: numbers that must not be dialled, whoever asks, and on which lines."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, text
from sqlmodel import Field, SQLModel

from core.kernel.database import UtcDateTime

__all__ = ["Suppression", "SuppressionEntry", "SuppressionList"]

_ACTIVE = text("active")


class Suppression(SQLModel, table=True):
    """A number (E.164) that the core refuses to dial on some lines.

    `lines`: `real`, or `all` (`core.kernel.lines`), of which each holds everywhere; `sandbox` is what a simulated callee said, and
    holds on the sandbox alone. A number may have one entry of each.
    """

    __tablename__ = "suppressions"
    __table_args__ = (
        Index("suppressions_created", "created_at", "number"),
        CheckConstraint("lines IN ('sandbox', 'real', 'all')", name="suppressions_lines"),
    )

    number: str = Field(primary_key=True)
    lines: str = Field(primary_key=True)
    reason: str
    source: str
    """`callee` (said so in a call), `operator`, `import` or `api`."""
    call_id: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)


class SuppressionList(SQLModel, table=True):
    """A named list of numbers that must not be dialled. One that is not `active` is being filled, or emptied, and holds nothing."""

    __tablename__ = "suppression_lists"
    __table_args__ = (Index("suppression_lists_name", "name", unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE),)

    id: int | None = Field(default=None, primary_key=True)
    name: str
    active: bool
    source: str
    """Where it comes from, for people."""
    listed_on: str | None = None
    """The date of the list itself (ISO 8601)."""
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """It holds nothing from then on."""
    entries: int
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class SuppressionEntry(SQLModel, table=True):
    """A number (E.164) on a list, or a prefix with `*`."""

    __tablename__ = "suppression_entries"
    __table_args__ = (Index("suppression_entries_list", "list_id", "number"), {"sqlite_with_rowid": False})

    number: str = Field(primary_key=True)
    list_id: int = Field(sa_column=Column(Integer, ForeignKey("suppression_lists.id"), primary_key=True))
