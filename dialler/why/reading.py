"""Reads what `account_for` decides by. Each count goes by an index alone, so that a million leads take a fraction of a second."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select

from core.kernel.statements import one_of, table_of
from dialler.campaigns.owner import owner_of
from dialler.imports.queries import rejected_rows
from dialler.leads.states import CLAIMED, QUEUE_OF
from dialler.leads.tables import Lead
from dialler.why.account import Account, Counts, Situation, Step, account_for
from dialler.why.leads import explain_lead

__all__ = ["counts_of", "explain", "explain_one", "situation_of"]

_leads = table_of(Lead)
_STATE_OF: Final = {queue: state for state, queue in QUEUE_OF.items()}


def counts_of(connection: Connection, campaign_id: str, now: datetime) -> Counts:
    """Where the leads of a campaign are."""
    mine = _leads.c.campaign_id == campaign_id
    states = connection.execute(select(_leads.c.state, func.count()).where(mine).group_by(_leads.c.state))
    by_state = {row[0]: int(row[1]) for row in states}
    queues = connection.execute(select(_leads.c.queue, func.count()).where(mine, _leads.c.queue.is_not(None)).group_by(_leads.c.queue))
    ready = {_STATE_OF[row[0]]: int(row[1]) for row in queues}
    waits = (mine, _leads.c.queue.is_(None), _leads.c.due_at.is_not(None))
    overdue = select(_leads.c.state, func.count()).where(*waits, _leads.c.due_at <= now).group_by(_leads.c.state)
    for state, number in connection.execute(overdue):
        ready[state] = ready.get(state, 0) + int(number)  # due, and not moved to the queue yet
    later = select(_leads.c.state, func.min(_leads.c.due_at)).where(*waits, _leads.c.due_at > now).group_by(_leads.c.state)
    next_due = {row[0]: row[1] for row in connection.execute(later)}
    return Counts(by_state, ready, next_due, rejected_rows(connection, campaign_id))


def situation_of(connection: Connection, campaign: Row[Any], wall: datetime) -> Situation:
    """The state of a campaign; `wall` is real time, for the lease of its process."""
    owner = owner_of(connection, campaign.id) if campaign.state == "running" else None
    return Situation(
        campaign.state,
        campaign.reason,
        owner is not None and owner.alive(wall),
        campaign.hold_reason,
        campaign.hold_until,
        int((campaign.settings or {}).get("concurrency_limit") or 50),
    )


def explain(connection: Connection, campaign: Row[Any], now: datetime, wall: datetime) -> Account:
    """Why the leads of a campaign are where they are.

    Args:
        connection: a transaction.
        campaign: its row.
        now: the current time, by the clock that the campaign runs by.
        wall: real time.
    """
    return account_for(counts_of(connection, campaign.id, now), situation_of(connection, campaign, wall), now)


def explain_one(connection: Connection, campaign: Row[Any], lead: Row[Any], now: datetime, wall: datetime) -> Step:
    """Why a lead of the campaign is where it is; see `explain`."""
    in_flight = select(func.count()).where(_leads.c.campaign_id == campaign.id, one_of(_leads.c.state, CLAIMED))
    return explain_lead(lead, situation_of(connection, campaign, wall), int(connection.execute(in_flight).scalar_one()), now)
