"""The transport `websocket` of a process: sound runs in real time."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from core.bots.config import BotConfig
from core.calls.engine import Engine
from core.contracts.transport import WEBSOCKET
from core.voice.voices import check_at_hand
from core.wiring.speech import VoiceOptions, speech_of

if TYPE_CHECKING:
    from core.transports.websocket.transport import WebSocketTransport
    from core.voice.recording import RecordingWriter

__all__ = ["SocketParts", "add_websocket"]

log = logging.getLogger(__name__)


class SocketParts:
    """The transport and what must be closed after it."""

    def __init__(self, transport: WebSocketTransport, writer: RecordingWriter, engine: Engine) -> None:
        self.transport, self._writer, self._engine = transport, writer, engine

    async def hang_up(self, seconds: float) -> None:
        """Take no new calls, end those in progress, and wait until their connections are closed, so many seconds at most."""
        self.transport.stop()
        for run in list(self._engine.runs.values()):
            if run.transport is self.transport:
                await run.stop()
        if not await self.transport.closed(seconds):
            log.warning("some WebSockets could not be closed in time")

    def close(self) -> None:
        """End the media thread; what is being recorded is written."""
        self.transport.close()
        self._writer.stop()


def add_websocket(engine: Engine, voices: VoiceOptions, *, lab: bool) -> SocketParts:
    """Give the engine the transport `websocket`.

    Args:
        engine: the process's call engine, on the real clock.
        voices: the settings of the process that concern voices.
        lab: whether nobody but test clients opens WebSocket calls here, so that they may be talked to in `tones`.
    """
    from core.transports.websocket.transport import WebSocketTransport  # noqa: PLC0415 - loads numpy
    from core.voice.recording import RecordingWriter  # noqa: PLC0415

    writer = RecordingWriter()

    def check(bot: BotConfig) -> None:
        check_at_hand(bot.voice, voices.name, lab=lab)

    transport = WebSocketTransport(engine.clock, speech_of(engine, writer, voices, lab=lab), check)
    engine.transports[WEBSOCKET] = transport
    return SocketParts(transport, writer, engine)
