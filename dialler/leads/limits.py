"""Before and after which times leads may be dialled: kept with each lead, and brought up to date when the campaign's settings change.

A lead whose time is over ends as `expired` (`dialler.leads.queue.expire_due`).
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, case, null, or_, select, update

from core.kernel.statements import table_of
from dialler.campaigns.store import lock_campaign
from dialler.campaigns.tables import Campaign
from dialler.imports.errors import CellProblem, LeadFileError
from dialler.imports.tables import LeadImport
from dialler.imports.times import NO_LIMITS, TimeOptions, time_columns_of, times_of_lead
from dialler.leads.states import QUEUE_OF, WAITING
from dialler.leads.tables import Lead

__all__ = ["AT_ONCE", "limits_differ", "note_limits", "renew_limits", "waiting_from"]

AT_ONCE: Final = 1000
"""Leads whose limits one transaction renews."""

_campaigns, _leads, _imports = table_of(Campaign), table_of(Lead), table_of(LeadImport)


def waiting_from(now: datetime, queue: int) -> dict[str, ColumnElement[Any]]:
    """`queue` and `due_at` of leads that may be dialled from now on, or from their `not_before`."""
    later = _leads.c.not_before > now
    return {"queue": case((later, null()), else_=queue), "due_at": case((later, _leads.c.not_before), else_=now)}


def limits_differ(noted: dict[str, Any] | None, options: TimeOptions) -> bool:
    """Whether the limits of a campaign's leads were computed with other settings."""
    return (noted or asdict(NO_LIMITS)) != asdict(options)


def note_limits(connection: Connection, campaign_id: str, options: TimeOptions, *, renewed: bool = False) -> None:
    """Note with which settings the limits were computed: by the first import, or after all of them were `renewed`."""
    query = update(_campaigns).where(_campaigns.c.id == campaign_id)
    if not renewed:
        query = query.where(_campaigns.c.lead_times.is_(None))
    connection.execute(query.values(lead_times=asdict(options)))


def renew_limits(
    connection: Connection, campaign_id: str, options: TimeOptions, region: str | None, after: int, now: datetime
) -> int | None:
    """Compute the limits of the next waiting leads with the campaign's settings as they are now.

    A lead whose own cell cannot be read as a time under the new settings keeps its limits.

    Args:
        connection: a transaction that may write.
        campaign_id: the campaign.
        options: its settings.
        region: the country of national numbers.
        after: the id of the last lead of the batch before; 0 at first.
        now: the campaign's time.

    Returns:
        The id of the last lead of this batch; None if there are no more.
    """
    lock_campaign(connection, campaign_id)
    rows = connection.execute(
        select(_leads.c.id, _leads.c.import_id, _leads.c.phone, _leads.c.variables, _leads.c.not_before, _leads.c.expires_at)
        .where(_leads.c.campaign_id == campaign_id, _leads.c.id > after, _leads.c.state.in_(WAITING))
        .order_by(_leads.c.id)
        .limit(AT_ONCE)
        .with_for_update()
    ).all()
    variables: dict[str, dict[str, str]] = {}
    for row in rows:
        if row.import_id not in variables:
            variables[row.import_id] = _variables(connection, row.import_id, options)
        cells = {limit: str(row.variables.get(name) or "") for limit, name in variables[row.import_id].items()}
        try:
            times = times_of_lead(options, cells, row.phone, region)
        except CellProblem:
            continue
        if (times.not_before, times.expires_at) != (row.not_before, row.expires_at):
            connection.execute(update(_leads).where(_leads.c.id == row.id).values(not_before=times.not_before, expires_at=times.expires_at))
            moved = or_(_leads.c.due_at < times.not_before, _leads.c.due_at == row.not_before)  # others wait for another reason
            connection.execute(
                update(_leads)
                .where(_leads.c.id == row.id, _leads.c.state == "pending", moved)
                .values(**waiting_from(now, QUEUE_OF["pending"]))
            )
    return rows[-1].id if rows else None


def _variables(connection: Connection, import_id: str, options: TimeOptions) -> dict[str, str]:
    """The variables of an import's leads that hold limits, by limit."""
    report = connection.execute(select(_imports.c.report).where(_imports.c.id == import_id)).scalar_one()
    columns = [_Column(**column) for column in report.get("columns", ())]
    try:
        found = time_columns_of(columns, options)
    except LeadFileError:
        return {}
    return {limit: name for limit, at in found.items() if (name := columns[at].variable) is not None}


class _Column:
    def __init__(self, header: str, variable: str | None, **_: Any) -> None:
        self.header, self.variable = header, variable
