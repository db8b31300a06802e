"""Time as an argument.

Everything that waits or asks for the time gets a `Clock`. Three implementations behave alike:

* `RealClock()`      the wall clock, or one that runs at a fixed factor;
* `ScaledClock()`    business time at a factor, slowed down when work does not keep up (`core.kernel.scaled_clock`);
* `VirtualClock()`   no waiting (`core.kernel.virtual_clock`).

Only business time goes through the clock (ring times, talk times, retry delays, opening hours). Time-outs of libraries (HTTP, database
pools) are in real seconds at any speed. Leases, which tell whether a process is alive, use wall time; see `WallTime`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from core.kernel.failures import without_values

__all__ = ["Clock", "RealClock", "Signal", "WallTime", "utc_now"]

T = TypeVar("T")
log = logging.getLogger(__name__)

WallTime = Callable[[], datetime]
"""A function that returns the real time, for leases: a process dies in real time, whatever its clock shows."""


def utc_now() -> datetime:
    """The real time now, aware, in UTC."""
    return datetime.now(UTC)


class Signal(Protocol):
    """A flag that one task sets and others wait for; it stays set until cleared."""

    def set(self) -> None:
        """Wake every waiter."""

    def clear(self) -> None:
        """Make later waiters wait again."""

    def is_set(self) -> bool:
        """Whether it is set now."""

    async def wait(self, timeout: float | None = None) -> bool:
        """Wait until set, at most `timeout` clock seconds. Returns whether it is set."""


class Clock(Protocol):
    """The interface to time for the rest of the product."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""

    async def sleep(self, seconds: float) -> None:
        """Wait this many clock seconds (not at all if negative)."""

    async def sleep_until(self, moment: datetime) -> None:
        """Wait until the clock shows `moment`."""

    def spawn(self, coro: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Start a task that may wait through this clock. A failure that nobody awaits is logged."""

    def cancel(self, task: asyncio.Task[Any]) -> None:
        """Cancel a task that this clock started."""

    async def join(self, *tasks: asyncio.Task[Any]) -> None:
        """Wait until all the tasks have ended, in whatever way."""

    def signal(self) -> Signal:
        """A new signal, not set."""

    def timeout(self, seconds: float) -> contextlib.AbstractAsyncContextManager[None]:
        """Raise TimeoutError in the block after this many clock seconds."""

    def hold(self) -> contextlib.AbstractContextManager[None]:
        """Let the current task, which `spawn` did not start, use the clock; virtual time stands still meanwhile."""

    def outside(self) -> contextlib.AbstractContextManager[None]:
        """Wrap a wait for an outside party that does not depend on this clock: an operator, a CRM.

        Virtual time stands still meanwhile; a scaled clock goes on, though it stands still for other work.
        """

    def close(self) -> None:
        """Stop every timer of the clock."""


def report_failure(task: asyncio.Task[Any]) -> None:
    """Log the failure of a spawned task: an exception in a task must never vanish."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("task %s failed: %s", task.get_name(), without_values(error))


class _RealSignal:
    def __init__(self, speed: float) -> None:
        self._event, self._speed = asyncio.Event(), speed

    def set(self) -> None:
        self._event.set()

    def clear(self) -> None:
        self._event.clear()

    def is_set(self) -> bool:
        return self._event.is_set()

    async def wait(self, timeout: float | None = None) -> bool:
        try:
            async with asyncio.timeout(None if timeout is None else max(timeout, 0) / self._speed):
                await self._event.wait()
        except TimeoutError:
            return self._event.is_set()
        return True


class RealClock:
    """The wall clock, or one that runs `speed` times as fast, starting at `start`.

    Args:
        speed: clock seconds per real second, above 0.
        start: the first time it shows (aware); the real time if None.
    """

    def __init__(self, speed: float = 1.0, start: datetime | None = None) -> None:
        if speed <= 0:
            raise ValueError(f"the speed of a clock must be above 0, not {speed}")
        self.speed = speed
        self._start = (start or utc_now()).astimezone(UTC)
        self._started = time.monotonic()
        self._follows_wall = speed == 1.0 and start is None

    def now(self) -> datetime:
        if self._follows_wall:
            return utc_now()
        return self._start + timedelta(seconds=(time.monotonic() - self._started) * self.speed)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0) / self.speed)

    async def sleep_until(self, moment: datetime) -> None:
        await self.sleep((moment - self.now()).total_seconds())

    def spawn(self, coro: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(coro, name=name)
        task.add_done_callback(report_failure)
        return task

    def cancel(self, task: asyncio.Task[Any]) -> None:
        task.cancel()

    async def join(self, *tasks: asyncio.Task[Any]) -> None:
        if tasks:
            await asyncio.wait(tasks)

    def signal(self) -> Signal:
        return _RealSignal(self.speed)

    @contextlib.asynccontextmanager
    async def timeout(self, seconds: float) -> AsyncIterator[None]:
        async with asyncio.timeout(seconds / self.speed):
            yield

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        yield

    @contextlib.contextmanager
    def outside(self) -> Iterator[None]:
        yield

    def close(self) -> None:
        pass
