"""The suppression list: add, remove, ask, list. Numbers are E.164 here; whoever reads them in makes them so.

What a callee of the sandbox said holds on the sandbox alone. Everything else holds everywhere: who asked on a real line is not
called in a rehearsal either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from itertools import islice
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, delete, func, literal, or_, select, true, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from core.kernel.clock import utc_now
from core.kernel.database import UtcDateTime
from core.kernel.lines import ALL, REAL, SANDBOX, Lines
from core.kernel.numbers import split_key
from core.kernel.statements import table_of
from core.suppressions.lists import on_a_list
from core.suppressions.tables import Suppression

__all__ = [
    "SuppressionInfo",
    "add",
    "count",
    "entries_of",
    "holds_on",
    "is_suppressed",
    "list_suppressions",
    "many",
    "read",
    "remove",
    "suppress_person",
    "suppressed",
]

_suppressions = table_of(Suppression)

_BATCH = 5000  # SQLite takes 32,766 parameters, PostgreSQL 65,535


@dataclass(frozen=True)
class SuppressionInfo:
    """A suppressed number: why, on whose word (`callee`, `operator`, `import`, `api`), in which call, since when.

    `lines` is where that was learned: `sandbox`, `real`, or `all` for what no call taught.
    """

    number: str = field(repr=False)
    reason: str = field(repr=False)
    source: str
    call_id: str | None
    created_at: datetime
    lines: Literal["sandbox", "real", "all"]


def add(
    connection: Connection,
    number: str,
    *,
    reason: str,
    source: str,
    now: datetime,
    call_id: str | None = None,
    lines: Lines | Literal["all"] = ALL,
) -> bool:
    """Suppress a number (E.164). One that is suppressed on these lines already stays as it is. Returns whether it is new.

    Args:
        connection: a transaction that may write.
        number: the number.
        reason: why, for people.
        source: who said so: `callee`, `operator`, `import` or `api`.
        now: the clock's time.
        call_id: the call in which it was said.
        lines: the lines of that call; `all` for what was not said in a call.
    """
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = {"number": number, "reason": reason, "source": source, "call_id": call_id, "created_at": now, "lines": lines}
    there = select(_suppressions.c.number).where(_suppressions.c.number == number, holds_on(lines)).exists()
    values = select(*(literal(value, _suppressions.c[name].type) for name, value in row.items())).where(~there)
    added = insert(_suppressions).from_select(list(row), values).on_conflict_do_nothing().returning(_suppressions.c.number)
    return connection.execute(added).first() is not None


def suppress_person(connection: Connection, numbers: Sequence[str], lines: str | None, call_id: str, now: datetime) -> None:
    """Suppress all numbers of a person who asked so on one of them, on these lines; None: on all."""
    kept: Lines | Literal["all"] = SANDBOX if lines == SANDBOX else REAL if lines == REAL else ALL
    for number in numbers:
        e164, _ = split_key(number)
        add(
            connection, e164, lines=kept, reason="asked on another number not to be called again", source="callee", now=now, call_id=call_id
        )


def remove(connection: Connection, number: str) -> bool:
    """Let a number be dialled again, on all lines. Returns whether it was suppressed."""
    return connection.execute(delete(_suppressions).where(_suppressions.c.number == number)).rowcount > 0


def is_suppressed(connection: Connection, number: str, lines: Lines, now: datetime | None = None) -> bool:
    """Whether the number (E.164) must not be dialled on these lines: what the sandbox's callees said does not count on real ones.

    Args:
        connection: a transaction.
        number: the number.
        lines: the lines.
        now: when a list may have ended; None: in real time.
    """
    return bool(connection.execute(select(suppressed(literal(number), lines, literal(now or utc_now(), UtcDateTime)))).scalar_one())


def suppressed(number: ColumnElement[str], lines: Lines, now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whether a number must not be dialled on these lines at a time, as a condition: by what was said of it, or by a named list."""
    said = select(_suppressions.c.number).where(_suppressions.c.number == number, holds_on(lines)).exists()
    return or_(said, on_a_list(number, now))


def read(connection: Connection, number: str) -> SuppressionInfo | None:
    """The suppression of a number (E.164), of several the one that holds on most lines; None if it may be dialled anywhere."""
    query = select(*(_suppressions.c[f.name] for f in fields(SuppressionInfo))).where(_suppressions.c.number == number)
    row = connection.execute(query.order_by(_suppressions.c.lines == SANDBOX, _suppressions.c.lines).limit(1)).one_or_none()
    return None if row is None else SuppressionInfo(**row._mapping)


def many(connection: Connection, numbers: Iterable[str], lines: Lines) -> set[str]:
    """Which of the numbers (E.164) must not be dialled on these lines, by what was said of them; named lists are not asked."""
    found: set[str] = set()
    for batch in _batches(numbers):
        which = select(_suppressions.c.number).where(_suppressions.c.number.in_(batch), holds_on(lines))
        found.update(connection.execute(which).scalars())
    return found


def entries_of(connection: Connection, numbers: Iterable[str]) -> list[SuppressionInfo]:
    """The suppressions of these numbers (E.164) on any lines, the newest first."""
    found: list[SuppressionInfo] = []
    for batch in _batches(numbers):
        query = select(*(_suppressions.c[f.name] for f in fields(SuppressionInfo))).where(_suppressions.c.number.in_(batch))
        found += (SuppressionInfo(**row._mapping) for row in connection.execute(query))
    return sorted(found, key=lambda entry: (entry.created_at, entry.number, entry.lines), reverse=True)


def holds_on(lines: str) -> ColumnElement[bool]:
    """Which suppressions hold on these lines: on the sandbox every one, elsewhere none that the sandbox taught."""
    return true() if lines == SANDBOX else _suppressions.c.lines != SANDBOX


def list_suppressions(
    connection: Connection,
    *,
    search: str = "",
    lines: str | None = None,
    limit: int = 100,
    before: tuple[datetime, str, str] | None = None,
) -> list[SuppressionInfo]:
    """Suppressed numbers, newest first; a number may be there once for each kind of `lines`.

    Args:
        connection: a transaction.
        search: a part of the number or of the reason; empty for all.
        lines: only what was learned there: `sandbox`, `real` or `all`; None: everything.
        limit: how many at most.
        before: (created_at, number, lines) of the last one of the page before.
    """
    table = _suppressions
    query = select(*(table.c[f.name] for f in fields(SuppressionInfo)))
    if text := search.strip():
        query = query.where(or_(table.c.number.contains(text, autoescape=True), table.c.reason.icontains(text, autoescape=True)))
    if lines is not None:
        query = query.where(table.c.lines == lines)
    if before is not None:
        at, *last = before
        same_moment = and_(table.c.created_at == at, tuple_(table.c.number, table.c.lines) < tuple(last))
        query = query.where(or_(table.c.created_at < at, same_moment))
    rows = connection.execute(query.order_by(table.c.created_at.desc(), table.c.number.desc(), table.c.lines.desc()).limit(limit))
    return [SuppressionInfo(**row._mapping) for row in rows]


def count(connection: Connection, lines: str | None = None) -> int:
    """How many suppressions there are, of those `lines` if they are named."""
    query = select(func.count()).select_from(_suppressions)
    return int(connection.execute(query if lines is None else query.where(_suppressions.c.lines == lines)).scalar_one())


def _batches(numbers: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(numbers)
    while batch := list(islice(rest, _BATCH)):
        yield batch
