"""What this process remembers of the calls that it sends out on each trunk: when the last ones left, and how many have no turn yet.

Turns are kept in the database, for all processes. They say when a call should leave; a busy process sends some a
little later. What it remembers here keeps the calls behind a late one at their distance, without giving the late one's turn up.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from datetime import datetime, timedelta

from core.trunks.pacing import SLOWEST, interval

__all__ = ["Departures"]

_NARROWEST = 0.75
"""The shortest time between two calls, as a share of that between two turns: what is late catches up without a burst."""
_APART = timedelta(milliseconds=10)
"""Added to a window of calls, as in `core.trunks.pacing`; less than there, so that what was late catches up."""


class Departures:
    """The departures of one process."""

    def __init__(self) -> None:
        self.without_turn: Counter[str] = Counter()
        """By trunk: calls that take their turn later, because their CRM is asked first."""
        self._left: dict[str, deque[datetime]] = {}

    def soonest(self, trunk: str, calls_per_second: float, now: datetime) -> datetime:
        """When a call may leave after those that have left: of `n = max(1, floor(rate))` calls no more than n in `n / rate` seconds,
        and no two of them much closer than their turns."""
        rate = max(calls_per_second, SLOWEST)
        burst = max(1, math.floor(rate))
        left = self._left.get(trunk)
        if not left or left[-1] > now:  # none has left, or the clock was set back
            return now
        soonest = max(now, left[-1] + interval(rate) * _NARROWEST)
        return max(soonest, left[-burst] + timedelta(seconds=burst / rate) + _APART) if len(left) >= burst else soonest

    def note(self, trunk: str, calls_per_second: float, now: datetime) -> None:
        """A call leaves now."""
        left = self._left.setdefault(trunk, deque())
        left.append(now)
        while len(left) > max(1, math.floor(calls_per_second)):
            left.popleft()
