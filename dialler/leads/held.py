"""Leads that may have been dialled: nobody can know, so a person says what is true, and only then they move on.

A lead is held when its process died between the order to dial and the record that the call had left, for example. It is never
dialled again silently. Who looks (at the carrier's list of calls, or by asking the callee) resolves it:

* dialled: the lead is completed, its attempt stays charged;
* not dialled: the attempt is not charged any more, and the lead waits for a new one, with a new id.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from core.kernel.statements import table_of
from dialler.campaigns.store import lock_campaign
from dialler.leads.claims import Claim, still_ours
from dialler.leads.history import add_history
from dialler.leads.states import QUEUE_OF, next_state
from dialler.leads.tables import Attempt, Lead

__all__ = ["NOT_DIALLED", "NotHeld", "hold", "resolve"]

NOT_DIALLED = "not_dialled"
"""Outcome of an attempt of which a person said that it never left."""

_leads = table_of(Lead)
_attempts = table_of(Attempt)

_NOTES = {True: "a person said that it was dialled", False: "a person said that it was not dialled"}


class NotHeld(Exception):
    """The lead is not held: there is nothing to resolve."""


def hold(connection: Connection, taken: Claim, token: str | None, why: str, now: datetime) -> bool:
    """Hold a claimed lead whose attempt may have been dialled; the attempt is charged.

    Returns False, having changed nothing, if the lead is no longer claimed for that attempt under that lease token.
    """
    lock_campaign(connection, taken.campaign_id)
    from_state = still_ours(connection, taken, token, "the hold")
    if from_state is None:
        return False
    connection.execute(
        update(_leads)
        .where(_leads.c.id == taken.lead_id)
        .values(state="held", lease_token=None, attempts=_leads.c.attempts + 1, outcome="held", note=why, updated_at=now)
    )
    connection.execute(
        update(_attempts).where(_attempts.c.id == taken.attempt_id).values(state="held", charged=True, outcome="held", ended_at=now)
    )
    add_history(connection, taken.lead_id, now, from_state, "held", next_state(from_state, "held"), taken.attempt_id, why)
    return True


def resolve(connection: Connection, lead_id: int, *, dialled: bool, now: datetime) -> str:
    """Say what is true of a held lead, in the caller's transaction. Returns its new state.

    Args:
        connection: a transaction that may write.
        lead_id: the lead.
        dialled: whether the callee's phone was dialled.
        now: the campaign's time; a lead that was not dialled is due from then on.

    Raises:
        NotHeld: it is in another state, or does not exist.
    """
    campaign_id = connection.execute(select(_leads.c.campaign_id).where(_leads.c.id == lead_id)).scalar_one_or_none()
    if campaign_id is None:
        raise NotHeld(f"There is no lead {lead_id}.")
    lock_campaign(connection, campaign_id)
    lead = connection.execute(select(_leads).where(_leads.c.id == lead_id).with_for_update()).one()
    if lead.state != "held":
        raise NotHeld(f"Lead {lead_id} is {lead.state}, not held: there is nothing to resolve.")
    event = "resolved_as_dialled" if dialled else "resolved_as_not_dialled"
    state = next_state(lead.state, event)
    values: dict[str, Any] = {"state": state, "attempt_id": None, "note": _NOTES[dialled], "updated_at": now}
    if not dialled:
        was_charged = _end_attempt(connection, lead.attempt_id, now)
        values |= {
            "queue": QUEUE_OF[state],
            "due_at": now,
            "attempts": lead.attempts - was_charged,
            "uncharged": lead.uncharged + was_charged,
            "disposition": None,
            "outcome": None,
        }
    else:
        connection.execute(update(_attempts).where(_attempts.c.id == lead.attempt_id, _attempts.c.state == "held").values(state="ended"))
    connection.execute(update(_leads).where(_leads.c.id == lead_id, _leads.c.state == "held").values(**values))
    add_history(connection, lead_id, now, "held", event, state, lead.attempt_id, _NOTES[dialled])
    return state


def _end_attempt(connection: Connection, attempt_id: str | None, now: datetime) -> bool:
    """End the attempt as never dialled. Returns whether it was charged before."""
    attempt = connection.execute(select(_attempts).where(_attempts.c.id == attempt_id, _attempts.c.state == "held")).one_or_none()
    if attempt is None:
        return False
    connection.execute(
        update(_attempts)
        .where(_attempts.c.id == attempt_id, _attempts.c.state == "held")
        .values(state="ended", charged=False, outcome=NOT_DIALLED, ended_at=attempt.ended_at or now)
    )
    return bool(attempt.charged)
