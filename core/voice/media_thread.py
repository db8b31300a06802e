"""The media thread: one 20 ms clock for the sound of all calls of a transport.

Nothing that can block runs in it: no database, no file, no name look-up. On each tick every session exchanges 20 ms.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from core.kernel.failures import without_values
from core.voice.ports import AudioEnd

__all__ = ["TICK", "MediaStats", "MediaThread", "TickedSession"]

log = logging.getLogger(__name__)

TICK = 0.02
"""Seconds."""
_GIVE_UP = 0.2  # further behind than this, restart the clock: lost ticks cannot be made up


class TickedSession(Protocol):
    """The sound of one call, as the media thread sees it."""

    end: AudioEnd | None

    def tick(self) -> None:
        """Exchange 20 ms. Called in the media thread; must never block."""

    def close(self) -> None:
        """The session is no longer served."""


@dataclass
class MediaStats:
    """Statistics of the media thread: `late_ticks` began more than 10 ms late, `skipped_ticks` never ran."""

    ticks: int = 0
    late_ticks: int = 0
    skipped_ticks: int = 0
    longest_tick: float = 0.0


class MediaThread:
    """The thread and its sessions. Starts with the first session, ends with `stop`.

    Args:
        name: of the thread.
        after_tick: called in the thread after each tick.
    """

    def __init__(self, name: str, after_tick: Callable[[], None] = lambda: None) -> None:
        self.stats = MediaStats()
        self._name, self._after_tick = name, after_tick
        self._orders: deque[Callable[[], None]] = deque()
        self._sessions: set[TickedSession] = set()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def add(self, session: TickedSession) -> None:
        """Serve a session from the next tick on."""
        self._orders.append(lambda: self._sessions.add(session))
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def remove(self, session: TickedSession) -> None:
        """Stop serving a session, and close it."""

        def forget() -> None:
            self._sessions.discard(session)
            session.close()

        self._orders.append(forget)

    def stop(self) -> None:
        """End the thread and close every remaining session."""
        self._stopping.set()
        with self._lock:
            if self._thread is not None:
                self._thread.join()
        self._obey()
        while self._sessions:
            self._sessions.pop().close()

    def _obey(self) -> None:
        while self._orders:
            self._orders.popleft()()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stopping.wait(max(due - time.monotonic(), 0.0)):
            began = time.monotonic()
            behind = began - due
            self.stats.ticks += 1
            self.stats.late_ticks += behind > TICK / 2
            if behind > _GIVE_UP:
                self.stats.skipped_ticks += int(behind / TICK)
                due = began
            due += TICK
            self._obey()
            for session in list(self._sessions):
                try:
                    session.tick()
                except Exception as error:  # one call's failure must not affect the others
                    log.error("the sound of a call failed; it goes on without it: %s", without_values(error))
                    session.end = None
            self._after_tick()
            self.stats.longest_tick = max(self.stats.longest_tick, time.monotonic() - began)
