"""Adds entries to the audit log, lists them, and checks that none was changed or removed.

Values that belong to one person (a number, a note) go in sealed by that person's key (`core.access.person_keys`): erasing the person
destroys the key, and the chain stays whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, or_, select, text

from core.kernel.moments import moment_text
from core.kernel.statements import table_of
from web.console.audit.tables import AuditEntry

__all__ = ["Actor", "AuditFilter", "Entry", "add_entry", "broken_at", "list_entries"]

_entries = table_of(AuditEntry)
_FIRST: Final = "0" * 64
_LOCK: Final = 5_120_417
"""Key of the advisory lock on PostgreSQL: the chain has one end. (SQLite has one writer at a time.)"""
_HASHED: Final = (
    "seq",
    "actor_id",
    "actor",
    "role",
    "action",
    "object_kind",
    "object_id",
    "campaign_id",
    "before",
    "after",
    "reason",
    "address",
    "result",
    "previous",
)


@dataclass(frozen=True)
class Actor:
    """Who did it, and from where. `user_id` is None if nobody was signed in."""

    user_id: str | None
    login: str
    role: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class Entry:
    """What was done. Only plain JSON values in `before` and `after`, and nobody's secrets."""

    action: str
    object_kind: str
    object_id: str | None = None
    campaign_id: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    reason: str | None = None
    result: str = "done"


@dataclass(frozen=True)
class AuditFilter:
    """Which entries; None does not restrict."""

    actor: str | None = None
    """A login."""
    action: str | None = None
    """Begins with this."""
    object_kind: str | None = None
    object_id: str | None = None
    campaigns: Collection[str] | None = None
    """Only entries of these campaigns."""
    kinds: Collection[str] | None = None
    """Only entries about objects of these kinds."""
    or_actor: str | None = None
    """With `campaigns`: also what the user with this id did."""


def add_entry(connection: Connection, actor: Actor, entry: Entry, now: datetime) -> int:
    """Add an entry at the end of the chain, in the caller's transaction. Returns its number."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    last = connection.execute(select(_entries.c.seq, _entries.c.hash).order_by(_entries.c.seq.desc()).limit(1)).one_or_none()
    values: dict[str, Any] = {
        "seq": last.seq + 1 if last else 1,
        "at": now.replace(microsecond=now.microsecond // 1000 * 1000),
        "actor_id": actor.user_id,
        "actor": actor.login[:300],
        "role": actor.role,
        "action": entry.action,
        "object_kind": entry.object_kind,
        "object_id": entry.object_id,
        "campaign_id": entry.campaign_id,
        "before": dict(entry.before) if entry.before is not None else None,
        "after": dict(entry.after) if entry.after is not None else None,
        "reason": entry.reason,
        "address": actor.address,
        "result": entry.result,
        "previous": last.hash if last else _FIRST,
    }
    connection.execute(insert(_entries).values(**values, hash=hash_of(values)))
    return int(values["seq"])


def hash_of(values: Mapping[str, Any]) -> str:
    """The hash of an entry: of its values, its time and the hash before. Pure."""
    shown = {name: values[name] for name in _HASHED} | {"at": moment_text(values["at"], "milliseconds")}
    return hashlib.sha256(json.dumps(shown, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def list_entries(connection: Connection, which: AuditFilter, *, limit: int, before: int | None = None) -> Sequence[Row[Any]]:
    """Entries, newest first.

    Args:
        connection: a transaction.
        which: which ones.
        limit: how many at most.
        before: only entries with a lower number: the last one of the page before.
    """
    query = select(_entries).order_by(_entries.c.seq.desc()).limit(limit)
    for name in ("actor", "object_kind", "object_id"):
        if (value := getattr(which, name)) is not None:
            query = query.where(_entries.c[name] == value)
    if which.action is not None:
        query = query.where(_entries.c.action.startswith(which.action, autoescape=True))
    if which.campaigns is not None:
        of_campaigns = _entries.c.campaign_id.in_(list(which.campaigns))
        query = query.where(or_(of_campaigns, _entries.c.actor_id == which.or_actor) if which.or_actor else of_campaigns)
    if which.kinds is not None:
        query = query.where(_entries.c.object_kind.in_(list(which.kinds)))
    if before is not None:
        query = query.where(_entries.c.seq < before)
    return connection.execute(query).all()


def broken_at(connection: Connection) -> int | None:
    """The number of the first entry that was changed, or before which one is missing; None if the chain is whole.

    The last entries can be cut off without a trace: compare the last hash with one that was noted elsewhere.
    """
    previous = _FIRST
    for number, row in enumerate(_in_order(connection), 1):
        if row.seq != number or row.previous != previous or row.hash != hash_of(row._asdict()):
            return number
        previous = row.hash
    return None


def _in_order(connection: Connection) -> Iterator[Row[Any]]:
    last: int | None = None
    while True:
        query = select(_entries).order_by(_entries.c.seq).limit(1000)
        rows = connection.execute(query if last is None else query.where(_entries.c.seq > last)).all()
        yield from rows
        if len(rows) < 1000:
            return
        last = rows[-1].seq
