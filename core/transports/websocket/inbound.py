"""A WebSocket call that asks to be answered."""

from __future__ import annotations

from core.contracts.transport import Leg, PlaceOrder
from core.transports.websocket.closing import Close, Closing
from core.transports.websocket.leg import WebSocketLeg
from core.voice.errors import VoiceUnavailable
from core.voice.ports import Speech

__all__ = ["WebSocketInbound"]


class WebSocketInbound:
    """An `InboundCall`.

    Args:
        leg: the customer's end.
        speech: makes the conversation's leg of it.
        from_number: the customer's number.
        to_number: ours.
        reference: what the other side calls the call.
    """

    def __init__(self, leg: WebSocketLeg, speech: Speech, from_number: str, to_number: str, reference: str) -> None:
        self._leg, self._speech = leg, speech
        self._from, self._to, self._reference = from_number, to_number, reference
        self._taken = False

    @property
    def from_number(self) -> str:
        """The customer's number."""
        return self._from

    @property
    def to_number(self) -> str:
        """Ours."""
        return self._to

    @property
    def reference(self) -> str:
        """What the other side calls the call."""
        return self._reference

    async def ring(self) -> None:
        """The bot takes the call. The other side lets the customer hear what it likes."""
        self._taken = True

    async def answer(self, order: PlaceOrder) -> Leg:
        """The conversation's leg; the other side has answered already."""
        try:
            return self._speech(order)(self._leg)
        except VoiceUnavailable as error:
            self._leg.close_with(Closing(Close.NO_VOICE, f"No call can be taken: {error}."))
            raise

    async def refuse(self, sip_status: int, reason: str) -> None:
        """Close the connection with 4000 and the status; 1001 if this process ends. One that drains is as full as one without a seat."""
        if self._leg.stopping:
            self._leg.close_with(Closing(Close.STOPPING, "The server is stopping."))
        else:
            why = _NOT_PREPARED if self._taken else _REASONS.get(sip_status, reason)
            self._leg.close_with(Closing(Close.NO_SEAT if sip_status == _DRAINING else 4000 + sip_status, why))


_NOT_PREPARED = "The call was not taken: the bot's pre-fetch failed, or somebody cancelled the call."
_FULL = "Every seat is taken, or the server takes no new calls. Try again later."
_DRAINING = 503
_REASONS = {
    404: "There is no such bot.",
    480: "The bot takes no calls now: it is outside its active hours.",
    486: _FULL,
    _DRAINING: _FULL,
}
