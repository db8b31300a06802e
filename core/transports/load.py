"""How much of a trunk this process uses: its calls at once, and those that left in the last second. Pure."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Final, NamedTuple

__all__ = ["NOT_CROWDED", "Crowding", "TrunkLoad"]

_WINDOW = timedelta(seconds=1)


class Crowding(NamedTuple):
    """How full a trunk was when a call left: whether every channel was in use before it, and whether it is above the rate."""

    full: bool = False
    too_fast: bool = False


NOT_CROWDED: Final = Crowding()


class TrunkLoad:
    """Counts the calls of this process on one trunk."""

    def __init__(self) -> None:
        self.calls = 0
        """Calls now, from the INVITE to the end."""
        self._left: deque[datetime] = deque()

    def begin(self, now: datetime, channels: int, calls_per_second: float, in_use: int = 0) -> Crowding:
        """A call leaves.

        Args:
            now: the current time.
            channels: the trunk's.
            calls_per_second: the trunk's.
            in_use: the channels that are taken in whatever process, the call's own with them.
        """
        while self._left and now - self._left[0] >= _WINDOW:
            self._left.popleft()
        full, too_fast = self.calls >= channels or in_use > channels, len(self._left) >= max(calls_per_second, 1)
        self.calls += 1
        self._left.append(now)
        return Crowding(full, too_fast)

    def end(self) -> None:
        """A call is over."""
        self.calls -= 1
