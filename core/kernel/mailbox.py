"""A queue between tasks that waits through a clock."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from core.kernel.clock import Clock

__all__ = ["Mailbox"]

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Items in the order they were put; one reader."""

    def __init__(self, clock: Clock) -> None:
        self._items: deque[T] = deque()
        self._filled = clock.signal()

    def put(self, item: T) -> None:
        """Add an item and wake the reader."""
        self._items.append(item)
        self._filled.set()

    async def get(self, timeout: float | None = None) -> T | None:
        """The next item; None if none came within `timeout` clock seconds (None: wait for ever)."""
        if not self._items:
            self._filled.clear()
            await self._filled.wait(timeout)
        return self._items.popleft() if self._items else None
