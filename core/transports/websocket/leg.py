"""The audio leg of a WebSocket call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from core.contracts.transport import LINE_LOST, Answered, Failed, HungUp, Ringing, TransferOutcome
from core.kernel.clock import Clock, utc_now
from core.kernel.mailbox import Mailbox
from core.transports.audio_leg import TransportLeg
from core.transports.refused import NO_CALL
from core.transports.websocket.closing import Close, Closing, Refused
from core.transports.websocket.connection import Connection, Gone
from core.transports.websocket.protocol import Ignored, Opening, Writer, sound_of
from core.transports.websocket.session import WebSocketSession
from core.voice.ports import Frame

__all__ = ["WebSocketLeg"]

_TRANSFER_SECONDS: Final = 30.0
_AWAY_SECONDS: Final = 2.0
"""Without sound for this many seconds after a transfer request, the customer has been moved."""
_TAIL_SECONDS: Final = 0.2
"""What a dialler may keep before it plays it: so long before a hang-up the last words are left alone."""


class WebSocketLeg(TransportLeg):
    """An `AudioLeg` of one WebSocket call, answered as it begins: `answer` was the last message of the handshake.

    Args:
        connection: what it goes over.
        opening: what the handshake said.
        clock: all waiting is done through it.
        on_frame: hands a frame of ours from the media thread to the event loop's.
        media_timeout: seconds without sound after which the call is ended.
    """

    def __init__(
        self,
        connection: Connection,
        opening: Opening,
        clock: Clock,
        on_frame: Callable[[WebSocketLeg, Frame], None],
        media_timeout: float,
    ) -> None:
        super().__init__(clock)
        self._connection, self._writer = connection, Writer(opening)
        self._news: Mailbox[TransferOutcome] = Mailbox(clock)
        self._transferring = False
        self._last_sound = 0.0
        self.session = self._sound = WebSocketSession(
            lambda frame: on_frame(self, frame), lambda: self.run_soon(lambda: self._unheard(media_timeout)), media_timeout
        )
        self.ignored = Ignored()
        """What was left aside since the answer."""
        self.stopping = False
        """Whether this process ends: then the connection is closed with 1001."""
        self.over = clock.signal()
        """Set when the connection is to be closed, `closing` says how."""
        self.closing = Closing(Close.DONE, "The call is over.")
        connection.on_stuck = lambda: self.break_off(
            Refused(Close.TOO_SLOW, "The client does not read: five seconds of sound wait for it."), 408
        )
        self._events.put(Ringing())
        self._events.put(Answered())

    def clear(self) -> None:
        """The customer interrupted: tell the other side to discard what it has not played."""
        self._connection.clear_sound()
        self._put(self._writer.media_stop())

    def send(self, frame: Frame) -> None:
        """Send 20 ms of ours."""
        if not self.ended:
            self._last_sound = self._clock.now().timestamp()
            self._connection.put(lambda queued: self._writer.media(frame, queued, utc_now()), sound=True)

    async def hang_up(self, reason: str = "") -> None:
        """End the call; nothing if it is over. A customer who was transferred is not hung up on."""
        left = self._last_sound + _TAIL_SECONDS - self._clock.now().timestamp()
        if left > 0 and not self.stopping and reason != "cancelled":
            await self._clock.sleep(left)
        if self.ended:
            return
        if reason != "transferred":
            self._connection.clear_sound()
            self._put(self._writer.media_stop())
            self._put(self._writer.hang_up("The server is stopping" if self.stopping else "Call ended by bot"))
        if self.stopping:
            self.closing = Closing(Close.STOPPING, "The server is stopping.")
        self._end(HungUp("the bot hung up"))

    async def transfer(self, destination: str) -> TransferOutcome:
        """Ask the other side to hand the customer over.

        It went through if the other side says so (`transfer-result`), ends its side of the call, or sends no more sound; it
        failed if it says that, or if the customer can still be heard after half a minute.
        """
        if self.ended:
            return NO_CALL
        self._transferring = True
        try:
            self._put(self._writer.transfer(destination.removeprefix("tel:")))
            outcome = await self._news.get(_TRANSFER_SECONDS)
        finally:
            self._transferring = False
        if outcome is not None:
            return outcome
        if self.session.silent_seconds >= _AWAY_SECONDS:
            return TransferOutcome(True, 200, "no more sound of the customer came")
        return TransferOutcome(False, 408, "no news of the transfer came, and the customer is still here")

    def take(self, message: dict[str, Any]) -> None:
        """A message that came after the handshake; one whose event is not known, or due no more, is left aside and counted.

        Raises:
            Refused: it cannot be read.
        """
        match message["event"]:
            case "media":
                self.session.put(sound_of(message))
            case "hangup-call":
                by = str(message.get("disconnectedBy") or "customer").lower()
                self._end(HungUp() if by == "customer" else HungUp(f"the dialler hung up: disconnectedBy {by[:40]}"))
            case "transfer-result" if self._transferring:
                succeeded, why = message.get("success") is True, str(message.get("reason") or "")[:200]
                outcome = TransferOutcome(True, 200, "OK") if succeeded else TransferOutcome(False, None, why or "the dialler said so")
                self._news.put(outcome)
            case event:
                self.ignored.add(event)

    def lost(self, gone: Gone) -> None:
        """The other side closed the connection, or it broke."""
        how = "was closed without hangup-call" if gone.code in {1000, 1001} else "was lost"
        self._end(HungUp(f"the connection {how} (code {gone.code})"))

    def break_off(self, refused: Refused, status: int) -> None:
        """End the call because of what the other side does; that is an error, not the customer's hanging up."""
        if not self.ended:
            self.closing = refused.closing
            self._end(Failed(status, refused.closing.reason))

    def close_with(self, closing: Closing) -> None:
        """The call will not be answered: close the connection so."""
        if not self.ended:
            self.closing = closing
            self._end(HungUp("refused"))

    def _unheard(self, seconds: float) -> None:
        if not self.ended:
            self.closing = Closing(Close.TOO_SLOW, f"No sound came for {seconds:g} s.")
            self._end(Failed(LINE_LOST, f"no sound came for {seconds:g} s: the line is lost"))

    def _put(self, text: str) -> None:
        self._connection.put(lambda _: text)

    def _end(self, final: Failed | HungUp) -> None:
        if self.ended:
            return
        self._events.end(final)
        if self._transferring:
            self._news.put(TransferOutcome(True, 200, "the dialler took the call"))
        self.over.set()
