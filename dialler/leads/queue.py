"""The queue of a campaign: leads come into it when they are due, leave it when their time is over, and all do when the campaign ends."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, bindparam, case, select, update

from core.kernel.database import UtcDateTime
from core.kernel.statements import Statement, one_of, table_of
from dialler.campaigns.store import lock_campaign
from dialler.leads.history import add_history_of_many
from dialler.leads.states import QUEUE_OF, WAITING, next_state
from dialler.leads.tables import OPEN, Attempt, Lead

__all__ = ["AT_ONCE", "close_waiting", "expire_due", "promote_due"]

AT_ONCE: Final = 1000
"""Most leads that one transaction brings into the claim index."""

EXPIRED: Final = "its time was over before it could be dialled again, or at all"
"""The note of a lead that ended so while it waited."""

_leads = table_of(Lead)
_attempts = table_of(Attempt)

_DUE = (
    select(_leads.c.id)
    .where(_leads.c.campaign_id == bindparam("campaign_id"), _leads.c.queue.is_(None), _leads.c.due_at.is_not(None))
    .where(_leads.c.due_at <= bindparam("now", type_=UtcDateTime))
    .order_by(_leads.c.due_at)
    .limit(bindparam("at_most"))
)
_PROMOTE = Statement(
    update(_leads)
    .where(_leads.c.id.in_(_DUE), _leads.c.queue.is_(None), one_of(_leads.c.state, WAITING))
    .values(queue=case(QUEUE_OF, value=_leads.c.state))
)


def promote_due(connection: Connection, campaign_id: str, now: datetime, limit: int = AT_ONCE, *, locked: bool = False) -> int:
    """Move waiting leads whose time has come into the claim index, the longest due first; at most `limit`. Returns how many.

    As long as it returns `limit` there may be more: call it again, in a new transaction, so that others get their turn. `locked`: the
    campaign is locked already.
    """
    if not locked:
        lock_campaign(connection, campaign_id)
    return _PROMOTE.run(connection, campaign_id=campaign_id, now=now, at_most=limit).rowcount


def expire_due(connection: Connection, campaign_id: str, now: datetime, limit: int = AT_ONCE) -> int:
    """End waiting leads whose time is over, the earliest first; at most `limit`. Returns how many.

    Leads that are being dialled are left alone. As long as it returns `limit` there may be more, as for `promote_due`.
    """
    lock_campaign(connection, campaign_id)
    over = (
        select(_leads.c.id)
        .where(_leads.c.campaign_id == campaign_id, _leads.c.expires_at.is_not(None), _leads.c.due_at.is_not(None))
        .where(_leads.c.expires_at <= now)
        .order_by(_leads.c.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(connection.execute(over).scalars())
    if not ids:
        return 0
    which = and_(_leads.c.id.in_(ids), _leads.c.state.in_(WAITING))
    state = next_state("pending", "expired")
    add_history_of_many(connection, which, now, "expired", state)
    connection.execute(
        update(_attempts)
        .where(_attempts.c.lead_id.in_(ids), OPEN, _attempts.c.state == "created")
        .values(state="ended", ended_at=now, charged=False, outcome="expired")
    )
    values = {"state": state, "queue": None, "due_at": None, "attempt_id": None, "note": EXPIRED, "updated_at": now}
    return connection.execute(update(_leads).where(which).values(**values)).rowcount


def close_waiting(connection: Connection, campaign_id: str, event: str, now: datetime) -> int:
    """End every waiting lead of a campaign (`stopped`, or `window_closed`), all at one moment. Returns how many.

    Nobody else changes a lead of the campaign meanwhile: the campaign is locked alone.
    """
    lock_campaign(connection, campaign_id, alone=True)
    which = and_(_leads.c.campaign_id == campaign_id, _leads.c.state.in_(WAITING))
    state = next_state("pending", event)
    add_history_of_many(connection, which, now, event, state)
    connection.execute(
        update(_attempts)
        .where(_attempts.c.campaign_id == campaign_id, OPEN, _attempts.c.state == "created")
        .values(state="ended", ended_at=now, charged=False, outcome=event)
    )
    closed = connection.execute(update(_leads).where(which).values(state=state, queue=None, due_at=None, attempt_id=None, updated_at=now))
    return closed.rowcount
