"""The audio leg of a SIP call: what signalling and media threads tell becomes events of the event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.contracts.transport import Answered, Failed, HungUp, TransferOutcome
from core.kernel.clock import Clock
from core.kernel.mailbox import Mailbox
from core.transports.audio_leg import TransportLeg
from core.transports.load import Crowding
from core.transports.refused import NO_CALL
from core.transports.sip.call import Refused, SipCall
from core.transports.sip.media import MediaSession
from core.transports.sip.referral import Referral, Route
from core.transports.sip.signalling import Reply
from core.voice.ports import AudioEvent

__all__ = ["SipAudioLeg"]

_TRANSFER_SECONDS = 30.0
_SILENT_SECONDS = 3.0
"""How long a BYE is waited for once the other side has said that it will tell nothing more of a transfer."""


class SipAudioLeg(TransportLeg):
    """An `AudioLeg` of one SIP call.

    Args:
        clock: all waiting is done through it.
        crowding: how full the trunk was when the call left.
        on_over: called once, in the event loop's thread, when the call is over.
    """

    def __init__(self, clock: Clock, crowding: Crowding, on_over: Callable[[], None]) -> None:
        super().__init__(clock, crowding)
        self._on_over = on_over
        self._news: Mailbox[Reply | None] = Mailbox(clock)  # of the latest transfer; None: the call is over
        self._answered = self._hanging_up = False
        self._call: SipCall | None = None
        self._session: MediaSession | None = None
        self.route = Route()
        """How the trunk is dialled: numbers are transferred the same way."""
        self.own_uri = ""
        """Who refers, in a transfer."""

    def bind(self, call: SipCall) -> None:
        """The call that this is the leg of."""
        self._call = call
        self._session = self._sound = call.session

    @property
    def leftover(self) -> dict[str, Any] | None:
        """What must be kept to end the call, should this process die."""
        return self._call.leftover if self._call is not None else None

    def post(self, event: AudioEvent | Refused) -> None:
        """Something happened; from any thread."""
        self.run_soon(lambda: self._take(event))

    def press(self, keys: str) -> None:
        """Send keys of the phone."""
        if self._session is not None:
            self._session.press(keys)

    async def hang_up(self, reason: str = "") -> None:
        """CANCEL before the answer, BYE after it; nothing if the call is over."""
        if self.ended or self._call is None or self._call.dialog is None:
            return
        self._hanging_up = True
        self._call.dialog.hang_up()
        if self._answered:
            self._call.hung_up("transferred" if reason == "transferred" else "caller hung up")

    async def transfer(self, destination: str) -> TransferOutcome:
        """Hand the callee over by REFER, and follow it to its end.

        A callee's side that hangs up after it has taken the REFER is taken to have gone where it was sent.
        """
        if not self._answered or self.ended or self._call is None or self._call.dialog is None:
            return NO_CALL
        news, referral = Mailbox[Reply | None](self._clock), Referral()
        self._news = news
        self._call.dialog.refer(self.route.uri_of(destination), self.own_uri, lambda reply: self.run_soon(lambda: news.put(reply)))
        deadline = self._now() + _TRANSFER_SECONDS
        while (left := deadline - self._now()) > 0:
            reply = await news.get(left)
            if reply is None:
                if self.ended:
                    return referral.gone()
                continue
            if (outcome := referral.hear(reply)) is not None:
                return outcome
            if referral.silent is not None:
                deadline = min(deadline, self._now() + _SILENT_SECONDS)
        return referral.untold()

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _take(self, event: AudioEvent | Refused) -> None:
        if self.ended:
            return
        if isinstance(event, Refused) and self._answered:  # a caller who hung up at the moment we picked up
            self._end(HungUp())
        elif isinstance(event, Refused):
            silent = event.from_us and event.status == 408 and not event.rang
            ours, spared = self._whose_refusal(event.status, event.cause, rang=event.rang, by_trunk=silent)
            self._end(event.as_event(from_trunk=ours, spared=spared))
        elif isinstance(event, HungUp):
            self._end(event if self._answered else Failed(487, "answered at the moment it was cancelled"))
        elif isinstance(event, Failed):  # the line is lost
            self._end(event)
        elif isinstance(event, Answered) and self._hanging_up:  # the answer crossed our CANCEL: it is ended at once
            assert self._call is not None
            self._call.hung_up("caller hung up")
        elif isinstance(event, Answered):
            self._answered = True
            self._put_answer()
        else:
            self._events.put(event)

    def _end(self, final: Failed | HungUp) -> None:
        self._events.end(final)
        self._news.put(None)
        self._on_over()
