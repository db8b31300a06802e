"""The dispatcher's next step. Pure: from the state of the campaign and the time to one step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Close", "Dial", "Over", "Paused", "Situation", "Step", "Wait", "next_step"]


@dataclass(frozen=True)
class Situation:
    """The state of a campaign.

    Attributes:
        state: the campaign's state; or `draining`: this process was asked to stop dialling; or `failing`: nothing can be dialled any
            longer, and the calls in progress are finishing.
        ready: whether leads could be dialled now.
        in_flight: leads being dialled or talked to.
        next_due: when the next waiting lead is due; None if none waits.
        window_open: whether the calling window is open.
        opens_at: when it opens next; None if never.
        hold_until: nothing is dialled until then, for `hold_reason`; None if dialling is not on hold.
        ending_calls: the calls in progress were ordered to end, and nothing is dialled until that is done.
    """

    state: str
    ready: bool
    in_flight: int
    next_due: datetime | None
    window_open: bool
    opens_at: datetime | None
    hold_until: datetime | None = None
    hold_reason: str | None = None
    ending_calls: bool = False


@dataclass(frozen=True)
class Dial:
    """Ask for capacity, claim, dial."""


@dataclass(frozen=True)
class Wait:
    """Nothing to do before `until` (None: before something happens); `hold` says why if leads are held back."""

    until: datetime | None
    hold: str | None = None


@dataclass(frozen=True)
class Paused:
    """On hold by an operator's order, with nothing in progress, until another order comes or this one has been carried out."""


@dataclass(frozen=True)
class Close:
    """The window never opens again: the waiting leads cannot be dialled."""

    reason: str


@dataclass(frozen=True)
class Over:
    """The campaign is over, by this event."""

    event: str


Step = Dial | Wait | Paused | Close | Over


def next_step(now: datetime, at: Situation) -> Step:
    """The next step of the dispatcher."""
    match at.state:
        case "running" if not at.ending_calls:
            return _running(now, at)
        case _ if at.in_flight:  # nothing is dialled, but calls in progress finish first
            return Wait(None, "the calls in progress are being ended, as was ordered" if at.state == "running" else None)
        case "paused" | "running":
            return Paused()
        case "stopping":
            return Over("drained")
        case "draining":
            return Over("interrupted")
        case "failing":
            return Over("failed")
        case _:
            return Over(at.state)


def _running(now: datetime, at: Situation) -> Step:
    if not at.ready:
        if at.next_due is None:
            return Wait(None) if at.in_flight else Over("finished")
        return Wait(at.next_due)
    if at.hold_until is not None and at.hold_until > now:
        return Wait(at.hold_until, at.hold_reason)
    if not at.window_open:
        if at.opens_at is None:
            return Close("The calling window of the campaign never opens again.")
        return Wait(at.opens_at, "outside the campaign's calling window")
    return Dial()
