"""A leg that never was: the call did not leave, or our own trunk refused it."""

from __future__ import annotations

from core.contracts.transport import Failed, LegEvent, Playout, TransferOutcome

__all__ = ["RefusedLeg"]


class RefusedLeg:
    """A call that our own side refused: it failed, nobody was rung, and nothing else happens on it."""

    speaking = False

    def __init__(self, reason: str, *, spared: bool = False) -> None:
        self._final = Failed(503, reason, from_trunk=True, spared=spared)

    async def next(self, timeout: float | None = None) -> LegEvent | None:  # noqa: ARG002
        """The failure."""
        return self._final

    async def say(self, text: str) -> Playout:  # noqa: ARG002
        """Nothing is played."""
        return Playout("", completed=False, seconds=0.0)

    async def hang_up(self, reason: str = "") -> None:
        """Nothing to end."""

    async def transfer(self, destination: str) -> TransferOutcome:  # noqa: ARG002
        """Nobody to hand over."""
        return TransferOutcome(False, 481, "Call/Transaction Does Not Exist")
