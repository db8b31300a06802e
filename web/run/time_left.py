"""How much longer a run takes, as a figure that never grows. Pure."""

from __future__ import annotations

__all__ = ["TimeLeft"]

_LEAST_SECONDS = 5.0
_LEAST_SHARE = 0.02
"""Before so much is done, the speed so far says too little."""
_SLOWER = 1.25
"""How far an estimate may exceed the figure on the screen before no figure is shown."""


class TimeLeft:
    """The real seconds that a run still takes, from its speed so far.

    Time in which nothing could be dialled, because the campaign was paused or had to wait, does not count. A figure that was shown
    counts down. When the run turns out to be slower, none is shown until the estimate is below the last one again.
    """

    def __init__(self, done_before: int) -> None:
        self._before = done_before
        self._seconds = 0.0
        self._at: float | None = None
        self._last: float | None = None
        """The last figure that was told."""
        self._said = False
        """Whether it still stands."""

    def look(self, now: float, leads: int, done: int, *, dials: bool) -> float | None:
        """The seconds left; None if nothing can be said.

        Args:
            now: real seconds on any clock that never goes back.
            leads: how many there are.
            done: how many of them are done.
            dials: whether the campaign could dial since the last look.
        """
        passed = 0.0 if self._at is None else now - self._at
        self._at = now
        if not dials:
            return None
        self._seconds += passed
        finished, rest = done - self._before, leads - done
        if self._seconds < _LEAST_SECONDS or finished < max(1.0, _LEAST_SHARE * (finished + rest)):
            return None
        estimate = rest * self._seconds / finished
        if self._last is None or estimate <= self._last:
            self._last, self._said = estimate, True
        elif self._said:
            self._last = max(self._last - passed, 0.0)
            self._said = estimate <= self._last * _SLOWER + 1
        return self._last if self._said else None
