"""One WebSocket, over ASGI: messages in, one at a time; messages out, through a queue that is bounded.

A client that stops reading fills the queue, and that ends its call: it cannot make this process keep more than a few seconds of sound.
"""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

from core.kernel.clock import Clock
from core.kernel.failures import without_values
from core.transports.websocket.closing import Close, Closing, Refused
from core.transports.websocket.flood import Flood
from core.transports.websocket.protocol import read_message

__all__ = ["MOST_WAITING", "Connection", "Gone"]

log = logging.getLogger(__name__)

MOST_WAITING: Final = 250
"""Messages that may wait to be sent: five seconds of sound."""
_LAST_MESSAGES_SECONDS: Final = 2.0
"""How long a client has to read what was said last."""

Message = dict[str, Any]
Text = Callable[[int], str]
"""Makes a message when it is sent, told how many wait behind it."""


class Gone(Exception):
    """The other side is gone; `code` is that of its close frame, 1005 or 1006 if there was none."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the connection was closed with {code}")
        self.code = code


class Connection:
    """One WebSocket that was accepted.

    Args:
        receive, send: of ASGI.
        clock: all waiting is done through it.
    """

    def __init__(self, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]], clock: Clock) -> None:
        self._receive, self._send, self._clock = receive, send, clock
        self._flood = Flood()
        self._waiting: deque[tuple[Text, bool]] = deque()
        self._news, self._emptied = clock.signal(), clock.signal()
        self._emptied.set()
        self._broken = False
        self._writer = clock.spawn(self._write(), name="websocket out")
        self.on_stuck: Callable[[], None] = lambda: None
        """Called when the client does not read."""

    @property
    def waiting(self) -> int:
        """Messages that wait to be sent."""
        return len(self._waiting)

    async def receive(self, *, on_binary: Callable[[], None] | None = None) -> Message:
        """The next message.

        Args:
            on_binary: called when a binary frame was ignored.

        Raises:
            Gone: there is none any more.
            Refused: it is not one of the protocol's, or they come too fast.
        """
        while True:
            event = await self._receive()
            if event["type"] == "websocket.disconnect":
                raise Gone(int(event.get("code") or 1005))
            text = event.get("text")
            if not self._flood.admit(self._clock.now().timestamp(), len(event.get("bytes") or "" if text is None else text)):
                raise Refused(Close.TOO_FAST, "Too many messages: at most 250 and 128 KiB a second.")
            if text is not None:
                return read_message(text)
            if on_binary is None:
                raise Refused(Close.NOT_TEXT, "A binary message came: every message is JSON in a text frame.")
            on_binary()

    def put(self, text: Text, *, sound: bool = False) -> None:
        """Send a message, after those that wait."""
        if self._broken:
            return
        if len(self._waiting) >= MOST_WAITING:
            self._broken = True
            self._waiting.clear()
            self.on_stuck()
            return
        self._waiting.append((text, sound))
        self._emptied.clear()
        self._news.set()

    def clear_sound(self) -> None:
        """Do not send the sound that waits."""
        self._waiting = deque(item for item in self._waiting if not item[1])

    async def close(self, closing: Closing) -> None:
        """Send what waits, then close. Never longer than a few seconds, and it never raises."""
        if not self._broken:
            await self._emptied.wait(_LAST_MESSAGES_SECONDS)
        self._broken = True
        self._waiting.clear()
        self._clock.cancel(self._writer)
        await self._clock.join(self._writer)
        with contextlib.suppress(Exception):  # it may be closed, or its client may not read
            async with self._clock.timeout(_LAST_MESSAGES_SECONDS):
                await self._send({"type": "websocket.close", "code": int(closing.code), "reason": closing.sent_reason})

    async def _write(self) -> None:
        try:
            while True:
                if not self._waiting:
                    self._emptied.set()
                    self._news.clear()
                    await self._news.wait()
                    continue
                make, _ = self._waiting.popleft()
                await self._send({"type": "websocket.send", "text": make(len(self._waiting))})
        except Exception as error:  # the client is gone; the reader reports it
            log.debug("a message could not be sent: %s", without_values(error))
            self._broken = True
            self._waiting.clear()
            self._emptied.set()
