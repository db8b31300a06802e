"""The calls of a person and what hangs on them: events, recordings, pushes, hand-offs; and what is suppressed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, and_, not_, or_, select

from core.calls.tables import Call, CallEvent
from core.deliveries.tables import Delivery, DeliveryAttempt
from core.desk.tables import Handoff, HandoffEvent
from core.kernel.numbers import split_key
from core.kernel.statements import AnyRow, table_of
from core.recordings.tables import Recording
from core.suppressions.tables import Suppression, SuppressionEntry, SuppressionList

__all__ = ["calls_of", "in_batches", "records_of", "rows_of_calls", "suppressions_of"]

_calls, _events, _recordings = table_of(Call), table_of(CallEvent), table_of(Recording)
_deliveries, _tries = table_of(Delivery), table_of(DeliveryAttempt)
_handoffs, _moves = table_of(Handoff), table_of(HandoffEvent)
_suppressions, _entries, _lists = table_of(Suppression), table_of(SuppressionEntry), table_of(SuppressionList)
_BATCH: Final = 500
_EXTENSION: Final = "%;ext=%"
_SECRET: Final = frozenset({"headers", "signing_secret", "lease_token", "lease_until", "request_hash"})
"""Columns that an export leaves out: they are ours, not the person's."""


def in_batches(values: Iterable[Any]) -> Iterable[list[Any]]:
    """The values in lists that a statement can take as parameters."""
    listed = list(values)
    return (listed[first : first + _BATCH] for first in range(0, len(listed), _BATCH))


def calls_of(connection: Connection, numbers: Collection[str]) -> list[AnyRow]:
    """The calls with a person, the oldest first.

    Args:
        connection: a transaction.
        numbers: the keys of all numbers of the person. An extension is a person of its own: without one only calls to the number itself
            are theirs, with one only those to that extension.
    """
    found: list[AnyRow] = []
    for batch in in_batches(sorted(numbers)):
        found += connection.execute(select(_calls).where(or_(*(_is_with(number) for number in batch)))).all()
    return sorted({row.call_id: row for row in found}.values(), key=lambda row: (row.created_at, row.call_id))


def _is_with(number: str) -> ColumnElement[bool]:
    phone, extension = split_key(number)
    if extension is not None:
        return and_(_calls.c.phone == phone, _calls.c.to_number == number)
    return and_(_calls.c.phone == phone, not_(and_(_calls.c.direction == "outbound", _calls.c.to_number.like(_EXTENSION))))


def rows_of_calls(connection: Connection, table: Table, column: ColumnElement[Any], ids: Iterable[Any]) -> list[AnyRow]:
    """The rows of a table of which `column` is one of `ids`."""
    return [row for batch in in_batches(ids) for row in connection.execute(select(table).where(column.in_(batch))).all()]


def suppressions_of(connection: Connection, numbers: Collection[str]) -> list[dict[str, Any]]:
    """The suppressions of a person's numbers, and the named lists that hold them. They are not erased: they protect the person."""
    plain = sorted({split_key(number)[0] for number in numbers})
    said = rows_of_calls(connection, _suppressions, _suppressions.c.number, plain)
    named = select(_entries.c.number, _lists.c.name, _lists.c.source).join(_lists, _lists.c.id == _entries.c.list_id)
    listed = connection.execute(named.where(_entries.c.number.in_(plain), _lists.c.active)).all()
    own = [{"number": row.number, "lines": row.lines, "source": row.source, "since": row.created_at, "list": None} for row in said]
    return own + [{"number": row.number, "lines": "all", "source": row.source, "since": None, "list": row.name} for row in listed]


def records_of(connection: Connection, numbers: Collection[str]) -> dict[str, Any]:
    """All that the core holds of a person, as plain values: for them to read.

    Args:
        connection: a transaction.
        numbers: the keys of all numbers of the person.
    """
    calls = calls_of(connection, numbers)
    ids = [call.call_id for call in calls]
    deliveries = rows_of_calls(connection, _deliveries, _deliveries.c.call_id, ids)
    handoffs = rows_of_calls(connection, _handoffs, _handoffs.c.call_id, ids)
    return {
        "calls": [_plain(row) for row in calls],
        "call_events": [_plain(row) for row in rows_of_calls(connection, _events, _events.c.call_id, ids)],
        "recordings": [_plain(row) for row in rows_of_calls(connection, _recordings, _recordings.c.call_id, ids)],
        "deliveries": [_plain(row) for row in deliveries],
        "delivery_attempts": [
            _plain(row) for row in rows_of_calls(connection, _tries, _tries.c.delivery_id, [row.id for row in deliveries])
        ],
        "handoffs": [_plain(row) for row in handoffs],
        "handoff_events": [_plain(row) for row in rows_of_calls(connection, _moves, _moves.c.handoff_id, [row.id for row in handoffs])],
        "suppressions": suppressions_of(connection, numbers),
    }


def _plain(row: AnyRow) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in _SECRET}
