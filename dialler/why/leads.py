"""Why one lead is not dialled. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row

from dialler.leads.states import CLAIMED
from dialler.why.account import Counts, Situation, Step, account_for

__all__ = ["explain_lead"]

_WORDS: Final = {
    "completed": "The callee was reached, or the outcome ends the lead.",
    "exhausted": "Its attempts are used up.",
    "suppressed": "Its number is on the do-not-call list.",
    "undialable": "Its number cannot be dialled.",
    "expired": "Its time was over before the callee was reached.",
    "stopped": "The campaign was stopped before it was reached.",
    "window_closed": "The calling window never opens again.",
    "held": "It may have been dialled: a process died between the order and its record.",
    "in_progress": "It is being dialled or talked to.",
    "not_yet": "It may not be called yet.",
    "retry_later": "It waits for its next attempt.",
    "callback_later": "The callee asked to be called back at a later time.",
}


def explain_lead(lead: Row[Any], at: Situation, in_flight: int, now: datetime) -> Step:
    """The step that a lead is in, with the binding reason.

    Args:
        lead: its row.
        at: the state of its campaign.
        in_flight: leads of the campaign that are being dialled or talked to.
        now: the current time, by the clock that the campaign runs by.
    """
    due = lead.queue is not None or (lead.due_at is not None and lead.due_at <= now)
    by_state = {lead.state: 1} if lead.state in CLAIMED else {lead.state: 1, "dialling": in_flight}
    later = {lead.state: lead.due_at} if lead.due_at is not None and not due else {}
    steps = account_for(Counts(by_state, {lead.state: 1} if due else {}, later), at, now).steps
    step = next(one for one in steps if lead.state in CLAIMED or one.name != "in_progress")
    if step.name == "ready":
        words = step.words if step.reason else "It is due, and is dialled as seats and the pace allow."
        return replace(step, count=1, words=words)
    said = _WORDS[step.name]
    return replace(step, count=1, words=f"{said} {lead.note}" if lead.note else said)
