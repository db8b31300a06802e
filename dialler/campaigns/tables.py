"""Table of campaigns, with the lease of the process that runs each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import false
from sqlmodel import Field, SQLModel

from core.kernel.database import JsonValue, UtcDateTime

__all__ = ["Campaign"]


class Campaign(SQLModel, table=True):
    """A campaign. `state`: draft, running, paused, stopping, stopped, completed, failed (`dialler.campaigns.states`).

    The owner columns are the lease of the one process that dials for it: a token that fences every write of that process, and host, pid and
    start time, which show at once that a process on this machine has died.
    """

    __tablename__ = "campaigns"

    id: str = Field(primary_key=True)
    name: str = Field(unique=True)
    folder: str | None = None
    """The folder it was made from (`dialler run FOLDER`), resolved; null if it was created over the API."""
    bot_id: str
    state: str = "draft"
    settings: dict[str, Any] = Field(sa_type=JsonValue)
    created_at: datetime = Field(sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str | None = None
    """Why it is paused, stopped or failed, for people."""
    end_calls: bool = False
    """An operator asked to end the calls in progress as well."""
    hold_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    hold_reason: str | None = None
    """Why nothing is dialled now though the campaign runs, and until when."""

    owner_token: str | None = None
    owner_host: str | None = None
    owner_pid: int | None = None
    owner_pid_started: float | None = None
    owner_lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """In wall time."""
    lines: str | None = None
    """Where its leads were dialled: `sandbox` or `real` (`core.kernel.lines`), never both. None before its first run."""
    lead_times: dict[str, Any] | None = Field(default=None, sa_type=JsonValue)
    """The settings that `not_before` and `expires_at` of its leads were computed with (`dialler.imports.times`); null: none yet."""
    own_clock: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Its last run used its own clock, virtual or scaled: its timestamps mean nothing to processes in real time."""
    clock_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """What the owner's clock last showed: a continued run starts its clock no earlier."""
