"""Turns at joining rooms: so many at a time, the others wait in the order in which they came, and not for ever."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import AsyncIterator

from core.kernel.clock import Clock, Signal
from core.transports.livekit.line import LiveKitUnavailable

__all__ = ["NoTurn", "Turns"]


class NoTurn(LiveKitUnavailable):
    """Too many others were before: it is this machine that is slow, not the trunk."""


class Turns:
    """Hands out turns.

    Args:
        clock: all waiting is done through it.
        at_once: how many have a turn at a time.
        patience: how long one is waited for, in seconds.
    """

    def __init__(self, clock: Clock, at_once: int, patience: float) -> None:
        self._clock, self._free, self._patience = clock, at_once, patience
        self._waiting: deque[Signal] = deque()

    @contextlib.asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Have a turn in the block.

        Raises:
            NoTurn: none came in time.
        """
        await self._take()
        try:
            yield
        finally:
            self._give_back()

    async def _take(self) -> None:
        if self._free:
            self._free -= 1
            return
        mine = self._clock.signal()
        self._waiting.append(mine)
        try:
            await mine.wait(self._patience)
        except BaseException:
            if mine.is_set():  # it came as we were cancelled
                self._give_back()
            else:
                self._waiting.remove(mine)
            raise
        if not mine.is_set():
            self._waiting.remove(mine)
            raise NoTurn(f"too many joins at once: {len(self._waiting) + 1} calls of this process wait for their room")

    def _give_back(self) -> None:
        if self._waiting:
            self._waiting.popleft().set()
        else:
            self._free += 1
