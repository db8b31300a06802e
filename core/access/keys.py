"""API keys: create, list, change, rotate, revoke. `core.access.checks` checks the key of a request.

A key is 256 random bits behind `dk_` (role `dialout`), `da_` (role `admin`) or `dp_` (role `agent`: a person at the agent
desk, made with them by `core.desk.agents`; no bot is in its scope). It is shown once. The database stores only its SHA-256, and a key is
looked up by its hash, never compared character by character: how long a refusal takes reveals nothing about a key. (Slow hashes are for
passwords; 256 random bits cannot be guessed.)

A rotated key keeps its id, and with it its calls, its scope and its Idempotency-Keys.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import Connection, insert, select, update

from core.access.tables import ApiKey
from core.kernel.statements import AnyRow, table_of

__all__ = [
    "DEFAULT_OVERLAP",
    "KeyInfo",
    "KeySettings",
    "NewKey",
    "ResultsEndpoint",
    "Role",
    "change",
    "create",
    "find_key",
    "hash_of",
    "info_of",
    "list_keys",
    "revoke",
    "rotate",
    "set_expiry",
    "valid_hashes",
]

Role = Literal["dialout", "admin", "agent"]

_keys = table_of(ApiKey)

_MARKS: dict[Role, str] = {"dialout": "dk_", "admin": "da_", "agent": "dp_"}
_SHOWN = 8  # characters of the secret part that a list shows: 48 of its 256 bits
DEFAULT_OVERLAP = timedelta(hours=24)
"""How long the previous key works after a rotation."""


@dataclass(frozen=True)
class KeySettings:
    """The settings of an existing key that can be changed."""

    name: str
    bots: tuple[str, ...] | None = None
    results_url: str | None = None
    results_secret: str | None = None
    expires_at: datetime | None = None
    requests_per_minute: int | None = None


@dataclass(frozen=True)
class KeyInfo:
    """An API key without the key itself. `bots` are the bot ids it may use; None means all.

    `previous_until`: how long the key it replaced still works, if it was rotated. `requests_per_minute` None: no limit.
    """

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
    previous_until: datetime | None = None
    requests_per_minute: int | None = None

    def may_use(self, bot_id: str) -> bool:
        """Whether the bot is in the key's scope."""
        return self.bots is None or bot_id in self.bots

    def is_valid(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    @property
    def settings(self) -> KeySettings:
        """The settings that can be changed."""
        return KeySettings(self.name, self.bots, self.results_url, self.results_secret, self.expires_at, self.requests_per_minute)


@dataclass(frozen=True)
class NewKey:
    """A newly created key. `key` is to be shown once and then forgotten."""

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
    requests_per_minute: int | None = None,
) -> NewKey:
    """Create a key.

    Args:
        connection: a transaction that may write.
        key_id: its id.
        name: what people call it.
        now: the clock's time.
        role: `dialout`, `admin` or `agent`.
        bots: the bot ids it may use; None means all.
        results_url: where the results of its calls are pushed.
        results_secret: `secret:NAME` of the secret that signs them.
        expires_at: when it stops working.
        requests_per_minute: how often it may be used; None: no limit.

    Raises:
        ValueError: when the role is unknown, the limit below 1, or the signing secret is written out instead of named.
    """
    if role not in get_args(Role):
        raise ValueError(f"the role of a key must be dialout, admin or agent, not {role}")
    settings = KeySettings(name, None if bots is None else tuple(bots), results_url, results_secret, expires_at, requests_per_minute)
    key, shown = _mint(role)
    row = {**_values(settings), "id": key_id, "role": role, "prefix": shown, "created_at": now, "key_hash": hash_of(key)}
    stored = connection.execute(insert(_keys).values(row).returning(*_keys.c)).one()
    return NewKey(key, info_of(stored))


def rotate(connection: Connection, key_id: str, now: datetime, overlap: timedelta = DEFAULT_OVERLAP) -> NewKey | None:
    """Replace the text of a key. The current one works for `overlap` longer; one from an earlier rotation stops working at once.

    Returns None if the key does not exist or is revoked.
    """
    role = connection.execute(select(_keys.c.role).where(_keys.c.id == key_id, _keys.c.revoked_at.is_(None))).scalar_one_or_none()
    if role is None:
        return None
    key, shown = _mint(role)
    values = {"key_hash": hash_of(key), "prefix": shown, "previous_hash": _keys.c.key_hash, "previous_until": now + overlap}
    stored = connection.execute(
        update(_keys).where(_keys.c.id == key_id, _keys.c.revoked_at.is_(None)).values(values).returning(*_keys.c)
    ).one_or_none()
    return None if stored is None else NewKey(key, info_of(stored))


def change(connection: Connection, key_id: str, settings: KeySettings) -> KeyInfo | None:
    """Replace the settings of a key. Returns the key with its new settings; None if it does not exist.

    Raises:
        ValueError: as `create` does.
    """
    values = _values(settings)
    stored = connection.execute(update(_keys).where(_keys.c.id == key_id).values(values).returning(*_keys.c)).one_or_none()
    return None if stored is None else info_of(stored)


def find_key(connection: Connection, key_id: str) -> KeyInfo | None:
    """A key by its id, revoked or not."""
    row = connection.execute(select(_keys).where(_keys.c.id == key_id)).one_or_none()
    return None if row is None else info_of(row)


def valid_hashes(connection: Connection, now: datetime) -> frozenset[str]:
    """The hashes of all keys that are valid now, including the previous ones of rotated keys."""
    valid = _keys.c.revoked_at.is_(None) & (_keys.c.expires_at.is_(None) | (_keys.c.expires_at > now))
    rows = connection.execute(select(_keys.c.key_hash, _keys.c.previous_hash, _keys.c.previous_until).where(valid)).all()
    former = {row.previous_hash for row in rows if row.previous_hash and row.previous_until and now < row.previous_until}
    return frozenset({row.key_hash for row in rows} | former)


def list_keys(connection: Connection) -> list[KeyInfo]:
    """Every key, oldest first, including revoked ones."""
    return [info_of(row) for row in connection.execute(select(_keys).order_by(_keys.c.created_at, _keys.c.id))]


def revoke(connection: Connection, key_id: str, now: datetime) -> bool:
    """Revoke the key for good. Returns False if the key does not exist or is already revoked."""
    found = connection.execute(update(_keys).where(_keys.c.id == key_id, _keys.c.revoked_at.is_(None)).values(revoked_at=now))
    return found.rowcount > 0


def set_expiry(connection: Connection, key_id: str, expires_at: datetime | None) -> bool:
    """Set when the key expires; None: never. Returns False if the key does not exist."""
    return connection.execute(update(_keys).where(_keys.c.id == key_id).values(expires_at=expires_at)).rowcount > 0


def _mint(role: Role) -> tuple[str, str]:
    """A new key, and the part of it that lists show."""
    key = _MARKS[role] + secrets.token_urlsafe(32)
    return key, key[: len(_MARKS[role]) + _SHOWN]


def _values(settings: KeySettings) -> dict[str, Any]:
    if settings.results_secret and not settings.results_secret.startswith("secret:"):
        raise ValueError("results_secret must name a secret, as in secret:RESULTS_SECRET; its value does not belong here")
    if settings.requests_per_minute is not None and settings.requests_per_minute < 1:
        raise ValueError("requests_per_minute must be at least 1; leave it out for no limit")
    return {**asdict(settings), "bots": None if settings.bots is None else list(settings.bots)}


def hash_of(key: str) -> str:
    """The hash by which the database finds a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def info_of(row: AnyRow) -> KeyInfo:
    """The key of a row."""
    fields = {name: getattr(row, name) for name in KeyInfo.__dataclass_fields__}
    return KeyInfo(**{**fields, "bots": None if row.bots is None else tuple(row.bots)})
