"""The `livekit` transport of this process, if it can have one: real calls run in real time, and need the extra `livekit`."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic import SecretStr
from sqlalchemy import Connection

from core.access.secrets import SecretError, SecretStore
from core.calls.engine import Engine
from core.calls.inbound import receive_call
from core.calls.store import live_among, trunk_calls
from core.contracts.transport import IncomingCall, PlaceOrder
from core.fleet import store as fleet
from core.kernel.secrets import SecretBoxError
from core.transports.line_settings import BadLineSettings
from core.transports.livekit.line import LiveKitLine, LiveKitUnavailable
from core.transports.livekit.settings import read_livekit_settings
from core.transports.livekit.store import installation_name, standings
from core.trunks.errors import UnknownTrunk
from core.trunks.reading import LIVEKIT, TrunkRecord, all_trunks, find_trunk
from dialler.scheduler.periodic import start_job
from web.settings import Settings
from web.voices import make_speech

if TYPE_CHECKING:
    from core.transports.livekit.transport import LiveKitTransport
    from core.transports.livekit.watch import LiveKitWatch
    from core.voice.recording import RecordingWriter

__all__ = [
    "MISSING_LIVEKIT",
    "LiveKitParts",
    "add_livekit",
    "has_livekit",
    "livekit_line_of",
    "livekit_lines",
    "start_livekit",
    "unusable_beside",
]

log = logging.getLogger(__name__)

MISSING_LIVEKIT = "LiveKit needs the package livekit: install the extra, pip install 'campaign-dialler[livekit]'"
_CALLS_SECONDS, _REAP_SECONDS, _RECONCILE_SECONDS, _SYNC_SECONDS, _FORGET_SECONDS = 2, 15, 15, 60, 3600
"""How often, in real seconds: calls to us are looked for, rooms without an owner, callees that are gone, trunks that are not in step."""


def has_livekit() -> bool:
    """Whether the extra `livekit` is installed."""
    try:
        return importlib.util.find_spec("livekit.rtc") is not None
    except ModuleNotFoundError:
        return False


class LiveKitParts:
    """The transport, its watch, and what must be closed after them."""

    def __init__(self, transport: LiveKitTransport, watch: LiveKitWatch, writer: RecordingWriter) -> None:
        self.transport, self.watch, self._writer = transport, watch, writer

    async def close(self) -> None:
        """End what is up; what is being recorded is written."""
        await self.transport.close()
        self._writer.stop()


def livekit_line_of(connection: Connection, secrets: SecretStore, name: str) -> LiveKitLine:
    """A trunk as its record is now.

    Raises:
        LiveKitUnavailable: there is no such trunk, it is not one of LiveKit, or a secret of it cannot be read.
    """
    try:
        return _line(connection, secrets, find_trunk(connection, name))
    except UnknownTrunk as error:
        raise LiveKitUnavailable(f"the trunk {name!r} cannot be used: {error}") from None


def livekit_lines(connection: Connection, secrets: SecretStore) -> list[LiveKitLine]:
    """Every usable trunk of LiveKit; why another one is not is logged."""
    found = []
    for record in all_trunks(connection):
        if record.transport == LIVEKIT:
            try:
                found.append(_line(connection, secrets, record))
            except LiveKitUnavailable as error:
                log.warning("%s", error)
    return found


def unusable_beside(connection: Connection, lines: Iterable[LiveKitLine]) -> set[str]:
    """The names of the trunks of LiveKit that are not among the usable ones."""
    return {record.name for record in all_trunks(connection) if record.transport == LIVEKIT} - {line.name for line in lines}


def _line(connection: Connection, secrets: SecretStore, record: TrunkRecord) -> LiveKitLine:
    if record.transport != LIVEKIT or record.livekit is None:
        raise LiveKitUnavailable(f"the trunk {record.name!r} is of {record.transport}, not of {LIVEKIT}")
    try:
        settings = read_livekit_settings(record.livekit)
        api_secret: SecretStr = secrets.resolve(connection, settings.api_secret)
        password: SecretStr | None = secrets.resolve(connection, settings.password) if settings.password else None
    except (BadLineSettings, SecretError, SecretBoxError) as error:
        raise LiveKitUnavailable(f"the trunk {record.name!r} cannot be used: {error}") from None
    standing = standings(connection).get(record.name)
    numbers = tuple(number.number for number in record.numbers)
    outbound = standing.outbound_trunk_id if standing else None
    return LiveKitLine(record.name, settings, record.channels, record.calls_per_second, api_secret, password, numbers, outbound)


def add_livekit(settings: Settings, engine: Engine, secrets: SecretStore) -> LiveKitParts | None:
    """Give the engine the transport `livekit`; None if this process cannot, or is not to, have it."""
    if not settings.opens_trunks or not has_livekit():
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

    def is_lab(order: PlaceOrder) -> bool:
        return look(order.trunk).settings.lab

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

    async def receive(incoming: IncomingCall) -> None:
        await receive_call(engine, incoming, LIVEKIT)

    with engine.db.write() as connection:
        installation = installation_name(connection)
    transport = LiveKitTransport(engine.clock, installation, look, make_speech(settings, engine, writer, is_lab), in_use)
    watch = LiveKitWatch(
        engine.db, engine.clock, engine.worker_id, transport,
        lines=lines, unusable=unusable, live_calls=live_calls, free_seats=free_seats, receive=receive,
    )  # fmt: skip
    engine.transports[transport.name] = transport
    engine.on_livekit_webhook = watch.on_webhook
    return LiveKitParts(transport, watch, writer)


def start_livekit(parts: LiveKitParts, engine: Engine) -> list[asyncio.Task[None]]:
    """What is done again and again beside calls."""
    watch = parts.watch

    async def forget() -> None:
        watch.forget()

    return [
        start_job(engine.clock, "trunks at LiveKit", _SYNC_SECONDS, watch.sync),
        start_job(engine.clock, "rooms without an owner", _REAP_SECONDS, watch.reap),
        start_job(engine.clock, "callees who are gone", _RECONCILE_SECONDS, parts.transport.reconcile),
        start_job(engine.clock, "calls to us at LiveKit", _CALLS_SECONDS, watch.look_for_calls),
        start_job(engine.clock, "old webhooks of LiveKit", _FORGET_SECONDS, forget),
    ]
