"""Tables of access: API keys (hashed) and secrets (encrypted)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from core.kernel.database import JsonValue, UtcDateTime

__all__ = ["ApiKey", "BotSocket", "PersonKey", "Secret"]


class ApiKey(SQLModel, table=True):
    """An API key. The key itself is shown once and never stored.

    `role` is `dialout` or `admin`. `bots` is the list of bot ids it may use; null means all. Calls placed with a key
    that has a `results_url` have their results pushed there, signed with the secret that `results_secret` names.
    The previous hash of a rotated key also works, until `previous_until`.
    """

    __tablename__ = "api_keys"
    __table_args__ = (Index("api_keys_previous_hash", "previous_hash", unique=True),)

    id: str = Field(primary_key=True)
    name: str
    role: str = "dialout"
    prefix: str
    key_hash: str = Field(unique=True)
    bots: list[str] | None = Field(default=None, sa_type=JsonValue)
    results_url: str | None = None
    results_secret: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    previous_hash: str | None = None
    previous_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    requests_per_minute: int | None = None
    """Null: no limit."""
    rate_full_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """How much of the limit is used up (`core.access.rate`)."""


class Secret(SQLModel, table=True):
    """A secret under a name, encrypted with the key of `core.kernel.secrets`."""

    __tablename__ = "secrets"

    name: str = Field(primary_key=True)
    ciphertext: str
    updated_at: datetime = Field(sa_type=UtcDateTime)


class BotSocket(SQLModel, table=True):
    """Who may open WebSocket calls to a bot besides API keys: holders of its token (hashed), or everybody, if it is open.

    The previous token of a rotation works until `previous_until`.
    """

    __tablename__ = "bot_sockets"

    bot_id: str = Field(primary_key=True, foreign_key="bots.id")
    is_open: bool = False
    prefix: str | None = None
    token_hash: str | None = None
    made_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    previous_hash: str | None = None
    previous_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PersonKey(SQLModel, table=True):
    """The key of a person, with which audit logs and evidence seal what concerns them. Erasing the person deletes the row.

    `tag` is a keyed hash of the number; `sealed` is the key and the number, encrypted with the installation's key.
    """

    __tablename__ = "person_keys"

    id: str = Field(primary_key=True)
    tag: str = Field(unique=True)
    sealed: str
    created_at: datetime = Field(sa_type=UtcDateTime)
