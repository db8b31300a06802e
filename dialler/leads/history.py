"""The history of leads: a row for every change of state."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, insert, literal, null, select
from sqlalchemy.sql.expression import Select

from core.kernel.database import UtcDateTime
from dialler.leads.tables import Lead, LeadHistory

__all__ = ["add_history", "add_history_of_many", "latest_change"]

_leads = Lead.__table__  # type: ignore[attr-defined]
_history = LeadHistory.__table__  # type: ignore[attr-defined]


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
    connection.execute(
        insert(_history).values(
            lead_id=lead_id, at=at, from_state=from_state, event=event, to_state=to_state, attempt_id=attempt_id, note=note
        )
    )


def add_history_of_many(connection: Connection, which: ColumnElement[bool], at: datetime, event: str, to_state: str) -> None:
    """Note the same change of all leads that `which` selects, before it is made."""
    rows: Select[tuple[object, ...]] = select(
        _leads.c.id, literal(at, UtcDateTime), _leads.c.state, literal(event), literal(to_state), _leads.c.attempt_id, null()
    ).where(which)
    connection.execute(insert(_history).from_select(["lead_id", "at", "from_state", "event", "to_state", "attempt_id", "note"], rows))
