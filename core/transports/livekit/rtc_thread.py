"""The thread of the sound of all calls over LiveKit: an event loop of its own, where nothing else runs, and a tick every 20 ms."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

from core.kernel.failures import without_values
from core.voice.ports import FRAME_SECONDS

__all__ = ["RtcThread", "Ticking"]

log = logging.getLogger(__name__)
T = TypeVar("T")

_MOST_BEHIND = 5
"""Ticks that are made up for at once; a thread that stood still for longer goes on from now."""


class Ticking(Protocol):
    """Something that is to be done every 20 ms."""

    def tick(self) -> None:
        """20 ms have passed. It must not block."""


class RtcThread:
    """Starts with the first piece of work, and ends with `stop`."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._ticking: set[Ticking] = set()
        self.late_ticks = 0
        """Ticks that came more than a frame late."""

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the thread, and wait for it in the caller's event loop."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._started()))

    def add(self, ticking: Ticking) -> None:
        """Call its `tick` every 20 ms from now on. In the thread."""
        self._ticking.add(ticking)

    def remove(self, ticking: Ticking) -> None:
        """No more. In the thread."""
        self._ticking.discard(ticking)

    def stop(self) -> None:
        """End the thread; the rooms are closed by then."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5.0)
            self._loop = self._thread = None

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            ready = threading.Event()
            self._thread = threading.Thread(target=self._main, args=(ready,), name="livekit", daemon=True)
            self._thread.start()
            ready.wait()
        assert self._loop is not None
        return self._loop

    def _main(self, ready: threading.Event) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        self._loop = loop
        ticker = loop.create_task(self._tick(), name="livekit tick")
        ready.set()
        try:
            loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(loop) | {ticker}
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.close()

    async def _tick(self) -> None:
        due = time.monotonic()
        while True:
            due += FRAME_SECONDS
            ahead = due - time.monotonic()
            await asyncio.sleep(max(ahead, 0.0))  # in every turn, so that long ticks do not starve the rest of the thread
            if ahead < -_MOST_BEHIND * FRAME_SECONDS:
                due = time.monotonic()
                self.late_ticks += _MOST_BEHIND
            elif ahead < -FRAME_SECONDS:
                self.late_ticks += 1
            for ticking in list(self._ticking):
                try:
                    ticking.tick()
                except Exception as error:  # one call's sound must not end that of the others
                    self._ticking.discard(ticking)
                    log.error("the sound of a call over LiveKit failed; it goes on without: %s", without_values(error))
