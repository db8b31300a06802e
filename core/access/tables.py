"""Tables of access: API keys (hashed) and secrets (encrypted)."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from core.kernel.database import JsonValue, UtcDateTime

__all__ = ["ApiKey", "Secret"]


class ApiKey(SQLModel, table=True):
    """A credential of the HTTP API. The key itself is shown once and never kept.

    `role` is `dialout` or `admin`. `bots` is the list of bot ids it may use; null means all. Calls placed with a key
    that has a `results_url` have their results pushed there, signed with the secret that `results_secret` names.
    """

    __tablename__ = "api_keys"

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


class Secret(SQLModel, table=True):
    """A secret under a name, encrypted with the key of `core.kernel.secrets`."""

    __tablename__ = "secrets"

    name: str = Field(primary_key=True)
    ciphertext: str
    updated_at: datetime = Field(sa_type=UtcDateTime)
