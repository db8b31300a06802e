"""The `websocket` transport of this process, if it can have one: sound runs in real time."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from core.bots.config import BotConfig
from core.calls.engine import Engine
from core.contracts.transport import WEBSOCKET
from web.settings import Settings
from web.voices import check_at_hand, make_speech

if TYPE_CHECKING:
    from core.transports.websocket.transport import WebSocketTransport
    from core.voice.recording import RecordingWriter

__all__ = ["LAB_VARIABLE", "SocketParts", "add_websocket"]

log = logging.getLogger(__name__)

LAB_VARIABLE = "DIALLER_WEBSOCKET_LAB"
"""Says that nobody but test clients opens WebSocket calls here, so that they may be talked to in `tones`."""


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


def add_websocket(settings: Settings, engine: Engine) -> SocketParts | None:
    """Give the engine the transport `websocket`; None if the clock of this process is not the real one."""
    if not settings.in_real_time:
        return None
    from core.transports.websocket.transport import WebSocketTransport  # noqa: PLC0415 - loads numpy
    from core.voice.recording import RecordingWriter  # noqa: PLC0415

    writer = RecordingWriter()
    is_lab = settings.environ.get(LAB_VARIABLE, "").strip().lower() in {"1", "yes", "true", "on"}

    def check(bot: BotConfig) -> None:
        check_at_hand(bot, settings.voice, lab=is_lab)

    transport = WebSocketTransport(engine.clock, make_speech(settings, engine, writer, lambda _: is_lab), check)
    engine.transports[WEBSOCKET] = transport
    return SocketParts(transport, writer, engine)
