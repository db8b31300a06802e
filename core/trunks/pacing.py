"""The rate of a trunk: calls wait a moment for their turn, so that the trunk does not refuse them. Pure.

A carrier refuses calls above the trunk's calls per second (CPS), and a refused call has cost a seat and an attempt. So a
dialout takes its seat and its turn together, and its INVITE leaves when the turn comes. Who would have to wait longer than
`PATIENCE` is refused at once instead: dialouts are not queued.

Turns are spaced out evenly. All that has to be remembered is when the next call may leave; that is kept in the trunk's row,
taken and moved on while the row is locked. So a trunk keeps to its rate however many processes call on it.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

__all__ = ["PATIENCE", "SLOWEST", "interval", "next_turn", "room"]

PATIENCE = timedelta(seconds=3)
"""The longest that a call waits for its turn, in clock time."""
_FURTHEST = timedelta(minutes=1)
"""A dialout takes no turn later than `PATIENCE`; calls that missed theirs, because they waited for a CRM, may take later ones."""
SLOWEST = 0.001
"""The lowest rate, one call in about seventeen minutes: far below it no length of time holds the gap between two calls."""
_MARGIN_SECONDS = 0.02
"""Added to a window of calls: what left at one moment reaches the trunk a little later, not always by the same delay."""


def interval(calls_per_second: float) -> timedelta:
    """The time between two turns: of `n = max(1, floor(rate))` calls no more than n leave in any `n / rate` seconds.

    Args:
        calls_per_second: the rate, above 0.
    """
    calls_per_second = max(calls_per_second, SLOWEST)
    burst = max(1, math.floor(calls_per_second))
    return timedelta(microseconds=math.ceil((1 / calls_per_second + _MARGIN_SECONDS / burst) * 1_000_000))


def next_turn(next_call_at: datetime | None, calls_per_second: float, now: datetime) -> datetime:
    """When a call that comes now may leave.

    Args:
        next_call_at: what the trunk's row says: no call may leave earlier; None if none ever left.
        calls_per_second: the rate, above 0.
        now: the current time.
    """
    if next_call_at is None or next_call_at <= now:
        return now
    # further ahead than any turn that was given away: the row was written by a clock that ran ahead, as in virtual time
    return now if next_call_at - now > max(_FURTHEST, 20 * interval(calls_per_second)) else next_call_at


def room(next_call_at: datetime | None, calls_per_second: float, now: datetime, most: int) -> int:
    """How many calls that come now would have their turn in time; counted up to `most`."""
    left = PATIENCE - (next_turn(next_call_at, calls_per_second, now) - now)
    return max(0, min(most, 1 + left // interval(calls_per_second))) if left >= timedelta(0) else 0
