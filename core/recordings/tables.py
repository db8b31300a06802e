"""Table of recordings that are files. The sandbox's are synthesized on demand and have no row."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from core.kernel.database import UtcDateTime

__all__ = ["Recording"]

_WAITING = text("state = 'waiting'")
_KEPT = text("delete_at IS NOT NULL AND state <> 'deleted'")


class Recording(SQLModel, table=True):
    """The recording of one real call.

    `waiting` (a file on the machine `host`, to be uploaded) -> `stored` (in the storage), or `lost` (the file vanished
    before it was uploaded); any of them -> `deleted`.
    """

    __tablename__ = "recordings"
    __table_args__ = (
        Index("recordings_waiting", "host", "try_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index("recordings_kept", "delete_at", "call_id", sqlite_where=_KEPT, postgresql_where=_KEPT),
        CheckConstraint("state IN ('waiting', 'stored', 'lost', 'deleted')", name="recordings_state"),
        CheckConstraint("state <> 'stored' OR stored_at IS NOT NULL", name="recordings_stored_has_time"),
    )

    call_id: str = Field(primary_key=True, foreign_key="calls.call_id")
    key: str
    state: str = "waiting"
    host: str
    tries: int = 0
    try_at: datetime = Field(sa_type=UtcDateTime)
    error: str | None = None
    size: int | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    stored_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    delete_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
