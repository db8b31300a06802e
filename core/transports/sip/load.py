"""How much of a trunk this process uses: its calls at once, and those that left in the last second. Pure."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

__all__ = ["TrunkLoad"]

_WINDOW = timedelta(seconds=1)


class TrunkLoad:
    """Counts the calls of this process on one trunk."""

    def __init__(self) -> None:
        self.calls = 0
        """Calls now, from the INVITE to the end."""
        self._left: deque[datetime] = deque()

    def begin(self, now: datetime, channels: int, calls_per_second: float) -> tuple[bool, bool]:
        """A call leaves. Returns whether every channel was in use before it, and whether it is above the rate."""
        while self._left and now - self._left[0] >= _WINDOW:
            self._left.popleft()
        full, too_fast = self.calls >= channels, len(self._left) >= max(calls_per_second, 1)
        self.calls += 1
        self._left.append(now)
        return full, too_fast

    def end(self) -> None:
        """A call is over."""
        self.calls -= 1
