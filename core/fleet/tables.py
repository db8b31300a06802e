"""Tables of the fleet: workers (processes that hold calls), their seats, and how often configuration has changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from core.kernel.database import UtcDateTime

__all__ = ["ACTIVE", "ConfigGeneration", "Seat", "Worker"]

_ACTIVE = text("NOT retired")
ACTIVE = text("NOT workers.retired")
"""The condition of the partial index, word for word: each start of a process leaves one more retired worker behind."""


class Worker(SQLModel, table=True):
    """A process that holds calls. It lives while its lease does, in wall time, whatever its clock says."""

    __tablename__ = "workers"
    __table_args__ = (Index("workers_active", "id", sqlite_where=_ACTIVE, postgresql_where=_ACTIVE),)

    id: str = Field(primary_key=True)
    max_calls: int
    draining: bool = False
    host: str
    pid: int
    pid_started: float
    started_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    lease_until: datetime = Field(sa_type=UtcDateTime)
    retired: bool = False
    network_run: str | None = None
    """The name that the process registered with at the sandbox network: its lines in `network.jsonl` carry it."""


class Seat(SQLModel, table=True):
    """Room for one call in a worker; free while `call_id` is null."""

    __tablename__ = "seats"
    __table_args__ = (
        Index("seats_free", "worker_id", "number", sqlite_where=text("call_id IS NULL"), postgresql_where=text("call_id IS NULL")),
    )

    worker_id: str = Field(primary_key=True, foreign_key="workers.id")
    number: int = Field(primary_key=True)
    call_id: str | None = Field(default=None, unique=True)


class ConfigGeneration(SQLModel, table=True):
    """How often the rows of a table of configuration have changed: counted by triggers, in the transaction of the change."""

    __tablename__ = "config_generations"

    name: str = Field(primary_key=True)
    generation: int
