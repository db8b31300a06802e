"""Virtual time: the same decisions without waiting.

The clock moves only when every task it started is parked in it (sleeping, or waiting for a signal or another
task). A task that waits for anything else (a socket, a subprocess) counts as running, and time stands still for it, so I/O never times
out falsely here. Every wake-up takes its turn through one queue ordered by (moment,
sequence number), so two runs with the same inputs make the same steps in the same order on every database.

The rule for users: wait only through the clock, from tasks that the clock started (or inside `hold()`), and never
while holding a transaction or a lock.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from core.kernel.clock import Signal, report_failure

__all__ = ["SETTLE_STEPS", "Entry", "VirtualClock"]

T = TypeVar("T")
log = logging.getLogger(__name__)

_STALL_SECONDS = 30.0
SETTLE_STEPS = 2  # loop steps granted to plain asyncio wake-ups (a cancelled task) before time may move


class Entry:
    """An action due at a given time; `action` is None once cancelled."""

    __slots__ = ("action", "at", "order")

    def __init__(self, at: int, order: int, action: Callable[[], None]) -> None:
        self.at, self.order = at, order
        self.action: Callable[[], None] | None = action

    def __lt__(self, other: Entry) -> bool:
        return (self.at, self.order) < (other.at, other.order)


class _VirtualSignal:
    def __init__(self, clock: VirtualClock) -> None:
        self._clock, self._set = clock, False
        self._waiters: list[Callable[[], None]] = []

    def set(self) -> None:
        self._set = True
        waiters, self._waiters = self._waiters, []
        for wake in waiters:
            self._clock._push(0, wake)
        self._clock._arm()

    def clear(self) -> None:
        self._set = False

    def is_set(self) -> bool:
        return self._set

    async def wait(self, timeout: float | None = None) -> bool:
        if not self._set:
            await self._clock._park(self._waiters, timeout)
        return self._set


class VirtualClock:
    """A clock that jumps from one event to the next.

    Args:
        start: the first time it shows (aware).

    Raises:
        RuntimeError: a task that the clock does not know waits through it.
    """

    def __init__(self, start: datetime) -> None:
        self._epoch = start.astimezone(UTC)
        self._now = 0  # microseconds since the epoch
        self._queue: list[Entry] = []
        self._order = itertools.count()
        self._armed = False
        self._loop = asyncio.get_running_loop()
        self._running: set[asyncio.Task[Any]] = set()
        self._jumps = 0
        self._watch: asyncio.TimerHandle | None = None
        self._check_for_stall(-1)

    def now(self) -> datetime:
        return self._epoch + timedelta(microseconds=self._now)

    async def sleep(self, seconds: float) -> None:
        await self._park([], max(seconds, 0.0))

    async def sleep_until(self, moment: datetime) -> None:
        await self.sleep((moment - self.now()).total_seconds())

    def spawn(self, coro: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        async def run() -> T:
            await self.sleep(0)  # the start takes its turn, too
            return await coro

        task = self._loop.create_task(run(), name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        task.add_done_callback(lambda _: coro.close())  # it may have been cancelled before its first step
        return task

    def cancel(self, task: asyncio.Task[Any]) -> None:
        if not task.done():
            self._begin(task)
            task.cancel()

    async def join(self, *tasks: asyncio.Task[Any]) -> None:
        for task in tasks:
            if not task.done():
                waiters: list[Callable[[], None]] = []

                def wake_all(_: asyncio.Task[Any], waiters: list[Callable[[], None]] = waiters) -> None:
                    for wake in waiters:
                        self._push(0, wake)
                    self._arm()

                task.add_done_callback(wake_all)
                await self._park(waiters, None)

    def signal(self) -> Signal:
        return _VirtualSignal(self)

    @contextlib.asynccontextmanager
    async def timeout(self, seconds: float) -> AsyncIterator[None]:
        task = asyncio.current_task()
        assert task is not None
        fired, cancelling = False, task.cancelling()

        def fire() -> None:
            nonlocal fired
            fired = True
            self.cancel(task)

        entry = self._push(seconds, fire)
        try:
            yield
        except asyncio.CancelledError as error:
            if fired and task.uncancel() <= cancelling:
                raise TimeoutError from error
            raise
        finally:
            entry.action = None

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None
        if task in self._running:  # it is already known, and stays so
            yield
            return
        self._running.add(task)
        try:
            yield
        finally:
            self._running.discard(task)
            self._arm()

    @contextlib.contextmanager
    def outside(self) -> Iterator[None]:
        yield

    def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._queue.clear()

    def _push(self, seconds: float, action: Callable[[], None]) -> Entry:
        entry = Entry(self._now + round(max(seconds, 0.0) * 1_000_000), next(self._order), action)
        heapq.heappush(self._queue, entry)
        return entry

    async def _park(self, waiters: list[Callable[[], None]], timeout: float | None) -> None:
        """Wait for a wake-up through `waiters` or for `timeout` seconds; the task does not count as running."""
        task = asyncio.current_task()
        if task is None or not self._known(task):
            name = task.get_name() if task else "no task"
            raise RuntimeError(f"{name} waits through the virtual clock, but was not started by spawn() or hold()")
        future: asyncio.Future[None] = self._loop.create_future()

        def wake() -> None:
            if not future.done():
                self._begin(task)
                future.set_result(None)

        waiters.append(wake)
        entry = self._push(timeout, wake) if timeout is not None else None
        self._running.discard(task)
        self._arm()
        try:
            await future
        finally:
            self._begin(task)
            if entry is not None:
                entry.action = None
            if wake in waiters:
                waiters.remove(wake)

    def _known(self, task: asyncio.Task[Any]) -> bool:
        """Whether the task may wait through this clock."""
        return task in self._running

    def _begin(self, task: asyncio.Task[Any]) -> None:
        """Mark the task as running."""
        self._running.add(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        report_failure(task)
        self._arm()

    def _arm(self) -> None:
        if not self._running and not self._armed:
            self._armed = True
            self._loop.call_soon(self._advance, SETTLE_STEPS)

    def _advance(self, steps: int) -> None:
        if self._running:
            self._armed = False
        elif steps:
            self._loop.call_soon(self._advance, steps - 1)
        else:
            self._armed = False
            while self._queue:
                entry = heapq.heappop(self._queue)
                if entry.action is not None:
                    self._do(entry)
                    return

    def _do(self, entry: Entry) -> None:
        """Advance to the time of an entry, and run its action."""
        assert entry.action is not None
        self._now = max(self._now, entry.at)
        self._jumps += 1
        entry.action()
        self._arm()

    def _standing_still(self) -> bool:
        """Whether to log that virtual time stands still."""
        return bool(self._queue)

    def _check_for_stall(self, jumps: int) -> None:
        if self._jumps == jumps and self._standing_still():
            names = sorted(task.get_name() for task in self._running)
            log.warning("virtual time has stood still for %.0f s at %s; running: %s", _STALL_SECONDS, self.now(), names)
        self._watch = self._loop.call_later(_STALL_SECONDS, self._check_for_stall, self._jumps)
