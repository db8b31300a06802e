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


def latest_change(connection: Connection, campaign_id: str) -> datetime | None:
    """When a lead of the campaign last changed its state; None before the first change.

    The history is walked backwards to the first entry of this campaign: few steps, unless others have been busy since.
    """
    its_campaign = select(_leads.c.campaign_id).where(_leads.c.id == _history.c.lead_id).scalar_subquery()
    last = select(_history.c.at).where(its_campaign == campaign_id).order_by(_history.c.id.desc()).limit(1)
    latest: datetime | None = connection.execute(last).scalar_one_or_none()
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
