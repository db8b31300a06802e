"""A call to us over SIP, ringing until it is answered, refused, or given up by its caller."""

from __future__ import annotations

from collections.abc import Callable

from core.contracts.transport import Failed, Leg, PlaceOrder, Ringing
from core.transports.refused import EndedLeg
from core.transports.sip.called import number_or_text
from core.transports.sip.signalling import Dialog, InboundInvite

__all__ = ["RETRY_LATER", "SipInbound"]

RETRY_LATER = (("Retry-After", "30"),)
"""The headers of a 503: the caller's side may try again after so many seconds."""

_GIVEN_UP = Failed(487, "the caller hung up before the answer")


class SipInbound:
    """See `core.contracts.transport.InboundCall`.

    Args:
        trunk: the trunk that it comes by.
        from_number: who calls.
        to_number: which of our numbers.
        invite: the call as signalling has it.
        pick_up: answers it, and makes its leg.
    """

    def __init__(self, trunk: str, from_number: str, to_number: str, invite: InboundInvite, pick_up: Callable[[PlaceOrder], Leg]) -> None:
        self.trunk, self.from_number, self.to_number = trunk, from_number, to_number
        self._invite, self._pick_up = invite, pick_up
        self._waiting = _Waiting()
        self._over = False
        invite.listen(self._waiting)

    @property
    def reference(self) -> str:
        """The Call-ID."""
        return self._invite.reference

    @property
    def diverted_from(self) -> tuple[tuple[str, str], ...]:
        """See `core.contracts.transport.DivertedCall`."""
        return tuple((number_or_text(one.user, self.to_number), one.reason[:64]) for one in self._invite.diverted)

    async def ring(self) -> None:
        """Say that it rings (180)."""
        if not self._over:
            self._invite.dialog.ring()

    async def answer(self, order: PlaceOrder) -> Leg:
        """Pick up. A leg whose caller has hung up meanwhile fails with 487.

        Raises:
            RuntimeError: it was refused or answered before.
            NotAnswered: there is no sound that both sides have; it was refused.
            SipUnavailable, VoiceUnavailable, OSError: it cannot be answered; it was refused.
        """
        if self._over:
            raise RuntimeError("this call was answered or refused before")
        self._over = True
        if self._waiting.given_up:
            return EndedLeg(Ringing(), _GIVEN_UP)
        leg = self._pick_up(order)
        if self._waiting.given_up:  # at this very moment
            await leg.hang_up()
        return leg

    async def refuse(self, sip_status: int, reason: str) -> None:
        """Turn the caller away."""
        if not self._over:
            self._over = True
            self._invite.dialog.reject(sip_status, reason, RETRY_LATER if sip_status == 503 else ())


class _Waiting:
    """The listener of a call that nobody has picked up yet. In the thread of signalling."""

    given_up = False
    """Whether the caller has hung up (CANCEL)."""

    def begins(self, dialog: Dialog) -> None:
        """The dialog."""

    def progress(self, status: int, phrase: str, sdp: str | None) -> None:
        """Not of a call to us."""

    def answered(self, sdp: str | None) -> None:
        """Not of a call to us."""

    def offered(self, sdp: str | None) -> str | None:  # noqa: ARG002
        """Not before the answer."""
        return None

    def acknowledged(self, sdp: str | None) -> None:
        """Not before the answer."""

    def failed(self, status: int, phrase: str, reason: str, *, from_us: bool) -> None:  # noqa: ARG002
        """The caller hung up."""
        self.given_up = True

    def pressed(self, key: str) -> None:
        """Not before the answer."""

    def ended(self, reason: str) -> None:  # noqa: ARG002
        """The caller hung up."""
        self.given_up = True
