"""What all WebSocket calls of this process share: the media thread, the speech, the limits."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from core.access.strangers import Strangers
from core.contracts.transport import WEBSOCKET, Leg, PlaceOrder
from core.kernel.clock import Clock
from core.transports.websocket.closing import Close, Refused
from core.transports.websocket.connection import Connection, Gone
from core.transports.websocket.leg import WebSocketLeg
from core.transports.websocket.protocol import Handshake, Opening
from core.voice.errors import VoiceUnavailable
from core.voice.media_thread import MediaThread, TickedSession
from core.voice.ports import Frame, Speech

if TYPE_CHECKING:
    from core.bots.config import BotConfig

__all__ = ["Limits", "Pacer", "WebSocketTransport"]


@dataclass(frozen=True)
class Limits:
    """What a client may do.

    Attributes:
        handshake_seconds: how long `connected` may take, and then each message of the handshake.
        ringing_seconds: how long the whole handshake may take.
        media_timeout: seconds without sound after which a call is ended.
        handshakes: connections that may be in their handshake at once.
    """

    handshake_seconds: float = 10.0
    ringing_seconds: float = 120.0
    media_timeout: float = 60.0
    handshakes: int = 256


class Pacer(Protocol):
    """What exchanges 20 ms of sound with every session, on time: a `MediaThread`."""

    def add(self, session: TickedSession) -> None:
        """Serve a session."""

    def remove(self, session: TickedSession) -> None:
        """Serve it no longer."""

    def stop(self) -> None:
        """End."""


class WebSocketTransport:
    """A `Transport` whose calls come in; it places none.

    Args:
        clock: all waiting is done through it.
        speech: makes the conversation's leg of an audio leg.
        check: raises `VoiceUnavailable` if nobody could talk for a bot.
        limits: what clients may do.
        pacer: makes the media clock of what is to be done after each tick; the media thread by default.
    """

    name = WEBSOCKET
    real = True

    def __init__(
        self,
        clock: Clock,
        speech: Speech,
        check: Callable[[BotConfig], None] = lambda _: None,
        limits: Limits | None = None,
        pacer: Callable[[Callable[[], None]], Pacer] | None = None,
    ) -> None:
        self._clock, self.speech, self._check_voice, self.limits = clock, speech, check, limits or Limits()
        self.media = (pacer or (lambda after_tick: MediaThread("websocket-media", after_tick)))(self._flush)
        self._frames: list[tuple[WebSocketLeg, Frame]] = []  # of this tick; in the media thread
        self._loop: asyncio.AbstractEventLoop | None = None
        self._legs: set[WebSocketLeg] = set()
        self._handshakes = 0
        self.strangers = Strangers()
        self._quiet = clock.signal()
        self._quiet.set()
        self.draining = self.stopping = False

    async def place(self, order: PlaceOrder) -> Leg:
        """Nothing is placed on a WebSocket.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(f"call {order.call_id}: calls over WebSockets come in, none is placed")

    def check(self, bot: BotConfig) -> None:
        """Whether a call to the bot could be talked on.

        Raises:
            Refused: this process stops, or there is no voice.
        """
        if self.stopping or self.draining:
            raise Refused(Close.STOPPING, "The server is stopping.")
        try:
            self._check_voice(bot)
        except VoiceUnavailable as error:
            raise Refused(Close.NO_VOICE, f"No call can be taken: {error}.") from None

    async def shake_hands(self, connection: Connection, handshake: Handshake) -> Opening:
        """Receive the handshake; what came of it so far stands in `handshake` also if it fails.

        Raises:
            Refused: it is not as it must be, takes too long, or too many others are at it.
            Gone: the other side went away.
        """
        if self._handshakes >= self.limits.handshakes:
            raise Refused(Close.CROWDED, "Too many connections are in their handshake: try again later.")
        self._handshakes += 1

        def on_binary() -> None:
            handshake.ignored.add("binary")

        began = self._clock.now().timestamp()
        try:
            while True:
                async with self._clock.timeout(self._patience(handshake, self._clock.now().timestamp() - began)):
                    message = await connection.receive(on_binary=on_binary)
                opening = handshake.take(message)
                if opening is not None:
                    return opening
        except TimeoutError:
            passed = self._clock.now().timestamp() - began
            raise Refused(Close.TOO_SLOW, f"The handshake took longer than {passed:.0f} s: {handshake.missing}.") from None
        finally:
            self._handshakes -= 1

    def _patience(self, handshake: Handshake, passed: float) -> float:
        """How long the next message may take: a call that is announced may ring, as long as its client says something."""
        limits = self.limits
        if handshake.said is None:
            return max(limits.handshake_seconds - passed, 0.0)
        return max(min(limits.handshake_seconds, limits.ringing_seconds - passed), 0.0)

    @contextlib.contextmanager
    def leg_of(self, connection: Connection, opening: Opening) -> Iterator[WebSocketLeg]:
        """The leg of a call, served by the media clock within the block."""
        self._loop = asyncio.get_running_loop()
        leg = WebSocketLeg(connection, opening, self._clock, self._collect, self.limits.media_timeout)
        leg.stopping = self.stopping
        self._legs.add(leg)
        self._quiet.clear()
        self.media.add(leg.session)
        try:
            yield leg
        finally:
            self.media.remove(leg.session)
            self._legs.discard(leg)
            if not self._legs:
                self._quiet.set()

    async def read(self, connection: Connection, leg: WebSocketLeg) -> None:
        """Hand what comes to the leg until the connection or the call is over."""
        try:
            while not leg.over.is_set():
                leg.take(await connection.receive())
        except Gone as gone:
            leg.lost(gone)
        except Refused as refused:
            leg.break_off(refused, 400)

    async def drain(self) -> None:
        """Take no new calls, and wait until those in progress are over."""
        self.draining = True
        await self._quiet.wait()

    def stop(self) -> None:
        """Take no new calls; those in progress are closed with 1001 when they are hung up."""
        self.stopping = True
        for leg in self._legs:
            leg.stopping = True

    async def closed(self, seconds: float) -> bool:
        """Whether every connection was closed within so many clock seconds."""
        return await self._quiet.wait(seconds)

    def close(self) -> None:
        """End the media thread."""
        self.media.stop()

    def _collect(self, leg: WebSocketLeg, frame: Frame) -> None:
        self._frames.append((leg, frame))

    def _flush(self) -> None:
        """One message to the event loop for each tick, however many calls there are."""
        if not self._frames or self._loop is None:
            return
        frames, self._frames = self._frames, []

        def send() -> None:
            for leg, frame in frames:
                leg.send(frame)

        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(send)
