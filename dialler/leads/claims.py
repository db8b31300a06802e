"""Taking leads to dial, and giving them back. Every write is fenced by (id, state, lease token)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, func, insert, select, update

from core.kernel.ids import Ids
from dialler.campaigns.tables import Campaign
from dialler.leads.history import add_history, add_history_of_many
from dialler.leads.states import CLAIMED, QUEUE_OF, WAITING, next_state
from dialler.leads.tables import Attempt, Lead, LeadHistory

__all__ = ["Claim", "claim", "close_waiting", "give_back", "mark_placed", "never_dialable", "promote_due"]

_campaigns = Campaign.__table__  # type: ignore[attr-defined]
_leads = Lead.__table__  # type: ignore[attr-defined]
_attempts = Attempt.__table__  # type: ignore[attr-defined]
_history = LeadHistory.__table__  # type: ignore[attr-defined]

_KIND_OF = {"pending": "first", "retry_scheduled": "retry", "callback_scheduled": "callback"}
_STATE_OF = {kind: state for state, kind in _KIND_OF.items()}


@dataclass(frozen=True)
class Claim:
    """A lead that was taken, with the attempt that is to be sent for it."""

    lead_id: int
    attempt_id: str
    kind: str
    phone: str
    variables: dict[str, Any]
    created_at: datetime


def promote_due(connection: Connection, campaign_id: str, now: datetime) -> int:
    """Move waiting leads whose time has come into the claim index; returns how many."""
    moved = connection.execute(
        update(_leads)
        .where(_leads.c.campaign_id == campaign_id, _leads.c.queue.is_(None), _leads.c.due_at <= now, _leads.c.state.in_(WAITING))
        .values(queue=case(QUEUE_OF, value=_leads.c.state))
    )
    return moved.rowcount


def claim(connection: Connection, ids: Ids, campaign_id: str, token: str, limit: int, now: datetime) -> list[Claim]:
    """Take up to `limit` leads, in the order callbacks, first attempts, retries, and make their attempts.

    Takes none unless the campaign is running and `token` owns its lease. The campaign's row is locked meanwhile, so that
    once a pause is committed no claim can follow. A lead whose last attempt was refused keeps that attempt and its id.
    """
    running = connection.execute(
        select(_campaigns.c.id)
        .where(_campaigns.c.id == campaign_id, _campaigns.c.state == "running", _campaigns.c.owner_token == token)
        .with_for_update(read=True)
    ).one_or_none()
    if running is None:
        return []
    chosen = connection.execute(
        select(_leads.c.id, _leads.c.state, _leads.c.attempt_id, _leads.c.phone, _leads.c.variables)
        .where(_leads.c.campaign_id == campaign_id, _leads.c.queue.is_not(None))
        .order_by(_leads.c.queue, _leads.c.due_at, _leads.c.position)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if not chosen:
        return []
    ids_taken = [row.id for row in chosen]
    last_numbers = connection.execute(
        select(_attempts.c.lead_id, func.max(_attempts.c.number)).where(_attempts.c.lead_id.in_(ids_taken)).group_by(_attempts.c.lead_id)
    )
    numbers: dict[int, int] = {row[0]: row[1] for row in last_numbers}
    claims, new, old = [], [], []
    for row in chosen:
        kind, attempt_id = _KIND_OF[row.state], row.attempt_id
        if attempt_id is None:
            number = numbers.get(row.id, 0) + 1
            attempt_id = ids.new("attempt", campaign_id, row.phone, number)
            new.append(
                {
                    "id": attempt_id,
                    "campaign_id": campaign_id,
                    "lead_id": row.id,
                    "number": number,
                    "kind": kind,
                    "state": "placing",
                    "created_at": now,
                    "sent_at": now,
                    "refusals": 0,
                }
            )
        else:
            old.append(attempt_id)
        claims.append(Claim(row.id, attempt_id, kind, row.phone, row.variables, now))
    if new:
        connection.execute(insert(_attempts), new)
    if old:
        connection.execute(
            update(_attempts).where(_attempts.c.id.in_(old), _attempts.c.state == "created").values(state="placing", sent_at=now)
        )
    attempt_of = case({c.lead_id: c.attempt_id for c in claims}, value=_leads.c.id)
    connection.execute(
        update(_leads)
        .where(_leads.c.id.in_(ids_taken), _leads.c.state.in_(WAITING))
        .values(state="claimed", queue=None, due_at=None, lease_token=token, attempt_id=attempt_of, updated_at=now)
    )
    connection.execute(
        insert(_history),
        [
            {
                "lead_id": c.lead_id,
                "at": now,
                "from_state": _STATE_OF[c.kind],
                "event": "claimed",
                "to_state": "claimed",
                "attempt_id": c.attempt_id,
                "note": None,
            }
            for c in claims
        ],
    )
    return claims


def mark_placed(connection: Connection, taken: Claim, token: str, call_id: str, now: datetime) -> None:
    """The dialout was answered with a call id. The result may have been faster: then only the call id is noted."""
    changed = connection.execute(
        update(_leads)
        .where(
            _leads.c.id == taken.lead_id,
            _leads.c.state == "claimed",
            _leads.c.lease_token == token,
            _leads.c.attempt_id == taken.attempt_id,
        )
        .values(state="dialling", updated_at=now)
    )
    connection.execute(
        update(_attempts).where(_attempts.c.id == taken.attempt_id, _attempts.c.call_id.is_(None)).values(call_id=call_id, placed_at=now)
    )
    connection.execute(update(_attempts).where(_attempts.c.id == taken.attempt_id, _attempts.c.state == "placing").values(state="placed"))
    if changed.rowcount:
        add_history(connection, taken.lead_id, now, "claimed", "placed", "dialling", taken.attempt_id)


def give_back(
    connection: Connection, lead_id: int, attempt_id: str, token: str | None, due_at: datetime, why: str, now: datetime, *, at_once: bool
) -> bool:
    """Nothing was placed: the lead waits again where it was, and its attempt will be sent under the same id.

    Returns False, having changed nothing, if the lead is no longer claimed for that attempt under that token.

    Args:
        token: the lease token that the lead was claimed under.
        due_at: when it is to be tried again.
        at_once: whether it keeps its place in the claim index (the hold is the campaign's, not the lead's).
    """
    kind = connection.execute(select(_attempts.c.kind).where(_attempts.c.id == attempt_id)).scalar_one()
    state = _STATE_OF[kind]
    from_state = connection.execute(select(_leads.c.state).where(_leads.c.id == lead_id).with_for_update()).scalar_one()
    changed = connection.execute(
        update(_leads)
        .where(_leads.c.id == lead_id, _leads.c.state.in_(CLAIMED), _leads.c.attempt_id == attempt_id, _leads.c.lease_token == token)
        .values(state=state, queue=QUEUE_OF[state] if at_once else None, due_at=due_at, lease_token=None, note=why, updated_at=now)
    )
    if changed.rowcount != 1:
        return False
    next_state(from_state, f"refused_{kind}")
    connection.execute(
        update(_attempts)
        .where(_attempts.c.id == attempt_id, _attempts.c.state.in_(("placing", "created")))
        .values(state="created", refusals=_attempts.c.refusals + 1, last_refusal=why)
    )
    add_history(connection, lead_id, now, from_state, f"refused_{kind}", state, attempt_id, why)
    return True


def never_dialable(connection: Connection, taken: Claim, token: str, event: str, why: str, now: datetime) -> None:
    """The core refused the number for good: suppressed, or not dialable. The attempt ends, uncharged."""
    state = next_state("claimed", event)
    changed = connection.execute(
        update(_leads)
        .where(_leads.c.id == taken.lead_id, _leads.c.state == "claimed", _leads.c.lease_token == token)
        .values(
            state=state,
            lease_token=None,
            attempt_id=None,
            outcome=event,
            disposition="DO_NOT_CALL" if state == "suppressed" else "INVALID_NUMBER",
            note=why,
            updated_at=now,
        )
    )
    if changed.rowcount == 1:
        connection.execute(
            update(_attempts)
            .where(_attempts.c.id == taken.attempt_id)
            .values(state="ended", ended_at=now, charged=False, outcome=event, last_refusal=why)
        )
        add_history(connection, taken.lead_id, now, "claimed", event, state, taken.attempt_id, why)


def close_waiting(connection: Connection, campaign_id: str, event: str, now: datetime) -> int:
    """End every waiting lead of a campaign (`stopped`, or `window_closed`); returns how many."""
    which = and_(_leads.c.campaign_id == campaign_id, _leads.c.state.in_(WAITING))
    state = next_state("pending", event)
    add_history_of_many(connection, which, now, event, state)
    connection.execute(
        update(_attempts)
        .where(_attempts.c.campaign_id == campaign_id, _attempts.c.state == "created")
        .values(state="ended", ended_at=now, charged=False, outcome=event)
    )
    closed = connection.execute(update(_leads).where(which).values(state=state, queue=None, due_at=None, attempt_id=None, updated_at=now))
    return closed.rowcount
