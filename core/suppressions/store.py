"""The suppression list: add, remove, ask, list. Numbers are E.164 here; whoever reads them in makes them so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, Table, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from core.suppressions.tables import Suppression

__all__ = ["SuppressionInfo", "add", "count", "is_suppressed", "list_suppressions", "many", "read", "remove"]

_suppressions: Table = Suppression.__table__  # type: ignore[attr-defined]

_BATCH = 5000  # SQLite takes 32,766 parameters, PostgreSQL 65,535


@dataclass(frozen=True)
class SuppressionInfo:
    """A suppressed number: why, on whose word (`callee`, `operator`, `import`, `api`), in which call, since when."""

    number: str = field(repr=False)
    reason: str = field(repr=False)
    source: str
    call_id: str | None
    created_at: datetime


def add(connection: Connection, number: str, *, reason: str, source: str, now: datetime, call_id: str | None = None) -> bool:
    """Suppress a number (E.164). One that is suppressed already stays as it is. Returns whether it is new."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = {"number": number, "reason": reason, "source": source, "call_id": call_id, "created_at": now}
    added = insert(_suppressions).values(row).on_conflict_do_nothing().returning(_suppressions.c.number)
    return connection.execute(added).first() is not None


def remove(connection: Connection, number: str) -> bool:
    """Let a number be dialled again. Returns whether it was suppressed."""
    return connection.execute(delete(_suppressions).where(_suppressions.c.number == number)).rowcount > 0


def is_suppressed(connection: Connection, number: str) -> bool:
    """Whether the number (E.164) must not be dialled."""
    return connection.execute(select(_suppressions.c.number).where(_suppressions.c.number == number)).first() is not None


def read(connection: Connection, number: str) -> SuppressionInfo | None:
    """The suppression of a number (E.164); None if it may be dialled."""
    row = connection.execute(
        select(*(_suppressions.c[f.name] for f in fields(SuppressionInfo))).where(_suppressions.c.number == number)
    ).one_or_none()
    return None if row is None else SuppressionInfo(**row._mapping)


def many(connection: Connection, numbers: Iterable[str]) -> set[str]:
    """Which of the numbers (E.164) must not be dialled."""
    found: set[str] = set()
    for batch in _batches(numbers):
        found.update(connection.execute(select(_suppressions.c.number).where(_suppressions.c.number.in_(batch))).scalars())
    return found


def list_suppressions(
    connection: Connection, *, search: str = "", limit: int = 100, before: tuple[datetime, str] | None = None
) -> list[SuppressionInfo]:
    """Suppressed numbers, newest first.

    Args:
        connection: a transaction.
        search: a part of the number or of the reason; empty for all.
        limit: how many at most.
        before: (created_at, number) of the last one of the page before.
    """
    table = _suppressions
    query = select(*(table.c[f.name] for f in fields(SuppressionInfo)))
    if text := search.strip():
        query = query.where(or_(table.c.number.contains(text, autoescape=True), table.c.reason.icontains(text, autoescape=True)))
    if before is not None:
        at, number = before
        query = query.where(or_(table.c.created_at < at, (table.c.created_at == at) & (table.c.number < number)))
    rows = connection.execute(query.order_by(table.c.created_at.desc(), table.c.number.desc()).limit(limit))
    return [SuppressionInfo(**row._mapping) for row in rows]


def count(connection: Connection) -> int:
    """How many numbers are suppressed."""
    return int(connection.execute(select(func.count()).select_from(_suppressions)).scalar_one())


def _batches(numbers: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(numbers)
    while batch := list(islice(rest, _BATCH)):
        yield batch
