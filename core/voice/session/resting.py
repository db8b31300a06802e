"""A voice that its provider refuses is not tried again at once: the next callees' phones would ring for nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Resting"]

_REST_SECONDS = 60.0


class Resting:
    """Whether calls can use a voice now. Shared by all calls of it.

    Args:
        now: seconds, on any scale.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._why, self._until = "", 0.0

    def rest(self, why: str) -> None:
        """It was refused."""
        self._why, self._until = why, self._now() + _REST_SECONDS

    @property
    def why(self) -> str | None:
        """Why no call can use it now; None if calls can."""
        return self._why if self._now() < self._until else None
