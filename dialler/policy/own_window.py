"""The calling window for one lead: public holidays of the callee's own part of a country. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.kernel.hours import HoursConfig, is_open, next_opening
from core.kernel.numbers import place_of
from dialler.campaigns.config import CallingWindow

__all__ = ["Closed", "closed_for"]

_NEVER_OPEN = timedelta(days=1)
"""When a lead is looked at again whose window seems never to open."""


@dataclass(frozen=True)
class Closed:
    """The window is closed for this callee though it is open for others: until when, and why, for people."""

    opens_at: datetime
    why: str


def closed_for(window: CallingWindow | None, phone: str, now: datetime) -> Closed | None:
    """Whether an open window is closed for the owner of a number, because it is a holiday where they are. None if it is not.

    Args:
        window: the campaign's calling window; None if it has none.
        phone: the lead's number (E.164).
        now: the current time.
    """
    if window is None or not window.holidays:
        return None
    place = place_of(phone)
    own: HoursConfig = window.for_callee(place.country, place.parts)
    if own is window or is_open(own, window.time_zone, now):
        return None
    names = ", ".join(own.holidays)
    where = "" if place.parts else " (the number does not tell the part, so the holidays of all count)"
    opens_at = next_opening(own, window.time_zone, now) or now + _NEVER_OPEN
    return Closed(opens_at, f"not called on a public holiday of {names}{where}")
