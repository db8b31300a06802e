"""At most one line in the log for so much time, whatever strangers send. Pure."""

from __future__ import annotations

__all__ = ["LogLimiter"]


class LogLimiter:
    """Admits one event in `every` seconds.

    Args:
        every: seconds, above 0.
    """

    def __init__(self, every: float) -> None:
        self._every = every
        self._last: float | None = None
        self._unsaid = 0

    def admit(self, now: float) -> int | None:
        """Return None if this event must not be logged, else the number of events not logged since the last one."""
        if self._last is not None and now - self._last < self._every:
            self._unsaid += 1
            return None
        self._last, unsaid, self._unsaid = now, self._unsaid, 0
        return unsaid
