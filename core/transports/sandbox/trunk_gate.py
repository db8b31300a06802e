"""The limits of one trunk: calls at once, and new calls a second."""

from __future__ import annotations

import math
from collections import deque
from datetime import datetime, timedelta

from core.transports.sandbox.settings import TrunkLimits

__all__ = ["TrunkGate"]


class TrunkGate:
    """Admits calls while the trunk has room.

    The rate is kept in a sliding window: of `n = max(1, floor(rate))` calls no more than n begin in any `n / rate` seconds.
    """

    def __init__(self, limits: TrunkLimits) -> None:
        self.limits = limits
        """What it carries; may be changed at any time."""
        self.in_use = 0
        """Channels taken now."""
        self._recent: deque[datetime] = deque()

    def admit(self, now: datetime) -> str | None:
        """Take a channel. Returns None, or the reason phrase of the refusal."""
        most = max(1, math.floor(self.limits.calls_per_second))
        window = timedelta(seconds=most / self.limits.calls_per_second)
        while self._recent and not timedelta(0) <= now - self._recent[0] < window:
            self._recent.popleft()
        if self.in_use >= self.limits.channels:
            return "Service Unavailable"
        if len(self._recent) >= most:
            return "CPS limit"
        self._recent.append(now)
        self.in_use += 1
        return None

    def occupy(self) -> None:
        """Take a channel for a call that came in: it is there already, whatever the limits say."""
        self.in_use += 1

    def release(self) -> None:
        """Give a channel back."""
        self.in_use -= 1
