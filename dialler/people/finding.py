"""The leads of a person in all campaigns, and what hangs on them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, select

from core.kernel.erasure import digits_of, holds_one_of
from core.kernel.statements import AnyRow, table_of
from dialler.campaigns.tables import Campaign
from dialler.imports.tables import RejectedRow
from dialler.leads.tables import Attempt, Lead, LeadHandoff, LeadHistory, LeadNumber

__all__ = ["leads_of", "numbers_of_leads", "records_of", "rejected_of", "rows_of"]

_leads, _attempts, _history = table_of(Lead), table_of(Attempt), table_of(LeadHistory)
_numbers, _handoffs, _rejected = table_of(LeadNumber), table_of(LeadHandoff), table_of(RejectedRow)
_campaigns = table_of(Campaign)
_BATCH: Final = 500
_PAGE: Final = 5000
_OURS: Final = frozenset({"lease_token", "queue"})


def leads_of(connection: Connection, numbers: Collection[str]) -> list[AnyRow]:
    """The leads that have one of a person's numbers, in the order of their making.

    Args:
        connection: a transaction.
        numbers: keys of numbers. An extension is a person of its own.
    """
    campaigns = select(_campaigns.c.id)  # the index of numbers begins with the campaign
    found: dict[int, AnyRow] = {}
    for batch in _batches(sorted(numbers)):
        own = select(_leads).where(_leads.c.campaign_id.in_(campaigns), _leads.c.phone.in_(batch))
        further = select(_numbers.c.lead_id).where(_numbers.c.campaign_id.in_(campaigns), _numbers.c.phone.in_(batch))
        for query in (own, select(_leads).where(_leads.c.id.in_(further))):
            found |= {row.id: row for row in connection.execute(query).all()}
    return [found[key] for key in sorted(found)]


def numbers_of_leads(connection: Connection, numbers: Collection[str]) -> set[str]:
    """These numbers, and every other one of their leads."""
    known = set(numbers)
    while True:
        more = {number["phone"] for lead in leads_of(connection, known) for number in lead.numbers or ()} - known
        if not more:
            return known
        known |= more


def rows_of(connection: Connection, table: Table, column: ColumnElement[Any], ids: Iterable[Any]) -> list[AnyRow]:
    """The rows of a table of which `column` is one of `ids`."""
    return [row for batch in _batches(list(ids)) for row in connection.execute(select(table).where(column.in_(batch))).all()]


def rejected_of(connection: Connection, numbers: Collection[str]) -> list[AnyRow]:
    """Rejected rows that hold one of the numbers, however it is written there, and whatever else was rejected of such a row."""
    digits = digits_of(numbers)
    found = [row for row in _all_rejected(connection) if holds_one_of(row.value, digits)]
    lines = {(row.import_id, row.line) for row in found}
    imports = sorted({import_id for import_id, _ in lines})
    beside = rows_of(connection, _rejected, _rejected.c.import_id, imports)
    return [row for row in beside if (row.import_id, row.line) in lines]


def _all_rejected(connection: Connection) -> Iterator[AnyRow]:
    after = 0
    while rows := connection.execute(select(_rejected).where(_rejected.c.id > after).order_by(_rejected.c.id).limit(_PAGE)).all():
        yield from rows
        after = rows[-1].id


def records_of(connection: Connection, numbers: Collection[str]) -> dict[str, Any]:
    """All that campaigns hold of a person, as plain values: for them to read."""
    leads = leads_of(connection, numbers)
    ids = [lead.id for lead in leads]
    names = {row.id: row.name for row in connection.execute(select(_campaigns.c.id, _campaigns.c.name))}
    return {
        "leads": [{"campaign": names[row.campaign_id], **_plain(row)} for row in leads],
        "attempts": [_plain(row) for row in rows_of(connection, _attempts, _attempts.c.lead_id, ids)],
        "lead_history": [_plain(row) for row in rows_of(connection, _history, _history.c.lead_id, ids)],
        "work_list": [_plain(row) for row in rows_of(connection, _handoffs, _handoffs.c.lead_id, ids)],
        "rejected_rows": [_plain(row) for row in rejected_of(connection, numbers)],
    }


def _plain(row: AnyRow) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in _OURS}


def _batches(values: list[Any]) -> Iterator[list[Any]]:
    return (values[first : first + _BATCH] for first in range(0, len(values), _BATCH))
