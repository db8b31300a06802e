"""Callers: people of the sandbox who ring one of our numbers."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from core.contracts.transport import Leg, PlaceOrder
from core.kernel.numbers import is_fictional
from core.transports.sandbox.catalogue import entry_of
from core.transports.sandbox.fate import FAILURES, Fate, answered, calling
from core.transports.sandbox.settings import SandboxSettings

__all__ = ["SandboxInbound", "caller_fate"]


def caller_fate(number: str, settings: SandboxSettings, stream: random.Random) -> Fate:
    """How a caller talks: as the catalogue says of their number, if that is somebody who talks; else drawn by the profile."""
    entry = entry_of(number) if is_fictional(number) else None
    if entry is None or entry.outcome in FAILURES or entry.outcome == "voicemail":
        return calling(settings, stream)
    return answered(entry.outcome, 0.0)


@dataclass
class SandboxInbound:
    """A call to one of our numbers, ringing until it is answered or refused. See `core.contracts.transport.InboundCall`."""

    from_number: str
    to_number: str
    reference: str
    _pick_up: Callable[[], Leg]
    _refused: Callable[[int], None]
    _over: bool = False

    async def ring(self) -> None:
        """It rings from the start."""

    async def answer(self, order: PlaceOrder) -> Leg:  # noqa: ARG002 (the sandbox keeps no sound)
        """Pick up.

        Raises:
            RuntimeError: it was refused or answered before.
        """
        if self._over:
            raise RuntimeError("the caller is gone: this call was answered or refused before")
        self._over = True
        return self._pick_up()

    async def refuse(self, sip_status: int, reason: str) -> None:  # noqa: ARG002 (the log has the status)
        """Turn the caller away."""
        if not self._over:
            self._over = True
            self._refused(sip_status)
