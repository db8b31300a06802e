"""Table of suppressions: numbers that must not be dialled, whoever asks, and on which lines."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from core.kernel.database import UtcDateTime

__all__ = ["Suppression"]


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
