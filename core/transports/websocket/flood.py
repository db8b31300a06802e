"""How many messages a client may send: as many as 4 ms of sound each would make, and some at once. Pure."""

from __future__ import annotations

from typing import Final

__all__ = ["Flood"]

_PER_SECOND: Final = 250.0
_AT_ONCE: Final = 500.0


class Flood:
    """A token bucket of one client. Times are seconds of one clock."""

    def __init__(self, now: float) -> None:
        self._left, self._seen = _AT_ONCE, now

    def admit(self, now: float) -> bool:
        """Whether one more message is within the limit; it is counted then."""
        self._left = min(_AT_ONCE, self._left + max(now - self._seen, 0.0) * _PER_SECOND)
        self._seen = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
