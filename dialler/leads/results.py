"""A call result comes in: by the webhook, or fetched. Receipt is idempotent; the policy decides; the lead moves.

It may come twice, late, before the dialout's answer, or after the lead was given back: the attempt's id, which is the
Idempotency-Key of its dialout, is what joins them.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.kernel.ids import Ids
from dialler.campaigns.config import CampaignConfig
from dialler.campaigns.tables import Campaign
from dialler.leads.history import add_history
from dialler.leads.states import FINAL, next_state
from dialler.leads.tables import Attempt, Lead, ReceivedResult
from dialler.policy.outcomes import Outcome, ResultFacts, charged, derive_outcome
from dialler.policy.retry import Decision, decide

__all__ = ["Receipt", "receive_result"]

AnyRow = Row[*tuple[Any, ...]]

log = logging.getLogger(__name__)
_campaigns = Campaign.__table__  # type: ignore[attr-defined]
_leads = Lead.__table__  # type: ignore[attr-defined]
_attempts = Attempt.__table__  # type: ignore[attr-defined]
_received = ReceivedResult.__table__  # type: ignore[attr-defined]

# Made once: building them costs more than running them. The campaign is locked first, then the lead, as everywhere; only then
# is the attempt read, so that what is read of it is true.
_CAMPAIGN: Select[Any] = (
    select(_campaigns.c.id, _campaigns.c.state, _campaigns.c.settings, _attempts.c.lead_id)
    .join(_attempts, _attempts.c.campaign_id == _campaigns.c.id)
    .where(_attempts.c.id == bindparam("attempt_id"))
    .with_for_update(read=True, of=_campaigns)
)
_LEAD: Select[Any] = (
    select(_leads.c.id, _leads.c.state, _leads.c.attempt_id, _leads.c.attempts, _leads.c.uncharged)
    .where(_leads.c.id == bindparam("lead_id"))
    .with_for_update()
)
_ATTEMPT: Select[Any] = select(_attempts.c.id, _attempts.c.state, _attempts.c.placed_at).where(_attempts.c.id == bindparam("attempt_id"))


@dataclass(frozen=True)
class Receipt:
    """What became of a result: `applied`, `repeated` (seen before), `unknown` (not one of our attempts)."""

    status: str
    campaign_id: str | None = None


def receive_result(connection: Connection, ids: Ids, payload: dict[str, Any], now: datetime) -> Receipt:
    """Take in one call result, in the caller's transaction.

    Args:
        payload: the call result, as in the integration guide and docs/results.md.
    """
    attempt_id = payload.get("idempotency_key")
    if not _is_new(connection, payload, attempt_id, now):
        return Receipt("repeated")
    campaign = connection.execute(_CAMPAIGN, {"attempt_id": attempt_id}).one_or_none() if attempt_id else None
    if campaign is None:
        return Receipt("unknown")
    lead = connection.execute(_LEAD, {"lead_id": campaign.lead_id}).one()
    attempt = connection.execute(_ATTEMPT, {"attempt_id": attempt_id}).one()
    if attempt.state in {"ended", "held"}:
        log.warning("the result of call %s came for attempt %s, which had %s already", payload["session_id"], attempt.id, attempt.state)
        return Receipt("repeated", campaign.id)
    facts = ResultFacts.of(payload)
    decision, is_charged = _decision_on(connection, ids, campaign, lead, attempt, facts, now)
    _end_attempt(connection, attempt, payload, decision, is_charged, now)
    if lead.state not in FINAL and lead.attempt_id == attempt.id:
        _move_lead(connection, lead, attempt, payload, decision, is_charged, now)
    else:
        log.warning("the result of attempt %s came for a lead that had moved on (%s)", attempt.id, lead.state)
    return Receipt("applied", campaign.id)


def _is_new(connection: Connection, payload: dict[str, Any], attempt_id: str | None, now: datetime) -> bool:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = (
        insert(_received)
        .values(session_id=payload["session_id"], attempt_id=attempt_id, received_at=now, payload=payload)
        .on_conflict_do_nothing(index_elements=["session_id"])
        .returning(_received.c.session_id)
    )
    return connection.execute(statement).one_or_none() is not None


def _decision_on(
    connection: Connection, ids: Ids, campaign: AnyRow, lead: AnyRow, attempt: AnyRow, facts: ResultFacts, now: datetime
) -> tuple[Decision, bool]:
    outcome, is_charged = derive_outcome(facts), charged(facts)
    callbacks = _count_callbacks(connection, lead.id) if outcome is Outcome.CALLBACK else 0  # nothing else asks for them
    uncharged = _uncharged(lead, outcome, is_charged=is_charged)
    if outcome is Outcome.TRUNK_BUSY:  # these have a count of their own: a full trunk uses up nothing of the lead
        uncharged = _count_busy(connection, lead.id) + 1
    decision = decide(
        outcome,
        attempts_charged=lead.attempts + is_charged,
        attempts_uncharged=uncharged,
        callbacks=callbacks,
        policy=CampaignConfig.model_validate(campaign.settings).retry_policy(),
        now=now,
        stream=ids.stream("retry", attempt.id),
        callback_at=facts.callback_at,
    )
    if campaign.state in {"stopping", "stopped"} and decision.due_at is not None:
        decision = Decision(outcome=outcome, state="stopped", due_at=None, event="stopped", note="the campaign was stopped")
    return decision, is_charged


def _count_callbacks(connection: Connection, lead_id: int) -> int:
    query = select(func.count()).select_from(_attempts).where(_attempts.c.lead_id == lead_id, _attempts.c.kind == "callback")
    return connection.execute(query).scalar_one()


def _count_busy(connection: Connection, lead_id: int) -> int:
    query = select(func.count()).select_from(_attempts).where(_attempts.c.lead_id == lead_id, _attempts.c.outcome == Outcome.TRUNK_BUSY)
    return connection.execute(query).scalar_one()


def _uncharged(lead: AnyRow, outcome: Outcome, *, is_charged: bool) -> int:
    """The lead's dials that could not ring, with this one."""
    return int(lead.uncharged) + (not is_charged and outcome is not Outcome.TRUNK_BUSY)


def _end_attempt(
    connection: Connection, attempt: AnyRow, payload: dict[str, Any], decision: Decision, is_charged: bool, now: datetime
) -> None:
    connection.execute(
        update(_attempts)
        .where(_attempts.c.id == attempt.id, _attempts.c.state != "ended")
        .values(
            state="held" if decision.state == "held" else "ended",
            call_id=payload["session_id"],
            placed_at=attempt.placed_at or now,
            ended_at=now,
            charged=is_charged,
            disconnected_by=payload.get("disconnected_by"),
            outcome=decision.outcome,
            disposition=payload.get("disposition"),
            sip_status=payload.get("sip_status"),
            phone_rang=payload.get("phone_rang"),
            fault=payload.get("fault"),
            call_duration_seconds=payload.get("call_duration_seconds"),
        )
    )


def _move_lead(
    connection: Connection, lead: AnyRow, attempt: AnyRow, payload: dict[str, Any], decision: Decision, is_charged: bool, now: datetime
) -> None:
    state = next_state(lead.state, decision.event)
    connection.execute(
        update(_leads)
        .where(_leads.c.id == lead.id, _leads.c.state == lead.state, _leads.c.attempt_id == attempt.id)
        .values(
            state=state,
            queue=None,
            due_at=decision.due_at,
            attempts=lead.attempts + is_charged,
            uncharged=_uncharged(lead, decision.outcome, is_charged=is_charged),
            attempt_id=attempt.id if state == "held" else None,
            lease_token=None,
            outcome=decision.outcome,
            disposition=payload.get("disposition"),
            note=decision.note or payload.get("remarks"),
            updated_at=now,
        )
    )
    add_history(connection, lead.id, now, lead.state, decision.event, state, attempt.id, decision.note)
