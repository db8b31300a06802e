"""Attempts whose fate is not known: ask the core, then act on what is true.

After a crash, after a dialout without an answer, and for results that never come. A call is asked for by its id, or, where
the dialler was not told it, by the attempt's: if the core has the call, the attempt goes on from there; if it has none, the
lead waits again and the same attempt is sent under the same id, so that a dialout still under way somewhere can never become
a second call. A lead whose dialouts fail again and again ends by the policy's cap. If the core had said that the call was
placed and does not know it now (another database), nobody can know: the lead is held.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, select

from core.kernel.clock import Clock
from core.kernel.database import Database, UtcDateTime
from core.kernel.ids import Ids
from core.kernel.statements import table_of
from dialler.campaigns.config import CampaignConfig
from dialler.campaigns.store import read_campaign
from dialler.core_client import CoreClient, CoreUnreachable
from dialler.leads.claims import Claim, end_undialled, give_back
from dialler.leads.held import hold
from dialler.leads.placements import mark_placed
from dialler.leads.results import Suppress, receive_result
from dialler.leads.tables import OPEN, Attempt, Lead
from dialler.policy.patience import send_again_at
from dialler.scheduler.parts import Parts

__all__ = ["reconcile", "reconcile_now", "stale_after"]

log = logging.getLogger(__name__)

_NOT_RECEIVED = "the core had not received it"

_leads = table_of(Lead)
_attempts = table_of(Attempt)

_UNDER_WAY: Select[Any] = (
    select(
        _attempts.c.id,
        _attempts.c.lead_id,
        _attempts.c.state,
        _attempts.c.kind,
        _attempts.c.call_id,
        _attempts.c.failed_dialouts,
        _leads.c.lease_token,
        _leads.c.uncharged,
        func.coalesce(_attempts.c.phone, _leads.c.phone).label("phone"),
    )
    .join(_leads, _leads.c.id == _attempts.c.lead_id)
    .where(_attempts.c.campaign_id == bindparam("campaign_id"), OPEN)
    .order_by(_attempts.c.sent_at, _attempts.c.id)
)
_UNANSWERED = _UNDER_WAY.where(_attempts.c.state == "placing")
_SENT = _UNDER_WAY.where(_attempts.c.state.in_(("placing", "placed")))
_SENT_BEFORE = _SENT.where(_attempts.c.sent_at <= bindparam("sent_before", type_=UtcDateTime()))


async def reconcile(
    db: Database,
    clock: Clock,
    ids: Ids,
    core: CoreClient,
    campaign_id: str,
    *,
    sent_before: datetime | None = None,
    unanswered: bool = False,
    suppress: Suppress | None = None,
) -> int:
    """Settle the attempts of a campaign that were sent and are not over. Returns how many changed.

    Args:
        db: where they are.
        clock: tells the moment it is.
        ids: for the retry policy.
        core: the core that is asked.
        campaign_id: the campaign.
        sent_before: only those that were sent before this moment.
        unanswered: only those whose dialout was not answered.
        suppress: as `receive_result` has it.

    Raises:
        CoreUnreachable: if the core did not answer; what was settled until then stays settled.
    """
    with db.read() as connection:
        if unanswered:
            found = connection.execute(_UNANSWERED, {"campaign_id": campaign_id}).all()
        elif sent_before is not None:
            found = connection.execute(_SENT_BEFORE, {"campaign_id": campaign_id, "sent_before": sent_before}).all()
        else:
            found = connection.execute(_SENT, {"campaign_id": campaign_id}).all()
        config = CampaignConfig.model_validate(read_campaign(connection, campaign_id).settings) if found else None
    changed = 0
    for attempt in found:
        assert config is not None
        call = await (core.call_of_attempt(attempt.id) if attempt.call_id is None else core.call(attempt.call_id))
        now = clock.now()
        taken = Claim(campaign_id, attempt.lead_id, attempt.id, attempt.kind, attempt.phone, {}, now)
        with db.write() as connection:
            if call is None and attempt.state == "placed":
                why = "the core had placed the call, and does not know it any more"
                changed += hold(connection, taken, attempt.lease_token, why, now)
            elif call is None:
                changed += _not_received(connection, taken, attempt, config.max_uncharged, now)
            elif call["result"] is not None:
                changed += receive_result(connection, ids, call["result"], now, suppress=suppress).status == "applied"
            elif attempt.state == "placing":
                mark_placed(connection, taken, attempt.lease_token, call["call_id"], now)
                changed += 1
    return changed


def _not_received(connection: Connection, taken: Claim, attempt: Row[*tuple[Any, ...]], max_uncharged: int, now: datetime) -> bool:
    due_at = send_again_at(attempt.failed_dialouts, attempt.uncharged, max_uncharged, now)
    if due_at is None:
        why = f"{attempt.failed_dialouts} dialouts failed, and {max_uncharged} dials that cannot ring are the most"
        return end_undialled(connection, taken, attempt.lease_token, "not_received", why, now)
    return give_back(connection, taken, attempt.lease_token, due_at, _NOT_RECEIVED, now, at_once=due_at <= now)


def stale_after(max_call_seconds: float) -> timedelta:
    """After how long a placed call without a result is asked for: the longest call, its ringing, and a margin."""
    return timedelta(seconds=max_call_seconds + 300)


async def reconcile_now(parts: Parts, campaign_id: str, sent_before: datetime) -> bool:
    """`reconcile` with what a runner works with; a core that does not answer is asked again later. Returns whether anything changed."""
    try:
        changed = await reconcile(
            parts.db, parts.clock, parts.ids, parts.core, campaign_id, sent_before=sent_before, suppress=parts.suppress
        )
    except CoreUnreachable as error:
        log.warning("%s; results that never came are asked for again later", error)
        return False
    return bool(changed)
