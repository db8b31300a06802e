"""A call result comes in: by the webhook, or fetched. Receipt is idempotent; the policy decides; the lead moves.

It may come twice, late, before the dialout's answer, or after the lead was given back: the attempt's id, which is the
Idempotency-Key of its dialout, is what joins them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Connection, Table, bindparam, exists, func, select, update

from core.kernel.database import UtcDateTime
from core.kernel.ids import Ids
from core.kernel.statements import AnyRow, Statement, table_of
from dialler.campaigns.config import CampaignConfig
from dialler.campaigns.tables import Campaign
from dialler.leads.handoffs import ask_for_a_person, close_handoff
from dialler.leads.history import Change, add_changes
from dialler.leads.placements import Placement, change_by
from dialler.leads.states import CLAIMED, FINAL, next_state
from dialler.leads.tables import Attempt, Lead, LeadHandoff, LeadHistory
from dialler.policy.numbers import Turn, next_turn
from dialler.policy.outcomes import Outcome, ResultFacts, charged, derive_outcome
from dialler.policy.retry import NO_TIME, Decision, decide, within

__all__ = ["Receipt", "Suppress", "receive_result"]

log = logging.getLogger(__name__)
_campaigns, _leads, _attempts = table_of(Campaign), table_of(Lead), table_of(Attempt)
_handoffs, _history = table_of(LeadHandoff), table_of(LeadHistory)

# The campaign is locked first, then the lead, then the attempt, as everywhere.
_CAMPAIGN = Statement(
    select(_campaigns.c.id, _campaigns.c.state, _campaigns.c.settings, _campaigns.c.lines, _attempts.c.lead_id)
    .join(_attempts, _attempts.c.campaign_id == _campaigns.c.id)
    .where(_attempts.c.id == bindparam("attempt_id"))
    .with_for_update(read=True, of=_campaigns)
)
_COLUMNS = (
    _leads.c.id,
    _leads.c.state,
    _leads.c.attempt_id,
    _attempts.c.state.label("attempt_state"),
    _attempts.c.placed_at,
    _attempts.c.call_id,
    _attempts.c.result.is_not(None).label("has_result"),
    _leads.c.attempts,
    _leads.c.uncharged,
    _leads.c.expires_at,
    _leads.c.numbers,
    _leads.c.place,
    exists(select(_handoffs.c.id).where(_handoffs.c.lead_id == _leads.c.id)).label("asked_for_a_person"),
)
_BOTH = Statement(  # where a transaction that may write is the only one, there is nothing to lock
    select(
        *_COLUMNS,
        _campaigns.c.id.label("campaign_id"),
        _campaigns.c.state.label("campaign_state"),
        _campaigns.c.settings,
        _campaigns.c.lines,
    )
    .select_from(_attempts)
    .join(_leads, _leads.c.id == _attempts.c.lead_id)
    .join(_campaigns, _campaigns.c.id == _attempts.c.campaign_id)
    .where(_attempts.c.id == bindparam("attempt_id"))
)
_LEAD = Statement(
    select(*_COLUMNS)
    .join(_attempts, _attempts.c.lead_id == _leads.c.id)
    .where(_leads.c.id == bindparam("lead_id"), _attempts.c.id == bindparam("attempt_id"))
    .with_for_update(of=[_leads, _attempts])
)
_CALLBACKS = Statement(
    select(func.count()).select_from(_attempts).where(_attempts.c.lead_id == bindparam("lead"), _attempts.c.kind == "callback")
)
_UNTIMED = Statement(
    select(_history.c.at).where(
        _history.c.lead_id == bindparam("lead"),
        _history.c.event == "callback_scheduled",
        _history.c.note == NO_TIME,
        _history.c.at > bindparam("since", type_=UtcDateTime),
    )
)
_LATE = Statement(
    update(_attempts).where(_attempts.c.id == bindparam("attempt"), _attempts.c.result.is_(None)).values(result=bindparam("result"))
)

_SETTLES_THE_WISH = {
    Outcome.DO_NOT_CALL: "must not be called again",
    Outcome.WRONG_NUMBER: "it is somebody else's number",
    Outcome.TRANSFERRED: "handed over to a person in this call",
}
"""Outcomes after which nobody need, or may, call who had asked for a person: why."""


def _new(table: Table, *columns: str) -> dict[str, BindParameter[Any]]:
    return {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in columns}


_END_ATTEMPT = Statement(
    update(_attempts)
    .where(_attempts.c.id == bindparam("attempt"), _attempts.c.state != "ended")
    .values(
        _new(
            _attempts,
            *("state", "call_id", "placed_at", "ended_at", "charged", "disconnected_by", "outcome", "disposition"),
            *("sip_status", "phone_rang", "fault", "call_duration_seconds", "result"),
        )
    )
)
_MOVE_LEAD = Statement(
    update(_leads)
    .where(_leads.c.id == bindparam("lead"), _leads.c.state == bindparam("from_state"), _leads.c.attempt_id == bindparam("attempt"))
    .values(
        queue=None,
        lease_token=None,
        **_new(
            _leads,
            "state",
            "due_at",
            "attempts",
            "uncharged",
            "attempt_id",
            "outcome",
            "disposition",
            "note",
            "updated_at",
            "numbers",
            "place",
        ),
    )
)


@dataclass(frozen=True)
class Receipt:
    """What became of a result: `applied`, `repeated` (seen before), `unknown` (not one of our attempts).

    `moved`: a lead that was being dialled has moved on by it, and is dialled again at `due_at`, if at all.
    """

    status: str
    campaign_id: str | None = None
    moved: bool = field(default=False, compare=False)
    due_at: datetime | None = field(default=None, compare=False)


Suppress = Callable[[Connection, Sequence[str], str | None, str, datetime], None]
"""Puts numbers on the suppression list: the numbers, the lines (None: all), the call in which the person asked, when."""


def receive_result(
    connection: Connection,
    ids: Ids,
    payload: dict[str, Any],
    now: datetime,
    placement: Placement | None = None,
    suppress: Suppress | None = None,
) -> Receipt:
    """Take in one call result, in the caller's transaction.

    Args:
        payload: the call result, as in the integration guide and docs/results.md.
        placement: the answer of the attempt's dialout, if it is not written yet.
        suppress: takes the other numbers of a person who asked not to be called; the call engine suppresses the one that was dialled.
    """
    attempt_id = payload.get("idempotency_key")
    found = _read(connection, attempt_id) if attempt_id else None
    if found is None:
        return Receipt("unknown")
    assert attempt_id is not None
    campaign, lead = found
    if lead.attempt_state in {"ended", "held"}:
        if not lead.has_result:  # it was held, or ended without one
            _LATE.run(connection, attempt=attempt_id, result=payload)
        if not lead.has_result or lead.call_id != payload["session_id"]:
            state = lead.attempt_state
            log.warning("the result of call %s came for attempt %s, which had %s already", payload["session_id"], attempt_id, state)
        return Receipt("repeated", campaign.id)
    facts = ResultFacts.of(payload)
    turn, is_charged = _decision_on(connection, ids, campaign, lead, attempt_id, facts, now)
    decision = turn.decision
    placed_at = lead.placed_at or (placement.at if placement is not None else None)
    _end_attempt(connection, attempt_id, placed_at, payload, decision, is_charged, now)
    if decision.outcome is Outcome.DO_NOT_CALL and lead.numbers and suppress is not None:
        suppress(connection, [number["phone"] for number in lead.numbers], campaign.lines, payload["session_id"], now)
    if decision.outcome is Outcome.WANTS_PERSON:
        ask_for_a_person(connection, campaign.id, lead.id, attempt_id, payload, facts.callback_at, now)
    elif lead.asked_for_a_person and (why := _SETTLES_THE_WISH.get(decision.outcome)):
        close_handoff(connection, lead.id, payload["session_id"], why, now)
    if lead.state not in FINAL and lead.attempt_id == attempt_id:
        _move_lead(connection, lead, attempt_id, payload, turn, is_charged, now, placement)
        return Receipt("applied", campaign.id, lead.state in CLAIMED, decision.due_at)
    log.warning("the result of attempt %s came for a lead that had moved on (%s)", attempt_id, lead.state)
    return Receipt("applied", campaign.id)


@dataclass(frozen=True)
class _Campaign:
    """What counts of a lead's campaign."""

    id: str
    state: str
    settings: dict[str, Any]
    lines: str | None


def _read(connection: Connection, attempt_id: str) -> tuple[_Campaign, AnyRow] | None:
    """The campaign of an attempt, and its lead with the attempt, locked in this order; None if there is no such attempt."""
    if connection.dialect.name == "sqlite":
        row = _BOTH.run(connection, attempt_id=attempt_id).first()
        return None if row is None else (_Campaign(row.campaign_id, row.campaign_state, row.settings, row.lines), row)
    row = _CAMPAIGN.run(connection, attempt_id=attempt_id).first()
    if row is None:
        return None
    return _Campaign(row.id, row.state, row.settings, row.lines), _LEAD.run(connection, lead_id=row.lead_id, attempt_id=attempt_id).one()


def _decision_on(
    connection: Connection, ids: Ids, campaign: _Campaign, lead: AnyRow, attempt_id: str, facts: ResultFacts, now: datetime
) -> tuple[Turn, bool]:
    outcome, is_charged = derive_outcome(facts), charged(facts)
    asks = outcome in {Outcome.CALLBACK, Outcome.WANTS_PERSON}
    callbacks = _count_callbacks(connection, lead.id) if asks else 0  # nothing else asks for them
    uncharged = _uncharged(lead, outcome, is_charged=is_charged)
    if outcome is Outcome.TRUNK_BUSY:  # these have a count of their own: a full trunk uses up nothing of the lead
        uncharged = _count_busy(connection, lead.id) + 1
    config = CampaignConfig.model_validate(campaign.settings)
    decision = decide(
        outcome,
        attempts_charged=lead.attempts + is_charged,
        attempts_uncharged=uncharged,
        callbacks=callbacks,
        policy=config.retry_policy(),
        now=now,
        stream=ids.stream("retry", attempt_id),
        callback_at=facts.callback_at,
        untimed=_untimed(connection, lead.id, now) if asks and facts.callback_at is None else (),
        asked_for_a_person=lead.asked_for_a_person,
    )
    turn = Turn(decision, lead.numbers, lead.place)
    if lead.numbers is not None and not lead.asked_for_a_person:
        turn = next_turn(
            decision,
            lead.numbers,
            lead.place,
            attempts_charged=lead.attempts + is_charged,
            attempts_uncharged=uncharged,
            policy=config.retry_policy(),
            rule=config.next_number,
            now=now,
        )
    decision = within(turn.decision, lead.expires_at)
    if campaign.state in {"stopping", "stopped"} and decision.due_at is not None:
        decision = Decision(outcome=outcome, state="stopped", due_at=None, event="stopped", note="the campaign was stopped")
    return replace(turn, decision=decision), is_charged


def _count_callbacks(connection: Connection, lead_id: int) -> int:
    return int(_CALLBACKS.run(connection, lead=lead_id).one()[0])


def _untimed(connection: Connection, lead_id: int, now: datetime) -> list[datetime]:
    """When callbacks at no particular time were agreed on in the last 24 hours."""
    return [row.at for row in _UNTIMED.run(connection, lead=lead_id, since=now - timedelta(days=1))]


def _count_busy(connection: Connection, lead_id: int) -> int:
    query = select(func.count()).select_from(_attempts).where(_attempts.c.lead_id == lead_id, _attempts.c.outcome == Outcome.TRUNK_BUSY)
    return connection.execute(query).scalar_one()


def _uncharged(lead: AnyRow, outcome: Outcome, *, is_charged: bool) -> int:
    """The lead's dials that could not ring, with this one."""
    return int(lead.uncharged) + (not is_charged and outcome is not Outcome.TRUNK_BUSY)


def _end_attempt(
    connection: Connection,
    attempt_id: str,
    placed_at: datetime | None,
    payload: dict[str, Any],
    decision: Decision,
    is_charged: bool,
    now: datetime,
) -> None:
    _END_ATTEMPT.run(
        connection,
        attempt=attempt_id,
        new_state="held" if decision.state == "held" else "ended",
        new_call_id=payload["session_id"],
        new_placed_at=placed_at or now,
        new_ended_at=now,
        new_charged=is_charged,
        new_disconnected_by=payload.get("disconnected_by"),
        new_outcome=decision.outcome,
        new_disposition=payload.get("disposition"),
        new_sip_status=payload.get("sip_status"),
        new_phone_rang=payload.get("phone_rang"),
        new_fault=payload.get("fault"),
        new_call_duration_seconds=payload.get("call_duration_seconds"),
        new_result=payload,
    )


def _move_lead(
    connection: Connection,
    lead: AnyRow,
    attempt_id: str,
    payload: dict[str, Any],
    turn: Turn,
    is_charged: bool,
    now: datetime,
    placement: Placement | None,
) -> None:
    decision = turn.decision
    changes = [change_by(placement)] if placement is not None and lead.state == "claimed" else []
    from_state = "dialling" if changes else lead.state
    state = next_state(from_state, decision.event)
    _MOVE_LEAD.run(
        connection,
        lead=lead.id,
        from_state=lead.state,
        attempt=attempt_id,
        new_state=state,
        new_due_at=decision.due_at,
        new_attempts=lead.attempts + is_charged,
        new_uncharged=_uncharged(lead, decision.outcome, is_charged=is_charged),
        new_attempt_id=attempt_id if state == "held" else None,
        new_outcome=decision.outcome,
        new_disposition=payload.get("disposition"),
        new_note=_note(decision, payload),
        new_updated_at=now,
        new_numbers=turn.numbers,
        new_place=turn.place,
    )
    changes.append(Change(lead.id, now, from_state, decision.event, state, attempt_id, decision.note))
    add_changes(connection, changes)


def _note(decision: Decision, payload: dict[str, Any]) -> str | None:
    """Why the lead stands where it stands, for people: that our own process died goes before what was counted."""
    if decision.note and decision.state == "exhausted" and payload.get("end_reason") == "worker_died":
        return f"its process died in the call ({decision.note})"
    return decision.note or payload.get("remarks")
