"""The transport `livekit` of a process: real calls run in real time, and need the extra `livekit`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from core.access.secrets import SecretStore
from core.calls.engine import Engine
from core.calls.inbound import receive_call
from core.calls.store import live_among, trunk_calls
from core.contracts.transport import InboundCall
from core.fleet import store as fleet
from core.transports.installed import has_livekit
from core.transports.livekit.line import LiveKitLine
from core.transports.livekit.store import installation_name
from core.trunks.lines import livekit_line_of, livekit_lines, unusable_beside
from core.trunks.reading import LIVEKIT
from core.wiring.speech import VoiceOptions, speech_of

if TYPE_CHECKING:
    from core.transports.livekit.transport import LiveKitTransport
    from core.transports.livekit.watch import LiveKitWatch
    from core.voice.recording import RecordingWriter

__all__ = [
    "LiveKitParts",
    "add_livekit",
]

_CALLS_SECONDS, _REAP_SECONDS, _RECONCILE_SECONDS, _SYNC_SECONDS, _FORGET_SECONDS = 2, 15, 15, 60, 3600
"""How often, in real seconds: calls to us are looked for, rooms without an owner, callees that are gone, trunks that are not in step."""


class LiveKitParts:
    """The transport, its watch, and what must be closed after them."""

    def __init__(self, transport: LiveKitTransport, watch: LiveKitWatch, writer: RecordingWriter) -> None:
        self.transport, self.watch, self._writer = transport, watch, writer

    def jobs(self) -> list[tuple[str, int, Callable[[], Awaitable[object]]]]:
        """What is done again and again beside calls: its name, how often in seconds, and what."""

        async def forget() -> None:
            self.watch.forget()

        return [
            ("trunks at LiveKit", _SYNC_SECONDS, self.watch.sync),
            ("rooms without an owner", _REAP_SECONDS, self.watch.reap),
            ("callees who are gone", _RECONCILE_SECONDS, self.transport.reconcile),
            ("calls to us at LiveKit", _CALLS_SECONDS, self.watch.look_for_calls),
            ("old webhooks of LiveKit", _FORGET_SECONDS, forget),
        ]

    async def close(self) -> None:
        """End what is up; what is being recorded is written."""
        await self.transport.close()
        self._writer.stop()


def add_livekit(engine: Engine, secrets: SecretStore, voices: VoiceOptions) -> LiveKitParts | None:
    """Give the engine the transport `livekit`; None if the extra `livekit` is not installed."""
    if not has_livekit():
        return None
    from core.transports.livekit.transport import LiveKitTransport  # noqa: PLC0415 - only where it is used
    from core.transports.livekit.watch import LiveKitWatch  # noqa: PLC0415
    from core.voice.recording import RecordingWriter  # noqa: PLC0415

    writer = RecordingWriter()

    def look(name: str) -> LiveKitLine:
        with engine.db.read() as connection:
            return livekit_line_of(connection, secrets, name)

    def lines() -> list[LiveKitLine]:
        with engine.db.read() as connection:
            return livekit_lines(connection, secrets)

    def unusable() -> set[str]:
        with engine.db.read() as connection:
            return unusable_beside(connection, livekit_lines(connection, secrets))

    def live_calls(call_ids: Iterable[str]) -> set[str]:
        with engine.db.read() as connection:
            return live_among(connection, call_ids)

    def in_use(trunk: str) -> int:
        with engine.db.read() as connection:
            return trunk_calls(connection, trunk)

    def free_seats() -> int:
        with engine.db.read() as connection:
            load = fleet.load(connection, engine.worker_id)
        return load.available if load else 0

    async def receive(inbound: InboundCall) -> None:
        await receive_call(engine, inbound, LIVEKIT)

    with engine.db.write() as connection:
        installation = installation_name(connection)
    transport = LiveKitTransport(engine.clock, installation, look, speech_of(engine, writer, voices), in_use)
    watch = LiveKitWatch(
        engine.db, engine.clock, engine.worker_id, transport,
        lines=lines, unusable=unusable, live_calls=live_calls, free_seats=free_seats, receive=receive,
    )  # fmt: skip
    engine.transports[transport.name] = transport
    engine.on_livekit_webhook = watch.on_webhook
    return LiveKitParts(transport, watch, writer)
