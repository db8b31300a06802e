"""The history of leads: a row for every change of state."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, insert, literal, null, select
from sqlalchemy.sql.expression import Select

from core.kernel.database import UtcDateTime
from core.kernel.statements import Statement, table_of
from dialler.leads.tables import Lead, LeadHistory

__all__ = ["add_claims", "add_history", "add_history_of_many", "latest_change"]

_leads, _history = table_of(Lead), table_of(LeadHistory)

_COLUMNS = ("lead_id", "at", "from_state", "event", "to_state", "attempt_id", "note")
_ADD = Statement(insert(_history), columns=_COLUMNS)


def latest_change(connection: Connection) -> datetime | None:
    """When a lead last changed its state; None before the first change."""
    latest: datetime | None = connection.execute(select(_history.c.at).order_by(_history.c.id.desc()).limit(1)).scalar_one_or_none()
    return latest


def add_history(
    connection: Connection,
    lead_id: int,
    at: datetime,
    from_state: str,
    event: str,
    to_state: str,
    attempt_id: str | None = None,
    note: str | None = None,
) -> None:
    """Note one change."""
    _ADD.run(connection, lead_id=lead_id, at=at, from_state=from_state, event=event, to_state=to_state, attempt_id=attempt_id, note=note)


def add_claims(connection: Connection, claims: Iterable[tuple[int, str, str]], at: datetime) -> None:
    """Note that leads were claimed: the id of each lead, the state that it was in, and its attempt."""
    _ADD.run_many(
        connection,
        (
            {"lead_id": lead, "at": at, "from_state": state, "event": "claimed", "to_state": "claimed", "attempt_id": attempt, "note": None}
            for lead, state, attempt in claims
        ),
    )


def add_history_of_many(connection: Connection, which: ColumnElement[bool], at: datetime, event: str, to_state: str) -> None:
    """Note the same change of all leads that `which` selects, before it is made."""
    rows: Select[tuple[object, ...]] = select(
        _leads.c.id, literal(at, UtcDateTime), _leads.c.state, literal(event), literal(to_state), _leads.c.attempt_id, null()
    ).where(which)
    connection.execute(insert(_history).from_select(list(_COLUMNS), rows))
