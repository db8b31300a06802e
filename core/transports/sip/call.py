"""One call between signalling, sound and the event loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.contracts.transport import LINE_LOST, Answered, Digit, Failed, HungUp, Ringing
from core.transports.sip.media import MediaSession
from core.transports.sip.negotiation import Negotiation
from core.transports.sip.reasons import Cause, in_words, network_ended, parse_reason, with_text
from core.transports.sip.sdp import SdpError
from core.transports.sip.signalling import Dialog
from core.voice.ports import AudioEvent

__all__ = ["Refused", "SipCall"]

_UNUSABLE = 488


@dataclass(frozen=True)
class Refused:
    """A call that failed, before it is known whose fault it was."""

    status: int
    phrase: str
    cause: Cause | None
    rang: bool
    from_us: bool

    def as_event(self, *, from_trunk: bool, spared: bool) -> Failed:
        """The event of the leg."""
        number = self.cause.number if self.cause else None
        return Failed(self.status, in_words(self.phrase, self.cause), from_trunk=from_trunk, spared=spared, cause=number)


class SipCall:
    """The listener of one dialog. It is called in the thread of signalling, except for keys and
    silence, which the media thread tells.

    Args:
        negotiation: what is said of the sound.
        session: the sound.
        post: puts an event into the leg's mailbox, from any thread. The last one is `Refused` or `HungUp`; only one is posted.
        media_timeout: seconds without a packet of sound after which an answered call is ended; 0: never.
    """

    def __init__(
        self, negotiation: Negotiation, session: MediaSession, post: Callable[[AudioEvent | Refused], None], media_timeout: int = 0
    ) -> None:
        self._media_timeout = media_timeout
        self.negotiation, self.session = negotiation, session
        self.dialog: Dialog | None = None
        self._post = post
        self.leftover: dict[str, Any] | None = None
        """What must be kept to end the call, should this process die; None if nothing is known yet."""
        self._rang = self._answered = self._over = False

    def begins(self, dialog: Dialog) -> None:
        """The dialog."""
        self.dialog = dialog

    def progress(self, status: int, phrase: str, sdp: str | None) -> None:  # noqa: ARG002
        """It rings, perhaps with early media."""
        if sdp is not None:
            self._agree(sdp)
        if not self._rang and not self._answered and status in {180, 181, 182, 183}:
            self._rang = True
            self._keep(answered=False)
            self._post(Ringing())

    def answered(self, sdp: str | None) -> None:
        """Somebody picked up."""
        if self._answered or self._over:
            return
        if sdp is not None:
            self._agree(sdp)
        self._answered = True
        if self.session.stream is None:
            self._end(Refused(_UNUSABLE, "it was answered with sound that we do not have", None, self._rang, from_us=True))
            self._hang_up()
            return
        self.session.watch(self._media_timeout)
        self._keep(answered=True)
        self._post(Answered())

    def accepted(self) -> None:
        """We picked up."""
        self._answered = True
        self._keep(answered=True)
        self.session.watch(self._media_timeout)

    def offered(self, sdp: str | None) -> str | None:
        """They want something else."""
        if sdp is None:
            return self.negotiation.offer()
        try:
            ours, stream = self.negotiation.answer(sdp)
        except SdpError:
            return None
        self.session.stream = stream
        return ours

    def acknowledged(self, sdp: str | None) -> None:
        """Their answer to the offer that they asked for."""
        if sdp is not None:
            self._agree(sdp)

    def failed(self, status: int, phrase: str, reason: str, *, from_us: bool) -> None:
        """It was never answered."""
        self._end(Refused(status, with_text(phrase, reason), parse_reason(reason), self._rang, from_us))

    def ended(self, reason: str) -> None:
        """They hung up; or the network did, which is no hanging up: the call was cut off."""
        if (why := network_ended(reason)) is not None:
            self._end(Failed(LINE_LOST, why))
            return
        cause = parse_reason(reason)
        self._end(HungUp() if cause is None or cause.number == 16 else HungUp(in_words("hung up", cause)))

    def hung_up(self, why: str) -> None:
        """We hung up."""
        self._end(HungUp(why))

    def pressed(self, key: str) -> None:
        """A key, from the media thread, or told by signalling."""
        if self._answered and not self._over and self.session.key_limit.admit():
            self._post(Digit(key))

    def unheard(self) -> None:
        """Nothing has come from the other side for the whole of the timeout; from the media thread. Its BYE will not come either.

        That is no callee who hangs up: the call was cut off.
        """
        if self._answered and not self._over:
            self._end(Failed(LINE_LOST, f"no sound came for {self._media_timeout} s: the line is lost"))
            self._hang_up()

    def _keep(self, *, answered: bool) -> None:
        if self.dialog is not None:
            self.leftover = self.dialog.leftover(answered=answered)

    def _agree(self, sdp: str) -> None:
        try:
            self.session.stream = self.negotiation.accept(sdp)
        except SdpError:
            return  # an answered call without any agreement is ended by `answered`

    def _hang_up(self) -> None:
        if self.dialog is not None:
            self.dialog.hang_up()

    def _end(self, last: Refused | HungUp | Failed) -> None:
        if not self._over:
            self._over = True
            self._post(last)
