"""The rate of a trunk: calls wait a moment for their turn, so that the trunk does not refuse them.

A carrier refuses calls above the trunk's calls per second (CPS), and a refused call has cost a seat and an attempt. So
a dialout takes its seat, and its INVITE leaves at the next moment the rate allows. Who would have to wait longer than
`PATIENCE` is refused at once instead: dialouts are not queued.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice, takewhile

__all__ = ["PATIENCE", "TrunkPacer", "departures"]

PATIENCE = timedelta(seconds=3)
"""The longest that a call waits for its turn, in clock time."""
_MARGIN = timedelta(milliseconds=5)
"""Added to the window: what left at one moment reaches the trunk a little later, not always by the same delay."""


def departures(left: Iterable[datetime], calls_per_second: float, now: datetime) -> Iterator[datetime]:
    """When the next calls may leave, one after another, without end. Pure.

    Of `n = max(1, floor(rate))` calls no more than n leave in any `n / rate` seconds.

    Args:
        left: when the latest calls left, oldest first; at least the latest n of them.
        calls_per_second: the rate, above 0.
        now: the moment it is.
    """
    burst = max(1, math.floor(calls_per_second))
    window = timedelta(seconds=burst / calls_per_second) + _MARGIN
    latest = deque(left, maxlen=burst)
    while True:
        at = now if len(latest) < burst else max(now, latest[0] + window)
        latest.append(at)
        yield at


class TrunkPacer:
    """The calls of this process that have left on one trunk, and those that wait for their turn.

    Args:
        calls_per_second: the trunk's rate; may be changed at any time.
    """

    def __init__(self, calls_per_second: float) -> None:
        self.calls_per_second = calls_per_second
        self._left: deque[datetime] = deque()
        self._waiting = 0

    def wait(self) -> None:
        """One more call waits for its turn."""
        self._waiting += 1

    def stop_waiting(self) -> None:
        """One call waits no longer: it leaves, or is not wanted any more."""
        self._waiting -= 1

    def leave(self, now: datetime) -> None:
        """A call leaves now."""
        self._left.append(now)
        while len(self._left) > max(1, math.floor(self.calls_per_second)):
            self._left.popleft()

    def turn(self, now: datetime) -> datetime:
        """When the first of the waiting calls may leave; `now` if it may at once."""
        return next(departures(self._left, self.calls_per_second, now))

    def next_turn(self, now: datetime) -> datetime:
        """When a call that comes now could leave, after those that wait."""
        return next(islice(departures(self._left, self.calls_per_second, now), self._waiting, None))

    def room(self, now: datetime, most: int) -> int:
        """How many calls that come now would have their turn in time; counted up to `most`."""
        coming = islice(departures(self._left, self.calls_per_second, now), self._waiting, self._waiting + max(most, 0))
        return sum(1 for _ in takewhile(lambda at: at - now <= PATIENCE, coming))
