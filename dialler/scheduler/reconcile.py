"""Attempts whose fate is not known: ask the core, then act on what is true.

After a crash, after a dialout without an answer, and for results that never come. The core is asked by the attempt's id: if
it has the call, the attempt goes on from there; if it has none, the lead waits again and the same attempt is sent under
the same id, so that a dialout still under way somewhere can never become a second call. If the core had said that the
call was placed and does not know it now (another API key, another database), nobody can know: the lead is held.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from core.kernel.clock import Clock
from core.kernel.database import Database
from core.kernel.ids import Ids
from dialler.core_client import CoreClient
from dialler.leads.claims import Claim, give_back, mark_placed
from dialler.leads.held import hold
from dialler.leads.results import receive_result
from dialler.leads.tables import Attempt, Lead

__all__ = ["reconcile", "resend_delay", "stale_after"]

_NOT_RECEIVED = "the core had not received it"

_leads = Lead.__table__  # type: ignore[attr-defined]
_attempts = Attempt.__table__  # type: ignore[attr-defined]


async def reconcile(
    db: Database, clock: Clock, ids: Ids, core: CoreClient, campaign_id: str, *, sent_before: datetime | None = None
) -> int:
    """Settle the attempts of a campaign that were sent before a moment (None: all) and are not over; returns how many changed.

    Raises:
        CoreUnreachable: if the core did not answer; what was settled until then stays settled.
    """
    query = (
        select(_attempts.c.id, _attempts.c.lead_id, _attempts.c.state, _attempts.c.kind, _attempts.c.refusals, _leads.c.lease_token)
        .join(_leads, _leads.c.id == _attempts.c.lead_id)
        .where(_attempts.c.campaign_id == campaign_id, _attempts.c.state.in_(("placing", "placed")))
        .order_by(_attempts.c.sent_at, _attempts.c.id)
    )
    with db.read() as connection:
        open_attempts = connection.execute(query if sent_before is None else query.where(_attempts.c.sent_at <= sent_before)).all()
    changed = 0
    for attempt in open_attempts:
        call = await core.call_of_attempt(attempt.id)
        now = clock.now()
        with db.write() as connection:
            if call is None and attempt.state == "placed":
                why = "the core had placed the call, and does not know it any more"
                changed += hold(connection, attempt.lead_id, attempt.id, attempt.lease_token, why, now)
            elif call is None:
                due_at = now + resend_delay(attempt.refusals)
                changed += give_back(
                    connection, attempt.lead_id, attempt.id, attempt.lease_token, due_at, _NOT_RECEIVED, now, at_once=due_at <= now
                )
            elif call["result"] is not None:
                changed += receive_result(connection, ids, call["result"], now).status == "applied"
            else:
                taken = Claim(attempt.lead_id, attempt.id, attempt.kind, call["to_number"], {}, now)
                mark_placed(connection, taken, attempt.lease_token, call["call_id"], now)
    return changed


def resend_delay(refusals: int) -> timedelta:
    """How long a lead waits whose dialout the core did not receive: not at all at first, then longer, an hour at most.

    One lead that the core always fails on must not keep the others from being dialled.
    """
    return timedelta(0) if refusals == 0 else min(timedelta(seconds=30) * 2 ** min(refusals, 7), timedelta(hours=1))


def stale_after(max_call_seconds: float) -> timedelta:
    """After how long a placed call without a result is asked for: the longest call, its ringing, and a margin."""
    return timedelta(seconds=max_call_seconds + 300)
