"""Calls to us: LiveKit gives each a room of ours, where the phone waits until a bot's track is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.contracts.transport import Leg, PlaceOrder
from core.transports.livekit.line import LiveKitLine
from core.transports.livekit.naming import number_of

if TYPE_CHECKING:
    from core.transports.livekit.transport import LiveKitTransport

__all__ = ["LiveKitInbound", "Waiting"]


@dataclass(frozen=True)
class Waiting:
    """A phone that waits in a room."""

    room: str
    phone: str
    attributes: Mapping[str, str]


class LiveKitInbound:
    """A call to one of our numbers, ringing. See `core.contracts.transport.InboundCall`."""

    def __init__(self, transport: LiveKitTransport, line: LiveKitLine, waiting: Waiting) -> None:
        self._transport, self._line, self._waiting = transport, line, waiting
        self._over = False

    @property
    def from_number(self) -> str:
        """Who calls."""
        return number_of(self._waiting.attributes.get("sip.phoneNumber", ""))

    @property
    def to_number(self) -> str:
        """Which of our numbers."""
        return number_of(self._waiting.attributes.get("sip.trunkPhoneNumber", ""))

    @property
    def reference(self) -> str:
        """What LiveKit calls this call."""
        return self._waiting.attributes.get("sip.callID") or self._waiting.room

    async def ring(self) -> None:
        """LiveKit lets it ring already."""

    async def answer(self, order: PlaceOrder) -> Leg:
        """Join its room, which answers it. What raises has not taken it: it can still be refused."""
        leg = await self._transport.answer(self._line, self._waiting.room, self._waiting.phone, order)
        self._over = True
        return leg

    async def refuse(self, sip_status: int, reason: str) -> None:  # noqa: ARG002 (LiveKit chooses the status that the caller gets)
        """Turn the caller away, by ending the room."""
        if not self._over:
            self._over = True
            await self._transport.server_of(self._line).end_room(self._waiting.room)
