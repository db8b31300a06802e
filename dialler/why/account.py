"""Accounts for every lead of a campaign: in which step it is, until when, and what would move it on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from dialler.leads.states import CLAIMED, FINAL, WAITING

__all__ = ["Account", "Blocker", "Counts", "Situation", "Step", "account_for", "blocker_of"]

StepName = Literal[
    "rejected",
    "completed",
    "exhausted",
    "suppressed",
    "undialable",
    "expired",
    "stopped",
    "window_closed",
    "held",
    "in_progress",
    "not_yet",
    "retry_later",
    "callback_later",
    "ready",
]


@dataclass(frozen=True)
class Step:
    """Leads that are at the same point.

    Attributes:
        name: for programs.
        count: how many.
        words: what holds them, in a sentence.
        clears_at: when the first of them moves on by itself; None: not known, or never.
        remedy: what would move them on; empty if nothing has to be done.
        reason: for `ready`: the name of what the whole campaign waits for (`Blocker.name`); else empty.
    """

    name: StepName
    count: int
    words: str
    clears_at: datetime | None = None
    remedy: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Counts:
    """Where the leads are.

    Attributes:
        by_state: imported leads by state, all of them.
        ready: of the waiting ones, by state, those that are due.
        next_due: of the waiting ones that are not due, by state, the earliest time.
        rejected: rows of the lead files that were not imported.
    """

    by_state: Mapping[str, int]
    ready: Mapping[str, int] = field(default_factory=dict)
    next_due: Mapping[str, datetime] = field(default_factory=dict)
    rejected: int = 0


@dataclass(frozen=True)
class Situation:
    """The state of the campaign as a whole.

    Attributes:
        state: as `dialler.campaigns.states` has it.
        reason: why it is paused, stopped or failed.
        attended: whether a live process dials for it.
        hold_reason: why its process does not dial, though it runs; None if it does.
        hold_until: until when.
        limit: most calls at once (`concurrency_limit`).
    """

    state: str
    reason: str | None = None
    attended: bool = True
    hold_reason: str | None = None
    hold_until: datetime | None = None
    limit: int = 0


@dataclass(frozen=True)
class Blocker:
    """What keeps leads that are due from being dialled; `name` is for programs."""

    name: str
    words: str
    clears_at: datetime | None = None
    remedy: str = ""


@dataclass(frozen=True)
class Account:
    """Every lead of a campaign, and every rejected row.

    Attributes:
        rows: rows of the lead files: imported and rejected.
        leads: those that were imported.
        steps: without empty ones; their counts add up to `rows`.
        blocker: what the leads that are due wait for; None if none waits, or they are being dialled.
    """

    rows: int
    leads: int
    steps: tuple[Step, ...]
    blocker: Blocker | None


_DONE: Final[dict[str, tuple[StepName, str, str]]] = {
    "completed": ("completed", "They were reached, or their outcome ends them.", ""),
    "exhausted": ("exhausted", "Their attempts are used up.", "Raise max_attempts, or clone the campaign, to try them again."),
    "suppressed": ("suppressed", "Their numbers are on the do-not-call list.", ""),
    "undialable": ("undialable", "Their numbers cannot be dialled.", "Correct the numbers and import them again."),
    "expired": ("expired", "Their time was over before they were reached.", "Import them again with a later time."),
    "stopped": ("stopped", "The campaign was stopped before they were reached.", "Start the campaign again."),
    "window_closed": ("window_closed", "The calling window never opens again.", "Change the calling window and start again."),
    "held": (
        "held",
        "They may have been dialled: a process died between the order and its record.",
        "Decide for each: dialler leads held.",
    ),
}
_LATER: Final[dict[str, tuple[StepName, str]]] = {
    "callback_scheduled": ("callback_later", "They asked to be called back at a later time."),
    "retry_scheduled": ("retry_later", "They wait for their next attempt."),
    "pending": ("not_yet", "They may not be called yet."),
}


def blocker_of(at: Situation, in_flight: int, now: datetime) -> Blocker | None:
    """What keeps due leads of a campaign from being dialled, the most binding reason first; None if they are being dialled."""
    because = f": {at.reason}" if at.reason else ""
    match at.state:
        case "draft":
            return Blocker("draft", "The campaign was not started.", None, "Start it.")
        case "paused":
            return Blocker("paused", f"The campaign is paused{because}.".replace("..", "."), None, "Resume it.")
        case "stopping":
            return Blocker("stopping", "The campaign is being stopped.")
        case "stopped" | "completed" | "failed":
            return Blocker(at.state, f"The campaign is {at.state}{because}.".replace("..", "."), None, "Start it again.")
    if not at.attended:
        return Blocker("unattended", "No process dials for the campaign.", None, "Start one: dialler serve, or dialler run.")
    if at.hold_reason is not None and (at.hold_until is None or at.hold_until > now):
        return Blocker("on_hold", f"{at.hold_reason[:1].upper()}{at.hold_reason[1:]}.".replace("..", "."), at.hold_until)
    if at.limit and in_flight >= at.limit:
        words = f"The campaign makes as many calls at once as its own limit allows ({at.limit})."
        return Blocker("concurrency_limit", words, None, "Raise concurrency_limit, or wait: each call that ends lets the next one out.")
    return None


def account_for(counts: Counts, at: Situation, now: datetime) -> Account:
    """Account for every lead.

    Args:
        counts: where the leads are.
        at: the state of the campaign.
        now: the current time, by the campaign's clock.
    """
    in_flight = sum(counts.by_state.get(state, 0) for state in CLAIMED)
    due = sum(min(counts.ready.get(state, 0), counts.by_state.get(state, 0)) for state in WAITING)
    blocker = blocker_of(at, in_flight, now) if due else None
    leads = sum(number for state, number in counts.by_state.items() if state != "staged")
    steps = [Step("rejected", counts.rejected, "Their rows could not be imported.", None, "Correct them: dialler leads rejected.")]
    steps += [Step(name, counts.by_state.get(state, 0), words, None, remedy) for state, (name, words, remedy) in _DONE.items()]
    steps.append(Step("in_progress", in_flight, "They are being dialled or talked to."))
    for state, (name, words) in _LATER.items():
        later = max(counts.by_state.get(state, 0) - counts.ready.get(state, 0), 0)
        steps.append(Step(name, later, words, counts.next_due.get(state)))
    if blocker is None:
        steps.append(Step("ready", due, "They are due, and are dialled as seats and the pace allow."))
    else:
        steps.append(Step("ready", due, blocker.words, blocker.clears_at, blocker.remedy, blocker.name))
    found = tuple(step for step in steps if step.count)
    assert set(counts.by_state) <= {"staged", *WAITING, *CLAIMED, *FINAL}
    return Account(leads + counts.rejected, leads, found, blocker)
