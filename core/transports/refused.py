"""Legs of calls that never were: one that did not leave, or one whose caller gave up before we picked up."""

from __future__ import annotations

from typing import Final

from core.contracts.transport import Failed, LegEvent, Playout, TransferOutcome

__all__ = ["NO_CALL", "EndedLeg", "RefusedLeg"]

NO_CALL: Final = TransferOutcome(False, 481, "Call/Transaction Does Not Exist")
"""The outcome of a transfer without a call."""


class EndedLeg:
    """A leg without a call: its events are known, and nothing else happens on it.

    Args:
        events: in their order; the last is read again ever after.
    """

    speaking = False

    def __init__(self, *events: LegEvent) -> None:
        *self._before, self._final = events

    async def next(self, timeout: float | None = None) -> LegEvent | None:  # noqa: ARG002
        """The next event, at once."""
        return self._before.pop(0) if self._before else self._final

    async def say(self, text: str) -> Playout:  # noqa: ARG002
        """Nothing is played."""
        return Playout("", completed=False, seconds=0.0)

    async def hang_up(self, reason: str = "") -> None:
        """Nothing to end."""

    async def transfer(self, destination: str) -> TransferOutcome:  # noqa: ARG002
        """Nobody to hand over."""
        return NO_CALL


class RefusedLeg(EndedLeg):
    """A call that our own side refused: it failed, and nobody was rung."""

    def __init__(self, reason: str, *, spared: bool = False) -> None:
        super().__init__(Failed(503, reason, from_trunk=True, spared=spared))
