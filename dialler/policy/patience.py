"""How long to wait before something that failed is tried again, and when to give it up. Pure.

Nothing here is drawn at random: it paces one dispatcher, not a list of callees (`dialler.policy.retry` does that).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["Futility", "growing", "send_again_at"]

_FIRST, _LONGEST = timedelta(minutes=1), timedelta(hours=1)
_MOST_REFUSALS = 30
_APART = timedelta(hours=12)


@dataclass(frozen=True)
class Futility:
    """How often nobody could be dialled because of the hours, although the campaign's own window was open.

    The core knows the bot's hours and the callees', and says when each opens; the campaign has a window of its own. Where they never
    meet, each opening would be waited for in vain for ever. Refusals within half a day count as one: so a bot that is closed for
    weeks counts once, and an hour of the night does.

    Attributes:
        refusals: how many in a row, half a day apart, with nobody dialled between them.
        counted_at: when the last one of them was.
    """

    refusals: int = 0
    counted_at: datetime | None = None

    @property
    def hopeless(self) -> bool:
        """Whether to give it up."""
        return self.refusals >= _MOST_REFUSALS

    def after(self, now: datetime, *, placed: int, closed: int) -> Futility:
        """After a batch in which so many were dialled, and so many were refused because of the hours."""
        if placed:
            return Futility()
        if not closed or (self.counted_at is not None and now - self.counted_at < _APART):
            return self
        return Futility(self.refusals + 1, now)


def growing(failures: int, first: timedelta, longest: timedelta) -> timedelta:
    """The wait after so many failures in a row (from 1): `first`, doubled with each further one, at most `longest`."""
    doublings = max(failures, 1) - 1
    return longest if doublings > 40 else min(first * 2**doublings, longest)  # (asked first, or the product overflows)


def send_again_at(failed_dialouts: int, uncharged: int, max_uncharged: int, now: datetime) -> datetime | None:
    """When a dialout that the core has not received is sent again; None: never, the lead is given up.

    After the first failure at once, for it is most often the connection's; then after a wait that grows from a minute to
    an hour, so that one lead that the core always fails on does not keep the others from being dialled. Each failed dialout
    is a dial that could not ring, and all of a lead's together have the policy's cap.

    Args:
        failed_dialouts: dialouts of the attempt that failed so far; none if its process died before it was sent.
        uncharged: dials of the lead's earlier attempts that could not ring.
        max_uncharged: the policy's cap.
        now: the moment it is.
    """
    if failed_dialouts and uncharged + failed_dialouts >= max_uncharged:
        return None
    return now if failed_dialouts <= 1 else now + growing(failed_dialouts - 1, _FIRST, _LONGEST)
