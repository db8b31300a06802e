"""Named suppression lists: a company's own, a registry's, a client's. Each has a source, a date and perhaps an end.

A number on any list that holds is not dialled, on any lines. An entry may be a prefix (`+4490*`): every number that begins so. Lists are
made for millions of numbers: entries are a number and the list, and nothing else.

A list is replaced as a whole: the new one is filled beside the old one, and takes its place in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, text, update

from core.kernel.statements import table_of
from core.suppressions.tables import SuppressionEntry, SuppressionList

__all__ = [
    "ListInfo",
    "activate",
    "add_numbers",
    "delete_entries",
    "entries_of",
    "find_list",
    "forms_of",
    "is_listed",
    "lists",
    "lists_with",
    "new_list",
    "note_change",
    "on_a_list",
    "remove_list",
]

_lists, _entries = table_of(SuppressionList), table_of(SuppressionEntry)
_SHORTEST_PREFIX: Final = 2
_LONGEST_NUMBER: Final = 16


@dataclass(frozen=True)
class ListInfo:
    """A list: its source and date as somebody stated them, when it ceases to hold (None: never), how many entries it has."""

    id: int
    name: str
    source: str
    listed_on: str | None
    expires_at: datetime | None
    entries: int
    created_at: datetime
    updated_at: datetime


_COLUMNS: Final = [_lists.c[name] for name in ListInfo.__dataclass_fields__]


def forms_of(number: ColumnElement[str]) -> list[ColumnElement[str]]:
    """The entries that cover a number, as expressions: itself, and every prefix of it with `*`."""
    return [number, *(func.substr(number, 1, length).op("||")("*") for length in range(_SHORTEST_PREFIX, _LONGEST_NUMBER))]


def on_a_list(number: ColumnElement[str], now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whether a number is on a list that holds at a time, as a condition: at most fifteen look-ups in one index."""
    found = select(_entries.c.number).join(_lists, _lists.c.id == _entries.c.list_id)
    return found.where(_entries.c.number.in_(forms_of(number)), *_holds(now)).exists()


def _holds(now: ColumnElement[datetime]) -> tuple[ColumnElement[bool], ...]:
    return _lists.c.active, or_(_lists.c.expires_at.is_(None), _lists.c.expires_at > now)


def lists_with(connection: Connection, number: str, now: datetime) -> list[ListInfo]:
    """The lists on which a number (E.164) is, and which hold."""
    forms = [number, *(f"{number[:length]}*" for length in range(_SHORTEST_PREFIX, len(number) + 1))]
    query = (
        select(*_COLUMNS).join(_entries, _entries.c.list_id == _lists.c.id).where(_entries.c.number.in_(forms), _lists.c.active).distinct()
    )
    rows = connection.execute(query.order_by(_lists.c.name))
    found = [ListInfo(**row._mapping) for row in rows]
    return [one for one in found if one.expires_at is None or one.expires_at > now]


def is_listed(connection: Connection, number: str, now: datetime) -> bool:
    """Whether a number (E.164) is on a list that holds."""
    return bool(lists_with(connection, number, now))


def lists(connection: Connection) -> list[ListInfo]:
    """Every list, by name."""
    return [ListInfo(**row._mapping) for row in connection.execute(select(*_COLUMNS).where(_lists.c.active).order_by(_lists.c.name))]


def find_list(connection: Connection, name: str) -> ListInfo | None:
    """A list by its name."""
    row = connection.execute(select(*_COLUMNS).where(_lists.c.name == name, _lists.c.active)).one_or_none()
    return None if row is None else ListInfo(**row._mapping)


def new_list(connection: Connection, name: str, now: datetime, *, active: bool = True, **facts: Any) -> int:
    """Make a list, without entries. One that is not `active` holds nothing until `activate`.

    Args:
        connection: a transaction that may write.
        name: its name.
        now: the current time.
        active: whether it holds at once.
        facts: `source`, `listed_on`, `expires_at`.
    """
    values = {"name": name, "active": active, "source": "", "entries": 0, "created_at": now, "updated_at": now, **facts}
    return int(connection.execute(insert(_lists).values(values).returning(_lists.c.id)).scalar_one())


def note_change(connection: Connection, list_id: int, now: datetime, *, added: int = 0, **facts: Any) -> None:
    """Note what was added to a list, and what is known of it now."""
    values = {name: value for name, value in facts.items() if value is not None}
    change = update(_lists).where(_lists.c.id == list_id)
    connection.execute(change.values(entries=_lists.c.entries + added, updated_at=now, **values))


def activate(connection: Connection, list_id: int) -> list[int]:
    """Let a list take the place of the one with its name. Returns the ids of those that hold no more, whose entries can be deleted."""
    name = connection.execute(select(_lists.c.name).where(_lists.c.id == list_id)).scalar_one()
    old = list(connection.execute(select(_lists.c.id).where(_lists.c.name == name, _lists.c.id != list_id)).scalars())
    connection.execute(update(_lists).where(_lists.c.id.in_(old)).values(active=False))
    connection.execute(update(_lists).where(_lists.c.id == list_id).values(active=True))
    return old


def remove_list(connection: Connection, name: str) -> list[int]:
    """Let a list hold no more. Returns the ids whose entries can be deleted; none if there is no such list."""
    ids = list(connection.execute(select(_lists.c.id).where(_lists.c.name == name)).scalars())
    connection.execute(update(_lists).where(_lists.c.id.in_(ids)).values(active=False))
    return ids


def delete_entries(connection: Connection, list_id: int, limit: int = 20_000) -> int:
    """Delete up to `limit` entries of a list that holds no more, and the list after its last one. Returns how many."""
    batch = select(_entries.c.number).where(_entries.c.list_id == list_id).limit(limit)
    gone = connection.execute(delete(_entries).where(_entries.c.list_id == list_id, _entries.c.number.in_(batch))).rowcount
    if gone < limit:
        connection.execute(delete(_lists).where(_lists.c.id == list_id, ~_lists.c.active))
    return gone


def add_numbers(connection: Connection, list_id: int, numbers: Sequence[str]) -> int:
    """Add numbers (E.164, or prefixes with `*`) to a list. Returns how many are new.

    Fastest with many numbers at a time, in order: an index that is filled in order is written once.
    """
    if connection.dialect.name == "postgresql":
        query = text(
            "INSERT INTO suppression_entries (number, list_id) SELECT unnest(CAST(:numbers AS text[])), :id ON CONFLICT DO NOTHING"
        )
        return connection.execute(query, {"numbers": list(numbers), "id": list_id}).rowcount
    driver = connection.connection.driver_connection
    assert driver is not None
    before = driver.total_changes
    driver.executemany("INSERT OR IGNORE INTO suppression_entries (number, list_id) VALUES (?, ?)", ((one, list_id) for one in numbers))
    return int(driver.total_changes - before)


def entries_of(connection: Connection, list_id: int, *, after: str = "", limit: int = 10_000) -> list[str]:
    """Entries of a list in order, after the last one of the page before."""
    query = select(_entries.c.number).where(_entries.c.list_id == list_id, _entries.c.number > after)
    return list(connection.execute(query.order_by(_entries.c.number).limit(limit)).scalars())
