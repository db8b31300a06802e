"""Tables of bots: a bot and each version of its configuration."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from core.kernel.database import JsonValue, UtcDateTime

__all__ = ["Bot", "BotVersion"]


class Bot(SQLModel, table=True):
    """A voice bot. Its configuration is in the version that `current_version` names.

    An archived bot takes no calls and is not listed; its versions stay, since calls refer to them.
    """

    __tablename__ = "bots"

    id: str = Field(primary_key=True)
    name: str
    current_version: int
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    archived_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class BotVersion(SQLModel, table=True):
    """One version of a configuration. Never changed once written, since calls refer to it."""

    __tablename__ = "bot_versions"

    bot_id: str = Field(primary_key=True, foreign_key="bots.id")
    version: int = Field(primary_key=True)
    config: dict[str, Any] = Field(sa_type=JsonValue)
    checksum: str
    created_at: datetime = Field(sa_type=UtcDateTime)
