"""Events of a leg, queued for the code that follows the call."""

from __future__ import annotations

from typing import Generic, TypeVar

from core.kernel.clock import Clock
from core.kernel.mailbox import Mailbox

__all__ = ["LegEvents"]

E = TypeVar("E")


class LegEvents(Generic[E]):
    """The events of a leg in their order; the last one is read again ever after. One reader."""

    def __init__(self, clock: Clock) -> None:
        self._waiting: Mailbox[E] = Mailbox(clock)
        self._final_read = False
        self.final: E | None = None
        """The last event; None while the call goes on."""

    def put(self, event: E) -> None:
        """Something happened."""
        self._waiting.put(event)

    def end(self, final: E) -> None:
        """The last that happens."""
        self.final = final
        self._waiting.put(final)

    async def next(self, timeout: float | None = None) -> E | None:
        """The next event; None when nothing happened for `timeout` clock seconds."""
        if self._final_read:
            return self.final
        event = await self._waiting.get(timeout)
        self._final_read = event is not None and event is self.final
        return event
