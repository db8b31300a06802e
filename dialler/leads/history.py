"""The history of leads: a row for every change of state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, insert, literal, null, select
from sqlalchemy.sql.expression import Select

from core.kernel.database import UtcDateTime
from core.kernel.statements import Insert, table_of
from dialler.leads.tables import Lead, LeadHistory

__all__ = ["Change", "add_changes", "add_history", "add_history_of_many", "latest_change"]

_leads, _history = table_of(Lead), table_of(LeadHistory)

_COLUMNS = ("lead_id", "at", "from_state", "event", "to_state", "attempt_id", "note")
_ADD = Insert(_history, _COLUMNS)


@dataclass(frozen=True)
class Change:
    """A change of a lead's state: when, from what, by which event, to what."""

    lead_id: int
    at: datetime
    from_state: str
    event: str
    to_state: str
    attempt_id: str | None = None
    note: str | None = None


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
    add_changes(connection, [Change(lead_id, at, from_state, event, to_state, attempt_id, note)])


def add_changes(connection: Connection, changes: Iterable[Change]) -> None:
    """Note changes, in order."""
    _ADD.run(connection, [asdict(change) for change in changes])


def add_history_of_many(connection: Connection, which: ColumnElement[bool], at: datetime, event: str, to_state: str) -> None:
    """Note the same change of all leads that `which` selects, before it is made."""
    rows: Select[tuple[object, ...]] = select(
        _leads.c.id, literal(at, UtcDateTime), _leads.c.state, literal(event), literal(to_state), _leads.c.attempt_id, null()
    ).where(which)
    connection.execute(insert(_history).from_select(list(_COLUMNS), rows))
