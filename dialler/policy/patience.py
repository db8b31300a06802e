"""How long to wait before retrying something that failed, and when to give up. Pure.

Nothing here is random: it paces one dispatcher, not a list of callees (`dialler.policy.retry` does that).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

__all__ = ["NEVER_TOGETHER", "Futility", "growing", "send_again_at"]

_FIRST, _LONGEST = timedelta(minutes=1), timedelta(hours=1)
_MOST_REFUSALS = 30
_APART = timedelta(hours=12)
NEVER_TOGETHER: Final = (
    "Whenever the campaign's calling window was open, the bot or the callees could not be dialled, again and again: "
    "the calling window, active hours and permitted hours seem never to be open together."
)
"""What is said of a campaign whose hours never coincide."""


@dataclass(frozen=True)
class Futility:
    """Counts how often nobody could be dialled because of the hours, although the campaign's own window was open.

    The core knows the hours of the bot and the callees, and reports when each opens; the campaign has its own window. If they never
    overlap, the dispatcher would wait for each opening for ever. Refusals within half a day count as one, so a bot that is closed for weeks
    counts once, and so does an hour of the night.

    Attributes:
        refusals: how many in a row, at least half a day apart, with nobody dialled in between.
        counted_at: when the last one of them was.
    """

    refusals: int = 0
    counted_at: datetime | None = None

    @property
    def hopeless(self) -> bool:
        """Whether to give up."""
        return self.refusals >= _MOST_REFUSALS

    def after(self, now: datetime, *, placed: int, closed: int) -> Futility:
        """Count a batch in which this many were dialled, and this many were refused because of the hours."""
        if placed:
            return Futility()
        if not closed or (self.counted_at is not None and now - self.counted_at < _APART):
            return self
        return Futility(self.refusals + 1, now)


def growing(failures: int, first: timedelta, longest: timedelta) -> timedelta:
    """The wait after this many failures in a row (from 1): `first`, doubled with each further one, at most `longest`."""
    doublings = max(failures, 1) - 1
    return longest if doublings > 40 else min(first * 2**doublings, longest)  # checked first, or the product overflows


def send_again_at(failed_dialouts: int, uncharged: int, max_uncharged: int, now: datetime) -> datetime | None:
    """When to resend a dialout that the core has not received; None: never, the lead is given up.

    At once after the first failure, which is usually the connection's; then after a wait that grows from a minute to an hour, so that a
    lead on which the core always fails does not hold up the others. Each failed dialout counts as uncharged, and all of a lead's together
    have the policy's cap.

    Args:
        failed_dialouts: failed dialouts of the attempt so far; 0 if its process died before it was sent.
        uncharged: uncharged dials of the lead's earlier attempts.
        max_uncharged: the policy's cap.
        now: the current time.
    """
    if failed_dialouts and uncharged + failed_dialouts >= max_uncharged:
        return None
    return now if failed_dialouts <= 1 else now + growing(failed_dialouts - 1, _FIRST, _LONGEST)
