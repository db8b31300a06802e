"""Tables of imports: a lead file that was read, and its rejected rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, text
from sqlmodel import Field, SQLModel

from core.kernel.database import JsonValue, UtcDateTime

__all__ = ["LeadImport", "RejectedRow"]

_STAGED = text("state = 'staged'")


class LeadImport(SQLModel, table=True):
    """One import of one lead file. `state`: `staged` (invisible) -> `active`, or `discarded`.

    A campaign has at most one staged import. The owner columns tell whether its process is alive; one on another machine is presumed dead
    when `alive_at` (wall time, renewed with every chunk) is long past.
    """

    __tablename__ = "lead_imports"
    __table_args__ = (Index("lead_imports_one_staged", "campaign_id", unique=True, sqlite_where=_STAGED, postgresql_where=_STAGED),)

    id: str = Field(primary_key=True)
    campaign_id: str = Field(foreign_key="campaigns.id", index=True)
    source_name: str
    sha256: str
    state: str = "staged"
    report: dict[str, Any] = Field(sa_type=JsonValue, default_factory=dict)
    """What was detected in the file, and the row counts (`dialler.imports.report.ImportReport`)."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    activated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    owner_host: str
    owner_pid: int
    owner_pid_started: float
    alive_at: datetime = Field(sa_type=UtcDateTime)


class RejectedRow(SQLModel, table=True):
    """A row that was not imported: line and column, value, reason, and what to do."""

    __tablename__ = "rejected_rows"

    id: int | None = Field(default=None, sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True))
    import_id: str = Field(foreign_key="lead_imports.id", index=True)
    line: int
    column: str
    value: str
    reason: str
    advice: str
    kind: str
    """phone, duplicate, cells, text or value (`dialler.imports.report.Rejected`)."""
