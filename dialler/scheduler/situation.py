"""The situation of a campaign, by which `dialler.policy.steps` decides: from its row, its backlog and its holds. Pure."""

from __future__ import annotations

from datetime import datetime

from core.kernel.hours import is_open, next_opening
from dialler.campaigns.config import CallingWindow
from dialler.leads.progress import Backlog
from dialler.policy.steps import Situation
from dialler.scheduler.holds import Hold

__all__ = ["situation"]


def situation(state: str, work: Backlog, window: CallingWindow | None, hold: Hold | None, now: datetime, ending_calls: bool) -> Situation:
    """The situation of a campaign at a moment.

    Args:
        state: its state, or what its process knows better (`draining`, `failing`).
        work: its backlog.
        window: its calling window; None: always open.
        hold: the hold in force.
        now: the moment.
        ending_calls: the calls in progress were ordered to end.
    """
    window_open = window is None or is_open(window.hours, window.time_zone, now)
    return Situation(
        state=state,
        ready=work.ready,
        in_flight=work.in_flight,
        next_due=work.next_due,
        window_open=window_open,
        opens_at=now if window is None or window_open else next_opening(window.hours, window.time_zone, now),
        hold_until=hold.until if hold else None,
        hold_reason=hold.detail if hold else None,
        ending_calls=ending_calls,
    )
