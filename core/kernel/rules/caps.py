"""How often a person may be called: a decision over the calls of the last weeks. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.kernel.rules.applying import Cap

__all__ = ["MOST_CONTACTS", "Contact", "Counted", "Refused", "count_contacts", "longest_window"]

MOST_CONTACTS = 101
"""The latest contacts that have to be known: no cap is above 100."""


@dataclass(frozen=True)
class Contact:
    """A call with the person: when we called them (None: they called us), and when they talked with us in it (None: they did not)."""

    at: datetime | None
    talked_at: datetime | None = None


@dataclass(frozen=True)
class Refused:
    """The cap that forbids a call now, when it allows one, and why, for people."""

    cap: Cap
    retry_at: datetime
    why: str


@dataclass(frozen=True)
class Counted:
    """What was counted for each cap, by its name, and what forbids the call: the refusal that lasts longest, if there is one."""

    counts: dict[str, int]
    refused: Refused | None


def longest_window(caps: Sequence[Cap]) -> timedelta | None:
    """How far back contacts matter; None if no cap applies."""
    return max((cap.within for cap in caps), default=None)


def count_contacts(caps: Sequence[Cap], contacts: Sequence[Contact], now: datetime, *, promised_callback: bool) -> Counted:
    """Whether the caps allow a call now.

    Args:
        caps: all must allow it.
        contacts: the person's, the latest first, at least those within the longest window.
        now: the current time.
        promised_callback: whether the callee asked to be called now.
    """
    counts: dict[str, int] = {}
    refusals: list[Refused] = []
    for cap in caps:
        since = now - cap.within
        moments = sorted(
            (moment for one in contacts if (moment := one.talked_at if cap.after_talk else one.at) is not None and moment > since),
            reverse=True,
        )
        counts[cap.name] = len(moments)
        if len(moments) >= cap.most and not (promised_callback and cap.callbacks_exempt):
            refusals.append(Refused(cap, moments[cap.most - 1] + cap.within, _why(cap, len(moments))))
    return Counted(counts, max(refusals, key=lambda one: one.retry_at, default=None))


def _why(cap: Cap, count: int) -> str:
    if cap.after_talk:
        return f"we have talked with them in the last {_days(cap.within)}, and {cap.name} leaves people alone that long"
    if cap.most == 1:
        return f"they were called in the last {_days(cap.within)}, and {cap.name} wants that long between calls"
    return f"they were called {count} times in the last {_days(cap.within)}, and {cap.name} allows {cap.most}"


def _days(length: timedelta) -> str:
    hours = length / timedelta(hours=1)
    if hours >= 48:
        return f"{hours / 24:g} days"
    return f"{hours:g} hours" if hours >= 2 else f"{length / timedelta(minutes=1):g} minutes"
