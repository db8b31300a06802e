"""WebSocket calls without a socket: the app's ASGI side, a dialler, and the media clock, all in virtual time.

The voice is of tones, so the bot's sound takes as long as its words; what the customer says is told to the voice beforehand, and
understood when sound that is loud enough has come and gone.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import select

from core.access.sockets import make_token
from core.calls.tables import Call
from core.deliveries.tables import Delivery
from core.kernel.clock import Clock
from core.kernel.mailbox import Mailbox
from core.kernel.statements import table_of
from core.transports.websocket.transport import Limits, WebSocketTransport
from core.voice.leg import VoiceLeg
from core.voice.media_thread import TICK, TickedSession
from core.voice.ports import FRAME, RATE, Frame
from core.voice.tones import TonesVoice
from tests.core.api.support import Core

__all__ = ["CUSTOMER", "DID", "QUIET", "TALKER", "Dialler", "Line", "loud", "with_sockets"]

TALKER, CUSTOMER, DID = "talker", "+12025550142", "+12025550101"
_calls, _deliveries = table_of(Call), table_of(Delivery)


def _coded(sound: Frame) -> str:
    return base64.b64encode(sound.astype("<i2").tobytes()).decode()


QUIET = _coded(np.zeros(FRAME, dtype=np.int16))


def loud(seconds: float) -> list[str]:
    """Payloads of a customer who speaks."""
    frame = (8000 * np.sin(2 * np.pi * 300 * np.arange(FRAME) / RATE)).astype(np.int16)
    return [_coded(frame)] * round(seconds / TICK)


class ToldVoice(TonesVoice):
    """Speaks in tones; understands what it was told that the customer will say."""

    def __init__(self, words: deque[str]) -> None:
        self._words = words

    async def synthesize(self, text: str) -> AsyncGenerator[Frame, None]:
        """A tone for each word."""
        if "boom" in text:
            raise RuntimeError("the voice broke")
        async for piece in super().synthesize(text):
            yield piece

    async def transcribe(self, speech: AsyncIterator[Frame]) -> str:
        """The next words."""
        async for _ in speech:
            pass
        return self._words.popleft() if self._words else ""


class VirtualPacer:
    """A `Pacer` on any clock."""

    def __init__(self, clock: Clock, after_tick: Callable[[], None]) -> None:
        self._clock, self._after_tick = clock, after_tick
        self._sessions: list[TickedSession] = []
        self._busy = clock.signal()
        self._ticking = clock.spawn(self._tick(), name="media clock")

    def add(self, session: TickedSession) -> None:
        """Serve a session."""
        self._sessions.append(session)
        self._busy.set()

    def remove(self, session: TickedSession) -> None:
        """Serve it no longer."""
        self._sessions.remove(session)
        session.close()

    def stop(self) -> None:
        """End."""
        self._clock.cancel(self._ticking)

    async def _tick(self) -> None:
        while True:
            if not self._sessions:  # so that a day without calls takes no time
                self._busy.clear()
                await self._busy.wait()
            await self._clock.sleep(TICK)
            for session in list(self._sessions):
                session.tick()
            self._after_tick()


@dataclass
class Line:
    """One WebSocket as its client has it: `came` is every message, with the second of the clock at which it came."""

    clock: Clock
    incoming: Mailbox[dict[str, Any]]
    came: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    code: int | None = None
    reason: str = ""
    reads: bool = True

    def send(self, event: str, **fields: Any) -> None:
        """Send a message."""
        self.send_text(json.dumps({"event": event, **fields}))

    def send_text(self, text: str) -> None:
        """Send a text frame."""
        self.incoming.put({"type": "websocket.receive", "text": text})

    def send_bytes(self, data: bytes) -> None:
        """Send a binary frame."""
        self.incoming.put({"type": "websocket.receive", "bytes": data, "text": None})

    def drop(self, code: int = 1006) -> None:
        """The connection ends."""
        self.incoming.put({"type": "websocket.disconnect", "code": code})

    def shake_hands(self, **more: Any) -> None:
        """The three messages of the guide."""
        connected = {"callerId": CUSTOMER, "did": DID, "streamId": "s-1", **more}
        self.send("connected", **{name: value for name, value in connected.items() if value is not ...})
        self.send("start", streamId="s-1", mediaFormat={"encoding": "LINEAR", "sampleRate": 8000, "channels": 1})
        self.send("answer")

    async def speak(self, payloads: list[str], seconds: float) -> None:
        """Send these, then silence, 20 ms every 20 ms, for so long or until the connection is closed."""
        for number in range(round(seconds / TICK)):
            if self.code is not None:
                return
            self.send("media", payload=payloads[number] if number < len(payloads) else QUIET)
            await self.clock.sleep(TICK)

    async def quiet(self, seconds: float = 200) -> None:
        """The customer says nothing."""
        await self.speak([], seconds)

    async def until(self, event: str, seconds: float = 60) -> dict[str, Any]:
        """Send silence until such a message came."""
        for _ in range(round(seconds / TICK)):
            found = [message for _, message in self.came if message["event"] == event]
            if found:
                return found[-1]
            await self.quiet(TICK)
        raise AssertionError(f"no {event} came, but {self.kinds()}")

    def kinds(self) -> list[str]:
        """The events that came, repeated ones once."""
        kinds: list[str] = []
        for _, message in self.came:
            if kinds[-1:] != [message["event"]]:
                kinds.append(message["event"])
        return kinds

    async def _receive(self) -> Any:
        return await self.incoming.get()

    async def _send(self, message: Any) -> None:
        while not self.reads:
            await self.clock.sleep(0.1)
        if message["type"] == "websocket.send":
            self.came.append((self.clock.now().timestamp(), json.loads(message["text"])))
        elif message["type"] == "websocket.close":
            self.code, self.reason = message["code"], message["reason"]


@dataclass
class Dialler:
    """Opens WebSocket calls to a core."""

    core: Core
    transport: WebSocketTransport
    token: str
    words: deque[str]

    @contextlib.asynccontextmanager
    async def line(
        self, bot: str = TALKER, headers: dict[str, str] | None = None, query: str = "", client: str = "192.0.2.1"
    ) -> AsyncIterator[Line]:
        """A connection; closed, if it is not, at the end of the block, and its calls have ended then."""
        clock = self.core.clock
        line = Line(clock, Mailbox(clock))
        shown = {"Authorization": f"Bearer {self.token}"} if headers is None else headers
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "scheme": "ws",
            "path": f"/ws/{bot}",
            "raw_path": f"/ws/{bot}".encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in {"Host": "core", **shown}.items()],
            "client": (client, 4711),
            "server": ("core", 80),
            "subprotocols": [],
        }
        line.incoming.put({"type": "websocket.connect"})
        held = clock.spawn(self.core.app(scope, line._receive, line._send), name="a websocket")
        try:
            yield line
        finally:
            line.reads = True
            if line.code is None:
                line.drop()
            await clock.join(held)
            await self.core.over()

    async def ends(self, *messages: dict[str, Any] | str, **how: Any) -> tuple[int | None, str]:
        """How a connection ends on which these messages are sent, within half a minute."""
        async with self.line(**how) as line:
            for message in messages:
                line.send_text(message if isinstance(message, str) else json.dumps(message))
            for _ in range(300):
                if line.code is not None:
                    break
                await self.core.clock.sleep(0.1)
        return line.code, line.reason

    def results(self) -> list[dict[str, Any]]:
        """The results of all calls, the oldest first."""
        with self.core.db.read() as connection:
            rows = connection.execute(select(_calls).order_by(_calls.c.created_at)).all()
        assert all(row.state == "done" for row in rows)
        return [row.result for row in rows]

    def pushed(self) -> list[tuple[str, dict[str, Any]]]:
        """What is to be pushed: of what kind, and the body."""
        with self.core.db.read() as connection:
            return [(row.kind, row.body) for row in connection.execute(select(_deliveries).order_by(_deliveries.c.created_at))]

    def bot(self, bot_id: str = TALKER, **config: Any) -> None:
        """Store a bot, or a new version of it."""
        self.core.bot(bot_id, **{"opening_message": "one two three four", **config})


def with_sockets(test: Callable[[Dialler], Coroutine[Any, Any, None]], limits: Limits | None = None, **bot: Any) -> Any:
    """Make of `test(dialler)` a test of a core that takes WebSocket calls to the bot `talker`, which has a token."""

    async def body(core: Core) -> None:
        words: deque[str] = deque()
        voice, clock = ToldVoice(words), core.clock
        transport = WebSocketTransport(
            clock,
            lambda order: lambda audio: VoiceLeg(audio, voice, clock, call_id=order.call_id),
            limits=limits,
            pacer=lambda after_tick: VirtualPacer(clock, after_tick),
        )
        core.engine.transports["websocket"] = transport
        core.bot(TALKER, **{"opening_message": "one two three four", **bot})
        with core.db.write() as connection:
            token = make_token(connection, TALKER, clock.now())
        dialler = Dialler(core, transport, token, words)
        try:
            await test(dialler)
        finally:
            transport.close()

    return body
