"""Time at a factor that slows down when work does not keep up: sixty seconds of business time per real second, or as many as the machine
can handle.

It is the virtual clock with waits between its steps. Nothing falls due before everything that was due earlier has been processed, and while
a task that the clock started is at work the clock shows the time at which that task woke. So decisions are the same as in virtual time, at
any factor: if the work is slower than the factor requires, the clock slows down, and no phone rings longer for it. Up to a quarter of a
second of backlog is made up, so that single late steps do not add up; the rest is dropped.

Unlike the virtual clock it goes on while tasks that it does not know (a web server's) are at work, and they may wait through it, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import time
from collections.abc import Callable, Coroutine, Iterator
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from weakref import WeakSet

from core.kernel.virtual_clock import Entry, VirtualClock

__all__ = ["ScaledClock"]

T = TypeVar("T")
_MICRO: Final = 1_000_000
_CAUGHT_UP: Final = 0.25
"""Most real seconds of backlog that are made up."""


class ScaledClock(VirtualClock):
    """A clock that runs `speed` times as fast as real time from `start`, or slower if work does not keep up.

    Args:
        speed: clock seconds per real second, above 0.
        start: the first time it shows (aware).
        real: real time in seconds, for tests.
    """

    def __init__(self, speed: float, start: datetime, real: Callable[[], float] = time.monotonic) -> None:
        if speed <= 0:
            raise ValueError(f"the speed of a clock must be above 0, not {speed}")
        self.speed, self._real = speed, real
        self._ours: WeakSet[asyncio.Task[Any]] = WeakSet()
        self._anchor = (real(), 0)  # a real time, and the microseconds that the clock shows at it
        self._due: int | None = None
        """When the next entry is due."""
        self._timer: asyncio.TimerHandle | None = None
        self._worked = False
        """Whether tasks have been at work since time last advanced."""
        super().__init__(start)

    def now(self) -> datetime:
        return self._epoch + timedelta(microseconds=self._shown())

    def spawn(self, coro: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        self._now, self._worked = self._shown(), True
        task = super().spawn(coro, name)
        self._ours.add(task)
        return task

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        yield

    @contextlib.contextmanager
    def outside(self) -> Iterator[None]:
        task = asyncio.current_task()
        if task not in self._running:
            yield
            return
        self._running.discard(task)
        self._arm()
        try:
            yield
        finally:
            self._begin(task)

    def close(self) -> None:
        self._stop_timer()
        super().close()

    def _shown(self) -> int:
        """Microseconds since the epoch that the clock shows, never later than the next due entry. Callable from any thread."""
        if self._running or self._worked:
            return self._now
        due = self._due
        return max(self._now, self._target() if due is None else min(self._target(), due))

    def _target(self) -> int:
        real, at = self._anchor
        return at + int((self._real() - real) * self.speed * _MICRO)

    def _let_go_of_backlog(self, at: int) -> None:
        """At clock time `at`, restart the count there if the target is further ahead than can be made up."""
        if self._target() - at > (most := int(_CAUGHT_UP * self.speed * _MICRO)):
            self._anchor = (self._real(), at + most)

    def _following(self) -> Entry | None:
        while self._queue and self._queue[0].action is None:
            heapq.heappop(self._queue)
        return self._queue[0] if self._queue else None

    def _known(self, task: asyncio.Task[Any]) -> bool:  # noqa: ARG002
        return True

    def _begin(self, task: asyncio.Task[Any]) -> None:
        if task in self._ours:
            self._now, self._worked = self._shown(), True
            self._running.add(task)

    def _push(self, seconds: float, action: Callable[[], None]) -> Entry:
        self._now = self._shown()
        entry = super()._push(seconds, action)
        self._due = entry.at if self._due is None else min(self._due, entry.at)
        self._arm()
        return entry

    def _advance(self, steps: int) -> None:
        if self._running:
            self._armed = False
            return
        if steps:
            self._loop.call_soon(self._advance, steps - 1)
            return
        self._armed = False
        self._stop_timer()
        if self._worked:  # while tasks were at work, real time passed and clock time did not
            self._worked = False
            self._let_go_of_backlog(self._now)
        entry = self._following()
        self._due = None if entry is None else entry.at
        if entry is None:
            return
        if (ahead := entry.at - self._target()) > 0:
            self._timer = self._loop.call_later(ahead / _MICRO / self.speed, self._arm)
            return
        self._let_go_of_backlog(entry.at)
        heapq.heappop(self._queue)
        self._now, self._worked = max(self._now, entry.at), True
        self._do(entry)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _standing_still(self) -> bool:
        return bool(self._running)
