"""Taking leads to dial, and what the answer of the dialout does to them.

Every write is fenced by (id, state, lease token, attempt): who comes late changes nothing, and is logged.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, bindparam, func, or_, select, update

from core.kernel.database import UtcDateTime
from core.kernel.ids import Ids
from core.kernel.statements import AnyRow, Bulk, Insert, Statement, one_of, table_of
from dialler.campaigns.store import lock_campaign
from dialler.leads.history import Change, add_changes, add_history
from dialler.leads.states import CLAIMED, QUEUE_OF, WAITING, next_state
from dialler.leads.tables import Attempt, Lead

__all__ = ["Claim", "Undialled", "claim", "end_undialled", "give_back", "note_failed_dialout", "number_in_turn", "still_ours"]

log = logging.getLogger(__name__)

_leads, _attempts = table_of(Lead), table_of(Attempt)

_KIND_OF: Final = {"pending": "first", "retry_scheduled": "retry", "callback_scheduled": "callback"}
_STATE_OF: Final = {kind: state for state, kind in _KIND_OF.items()}

_NEXT = Statement(
    select(
        _leads.c.id,
        _leads.c.state,
        _leads.c.attempt_id,
        _leads.c.phone,
        _leads.c.numbers,
        _leads.c.place,
        _leads.c.variables,
        select(func.max(_attempts.c.number)).where(_attempts.c.lead_id == _leads.c.id).scalar_subquery().label("last_number"),
    )
    .where(_leads.c.campaign_id == bindparam("campaign_id"), _leads.c.queue.is_not(None))
    .where(or_(_leads.c.expires_at.is_(None), _leads.c.expires_at > bindparam("now", type_=UtcDateTime)))
    .order_by(_leads.c.queue, _leads.c.due_at, _leads.c.position)
    .limit(bindparam("at_most"))
    .with_for_update(skip_locked=True, of=_leads)
)
_FENCE = Statement(
    select(_leads.c.state)
    .where(
        _leads.c.id == bindparam("lead"),
        one_of(_leads.c.state, CLAIMED),
        _leads.c.attempt_id == bindparam("attempt"),
        _leads.c.lease_token == bindparam("token"),
    )
    .with_for_update()
)
_ADD_ATTEMPTS = Insert(
    _attempts,
    (
        *("id", "campaign_id", "lead_id", "phone", "number", "kind", "state"),
        *("created_at", "sent_at", "refusals", "failed_dialouts"),
    ),
)
_SEND_AGAIN = Bulk(
    {"attempt": _attempts.c.id, "now": _attempts.c.sent_at},
    lambda given: (
        update(_attempts)
        .where(_attempts.c.id == given.c.attempt, _attempts.c.state == "created")
        .values(state="placing", sent_at=given.c.now)
    ),
)
_TAKE = Bulk(
    {"lead": _leads.c.id, "attempt": _leads.c.attempt_id, "token": _leads.c.lease_token, "now": _leads.c.updated_at},
    lambda given: (
        update(_leads)
        .where(_leads.c.id == given.c.lead, one_of(_leads.c.state, WAITING))
        .values(
            state="claimed",
            queue=None,
            due_at=None,
            lease_token=given.c.token,
            attempt_id=given.c.attempt,
            updated_at=given.c.now,
        )
    ),
)

Undialled = Literal["number_suppressed", "number_refused", "lead_refused", "not_received"]
"""Why a lead ends without having been dialled: the core refuses its number, because of the suppression list or as not
dialable; or what it was sent for this lead; or the dialouts of this lead never reached it."""
_DISPOSITION_OF: Final[dict[Undialled, str]] = {
    "number_suppressed": "DO_NOT_CALL",
    "number_refused": "INVALID_NUMBER",
    "lead_refused": "ERROR",
    "not_received": "ERROR",
}


@dataclass(frozen=True)
class Claim:
    """A lead that was taken, with the attempt that is to be sent for it."""

    campaign_id: str
    lead_id: int
    attempt_id: str
    kind: str
    phone: str
    variables: dict[str, Any]
    created_at: datetime


def claim(
    connection: Connection, ids: Ids, campaign_id: str, token: str, limit: int, now: datetime, *, locked: AnyRow | None = None
) -> list[Claim]:
    """Take up to `limit` leads, in the order callbacks, first attempts, retries, and make their attempts.

    Takes none unless the campaign is running, `token` owns its lease, and no order to end its calls stands. The campaign's
    row is locked meanwhile, so that once a pause is committed no claim can follow. A lead whose last attempt was refused
    keeps that attempt and its id. `locked` is the campaign's row, if it is locked already.
    """
    campaign = lock_campaign(connection, campaign_id) if locked is None else locked
    if campaign.state != "running" or campaign.owner_token != token or campaign.end_calls:
        return []
    chosen = _NEXT.run(connection, campaign_id=campaign_id, at_most=limit, now=now).rows
    if not chosen:
        return []
    claims, new, old = [], [], []
    for row in chosen:
        kind, attempt_id = _KIND_OF[row.state], row.attempt_id
        phone = number_in_turn(row.phone, row.numbers, row.place)
        if attempt_id is None:
            number = (row.last_number or 0) + 1
            attempt_id = ids.new("attempt", campaign_id, row.phone, number)
            new.append(
                {
                    "id": attempt_id,
                    "campaign_id": campaign_id,
                    "lead_id": row.id,
                    "phone": phone,
                    "number": number,
                    "kind": kind,
                    "state": "placing",
                    "created_at": now,
                    "sent_at": now,
                    "refusals": 0,
                    "failed_dialouts": 0,
                }
            )
        else:
            old.append(attempt_id)
        claims.append(Claim(campaign_id, row.id, attempt_id, kind, phone, row.variables, now))
    _ADD_ATTEMPTS.run(connection, new)
    _SEND_AGAIN.run(connection, ({"attempt": attempt_id, "now": now} for attempt_id in old))
    _TAKE.run(connection, ({"lead": c.lead_id, "attempt": c.attempt_id, "token": token, "now": now} for c in claims))
    add_changes(connection, (Change(c.lead_id, now, _STATE_OF[c.kind], "claimed", "claimed", c.attempt_id) for c in claims))
    return claims


def number_in_turn(phone: str, numbers: Sequence[Mapping[str, Any]] | None, place: int) -> str:
    """The number of a lead that is dialled next."""
    return str(numbers[place]["phone"]) if numbers and place < len(numbers) else phone


def still_ours(connection: Connection, taken: Claim, token: str | None, what: str) -> str | None:
    """Lock a claimed lead. Returns its state; None, and logs it, if it is not claimed for that attempt under that token any more.

    The campaign must be locked already.

    Args:
        connection: a transaction that may write.
        taken: the lead and its attempt.
        token: the lease token that the lead was claimed under.
        what: what comes too late then, for the log.
    """
    state: str | None = _FENCE.run(connection, lead=taken.lead_id, attempt=taken.attempt_id, token=token).scalar()
    if state is None:
        log.warning("%s of attempt %s came too late: lead %s has moved on, and stays as it is", what, taken.attempt_id, taken.lead_id)
    return state


def note_failed_dialout(connection: Connection, taken: Claim, token: str, why: str) -> None:
    """Count a dialout that went wrong; whether the core has received it is not known."""
    lock_campaign(connection, taken.campaign_id)
    if still_ours(connection, taken, token, "a failed dialout") is not None:
        connection.execute(
            update(_attempts)
            .where(_attempts.c.id == taken.attempt_id)
            .values(failed_dialouts=_attempts.c.failed_dialouts + 1, last_refusal=why)
        )


def give_back(connection: Connection, taken: Claim, token: str | None, due_at: datetime, why: str, now: datetime, *, at_once: bool) -> bool:
    """Nothing was placed: the lead waits again where it was, and its attempt will be sent under the same id.

    If the campaign was stopped meanwhile, the lead is. Returns False, having changed nothing, if it is no longer claimed
    for that attempt under that token.

    Args:
        connection: a transaction that may write.
        taken: the lead and its attempt.
        token: the lease token that the lead was claimed under.
        due_at: when it is to be tried again.
        why: for people.
        now: the moment it is.
        at_once: whether it keeps its place in the claim index (the hold is the campaign's, not the lead's).
    """
    stopped = lock_campaign(connection, taken.campaign_id).state in {"stopping", "stopped"}
    from_state = still_ours(connection, taken, token, "the refusal")
    if from_state is None:
        return False
    if stopped:
        _end(connection, taken, from_state, "stopped", "stopped", now, note="the campaign was stopped")
        return True
    event, state = f"refused_{taken.kind}", _STATE_OF[taken.kind]
    next_state(from_state, event)
    connection.execute(
        update(_leads)
        .where(_leads.c.id == taken.lead_id)
        .values(state=state, queue=QUEUE_OF[state] if at_once else None, due_at=due_at, lease_token=None, note=why, updated_at=now)
    )
    connection.execute(
        update(_attempts)
        .where(_attempts.c.id == taken.attempt_id, _attempts.c.state.in_(("placing", "created")))
        .values(state="created", refusals=_attempts.c.refusals + 1, last_refusal=why)
    )
    add_history(connection, taken.lead_id, now, from_state, event, state, taken.attempt_id, why)
    return True


def end_undialled(connection: Connection, taken: Claim, token: str | None, cause: Undialled, why: str, now: datetime) -> bool:
    """It can never be dialled: the lead and its attempt end, uncharged. The dialouts that failed count as dials that could not ring.

    Returns False, having changed nothing, if it is no longer claimed for that attempt under that token.
    """
    lock_campaign(connection, taken.campaign_id)
    from_state = still_ours(connection, taken, token, "the refusal")
    if from_state is None:
        return False
    values: dict[str, Any] = {"note": why, "disposition": _DISPOSITION_OF[cause], "outcome": cause}
    if cause == "number_refused" and (following := _next_number(connection, taken, why)) is not None:
        _end(connection, taken, from_state, "next_number", cause, now, **values, **following, due_at=now)
        return True
    _end(connection, taken, from_state, cause, cause, now, **values)
    return True


def _next_number(connection: Connection, taken: Claim, why: str) -> dict[str, Any] | None:
    """The number that cannot be dialled, closed, and the place of the next one; None if the lead has no other."""
    lead = connection.execute(select(_leads.c.numbers, _leads.c.place).where(_leads.c.id == taken.lead_id)).one()
    if not lead.numbers:
        return None
    numbers = [{**number, "closed": why} if at == lead.place else number for at, number in enumerate(lead.numbers)]
    place = next((at for at, number in enumerate(numbers) if not number.get("closed")), None)
    return None if place is None else {"numbers": numbers, "place": place}


def _end(connection: Connection, taken: Claim, from_state: str, event: str, attempt_outcome: str, now: datetime, **values: Any) -> None:
    state = next_state(from_state, event)
    failed = select(_attempts.c.failed_dialouts).where(_attempts.c.id == taken.attempt_id).scalar_subquery()
    connection.execute(
        update(_leads)
        .where(_leads.c.id == taken.lead_id)
        .values(state=state, lease_token=None, attempt_id=None, uncharged=_leads.c.uncharged + failed, updated_at=now, **values)
    )
    connection.execute(
        update(_attempts)
        .where(_attempts.c.id == taken.attempt_id)
        .values(state="ended", ended_at=now, charged=False, outcome=attempt_outcome, last_refusal=values["note"])
    )
    add_history(connection, taken.lead_id, now, from_state, event, state, taken.attempt_id, values["note"])
