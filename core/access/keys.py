"""API keys: made, checked, listed, revoked.

A key is 256 random bits behind `dk_` (role `dialout`) or `da_` (role `admin`). It is shown once; the database has its
SHA-256 only, so a key is found by its hash and never compared character by character: nothing about a key can be
learnt from how long a refusal took. (A slow hash is for what people choose; 256 random bits cannot be guessed.)
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Row, Table, insert, select, update

from core.access.tables import ApiKey

__all__ = [
    "KeyInfo",
    "NewKey",
    "ResultsEndpoint",
    "Role",
    "Unauthorized",
    "create",
    "list_keys",
    "results_endpoint",
    "revoke",
    "set_expiry",
    "verify",
]

Role = Literal["dialout", "admin"]

_keys: Table = ApiKey.__table__  # type: ignore[attr-defined]

_MARKS: dict[Role, str] = {"dialout": "dk_", "admin": "da_"}
_SHOWN = 8  # characters of the secret part that a list shows: 48 of its 256 bits
_LONGEST = 128
_USE_NOTED_EVERY = timedelta(minutes=1)


class Unauthorized(Exception):
    """The API key is missing, unknown, revoked or expired; which of them is not told."""

    def __init__(self) -> None:
        super().__init__("Missing or invalid API key: send a valid one in the X-API-Key header.")


@dataclass(frozen=True)
class KeyInfo:
    """An API key without the key. `bots` are the bot ids it may use; None means all."""

    id: str
    name: str
    role: Role
    prefix: str
    bots: tuple[str, ...] | None
    results_url: str | None
    results_secret: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    def may_use(self, bot_id: str) -> bool:
        """Whether the bot is in the key's scope."""
        return self.bots is None or bot_id in self.bots

    def is_valid(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True)
class NewKey:
    """A key just made. `key` is to be shown once and then forgotten."""

    key: str = field(repr=False)
    info: KeyInfo


@dataclass(frozen=True)
class ResultsEndpoint:
    """Where the results of a key's calls are pushed; `secret` is `secret:NAME` of the signing secret, or empty."""

    url: str
    secret: str


def create(
    connection: Connection,
    *,
    key_id: str,
    name: str,
    now: datetime,
    role: Role = "dialout",
    bots: Sequence[str] | None = None,
    results_url: str | None = None,
    results_secret: str | None = None,
    expires_at: datetime | None = None,
) -> NewKey:
    """Make a key.

    Args:
        connection: a transaction that may write.
        key_id: its id.
        name: what people call it.
        now: the clock's time.
        role: `dialout` or `admin`.
        bots: the bot ids it may use; None means all.
        results_url: where the results of its calls are pushed.
        results_secret: `secret:NAME` of the secret that signs them.
        expires_at: from when on it is refused.

    Raises:
        ValueError: when the role is unknown, or the signing secret is written out instead of named.
    """
    if role not in get_args(Role):
        raise ValueError(f"the role of a key is dialout or admin, not {role}")
    if results_secret and not results_secret.startswith("secret:"):
        raise ValueError("results_secret must name a secret, as in secret:RESULTS_SECRET; its value does not belong here")
    key = _MARKS[role] + secrets.token_urlsafe(32)
    row = {
        "id": key_id,
        "name": name,
        "role": role,
        "prefix": key[: len(_MARKS[role]) + _SHOWN],
        "bots": None if bots is None else list(bots),
        "results_url": results_url,
        "results_secret": results_secret,
        "created_at": now,
        "expires_at": expires_at,
    }
    stored = connection.execute(insert(_keys).values(**row, key_hash=_hash(key)).returning(*_keys.c)).one()
    return NewKey(key, _info(stored))


def verify(connection: Connection, header: str | None, now: datetime) -> KeyInfo:
    """Whose key this is; notes its use, at most once a minute.

    Args:
        connection: a transaction that may write.
        header: the value of the X-API-Key header.
        now: the clock's time.

    Raises:
        Unauthorized: when it is missing, unknown, revoked or expired.
    """
    if not header or len(header) > _LONGEST or not header.isascii():
        raise Unauthorized
    row = connection.execute(select(_keys).where(_keys.c.key_hash == _hash(header))).one_or_none()
    if row is None or not (info := _info(row)).is_valid(now):
        raise Unauthorized
    # abs: a run in virtual time may have left a use in the future
    if info.last_used_at is None or abs(now - info.last_used_at) >= _USE_NOTED_EVERY:
        connection.execute(update(_keys).where(_keys.c.id == info.id).values(last_used_at=now))
    return info


def list_keys(connection: Connection) -> list[KeyInfo]:
    """Every key, oldest first, revoked ones too."""
    return [_info(row) for row in connection.execute(select(_keys).order_by(_keys.c.created_at, _keys.c.id))]


def revoke(connection: Connection, key_id: str, now: datetime) -> bool:
    """Refuse the key from now on, for good. Returns False if there is none such, or it was revoked before."""
    found = connection.execute(update(_keys).where(_keys.c.id == key_id, _keys.c.revoked_at.is_(None)).values(revoked_at=now))
    return found.rowcount > 0


def set_expiry(connection: Connection, key_id: str, expires_at: datetime | None) -> bool:
    """Refuse the key from a moment on; None: never. Returns False if there is none such."""
    return connection.execute(update(_keys).where(_keys.c.id == key_id).values(expires_at=expires_at)).rowcount > 0


def results_endpoint(connection: Connection, key_id: str) -> ResultsEndpoint | None:
    """Where the results of the calls of this key are to be pushed; None if nowhere."""
    row = connection.execute(select(_keys.c.results_url, _keys.c.results_secret).where(_keys.c.id == key_id)).one_or_none()
    return None if row is None or not row.results_url else ResultsEndpoint(row.results_url, row.results_secret or "")


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _info(row: Row[Any]) -> KeyInfo:
    fields = {name: getattr(row, name) for name in KeyInfo.__dataclass_fields__}
    return KeyInfo(**{**fields, "bots": None if row.bots is None else tuple(row.bots)})
