"""The `sip` transport of this process, if it can have one: real calls run in real time, and need the extra `sip`."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import SecretStr
from sqlalchemy import Connection

from core.access.secrets import SecretError, SecretStore
from core.engine import Engine
from core.kernel.secrets import SecretBoxError
from core.transports.base import PlaceOrder
from core.transports.sip.settings import BadSipSettings, read_settings
from core.transports.sip.signalling import SipUnavailable
from core.trunks.records import BUILT_IN, SIP, UnknownTrunk, all_trunks, find_trunk
from web.settings import Settings

if TYPE_CHECKING:
    from core.transports.sip.transport import SipTransport, TrunkLine
    from core.voice.ports import Voice
    from core.voice.recording import CallRecording, RecordingWriter

__all__ = ["MISSING", "SipParts", "add_sip", "has_sippy", "line_of", "listen", "voice_for"]

log = logging.getLogger(__name__)

MISSING = "SIP needs the package sippy: install the extra, pip install 'campaign-dialler[sip]'"


def has_sippy() -> bool:
    """Whether the extra `sip` is installed."""
    return importlib.util.find_spec("sippy") is not None


class SipParts:
    """The transport and what must be closed after it."""

    def __init__(self, transport: SipTransport, writer: RecordingWriter) -> None:
        self.transport, self._writer = transport, writer

    async def close(self) -> None:
        """Listen no longer; what is being recorded is written."""
        await self.transport.close()
        self._writer.stop()


def line_of(connection: Connection, secrets: SecretStore, name: str) -> TrunkLine:
    """A trunk as its record is now.

    Raises:
        SipUnavailable: there is no such trunk, it is not one of SIP, or its password cannot be read.
    """
    from core.transports.sip.transport import TrunkLine  # noqa: PLC0415 - loads numpy

    try:
        record = find_trunk(connection, name)
        if record.transport != SIP or record.sip is None:
            raise SipUnavailable(f"the trunk {name!r} is of {record.transport}, not of {SIP}")
        settings = read_settings(record.sip)
        password: SecretStr | None = secrets.resolve(connection, settings.password) if settings.password else None
    except (UnknownTrunk, BadSipSettings, SecretError, SecretBoxError) as error:
        raise SipUnavailable(f"the trunk {name!r} cannot be used: {error}") from None
    return TrunkLine(name, settings, record.channels, record.calls_per_second, password)


def add_sip(settings: Settings, engine: Engine, secrets: SecretStore) -> SipParts | None:
    """Give the engine the transport `sip`; None if this process cannot, or is not to, have it."""
    if settings.trunk in {None, BUILT_IN}:  # who did not name a trunk was told that no real phone rings
        return None
    if settings.speed != 1.0 or settings.start is not None or not has_sippy():
        return None
    from core.transports.sip.stack.signalling import SippySignalling  # noqa: PLC0415 - only where it is used
    from core.transports.sip.transport import SipTransport  # noqa: PLC0415
    from core.voice.recording import RecordingWriter  # noqa: PLC0415

    writer = RecordingWriter()

    def look(name: str) -> TrunkLine:
        with engine.db.read() as connection:
            return line_of(connection, secrets, name)

    def record(order: PlaceOrder) -> Callable[[], CallRecording] | None:
        recordings = engine.recordings
        if not order.record or recordings is None:
            return None
        return lambda: writer.open(recordings.file_of(order.call_id))

    def speak(order: PlaceOrder) -> Voice:
        return voice_for(settings.voice, lab=look(order.trunk).settings.lab)

    transport = SipTransport(engine.clock, SippySignalling(), line_of=look, voice_of=speak, recording_of=record)
    engine.transports[transport.name] = transport
    return SipParts(transport, writer)


def voice_for(name: str | None, *, lab: bool) -> Voice:
    """The voice of that name.

    Raises:
        SipUnavailable: there is none, or it must not be heard by anybody.
    """
    from core.voice.tones import TonesVoice  # noqa: PLC0415 - loads numpy

    if name == "tones" and lab:
        return TonesVoice()
    if name == "tones":
        raise SipUnavailable("the voice 'tones' has no words: it speaks on lab trunks only, never to people")
    raise SipUnavailable("no voice is configured, so nobody could be talked to (docs/real-calls.md)")


async def listen(parts: SipParts, engine: Engine) -> None:
    """Be reachable for every trunk of SIP; what keeps one from it is logged."""
    with engine.db.read() as connection:
        names = [trunk.name for trunk in all_trunks(connection) if trunk.transport == SIP]
    for name in names:
        try:
            await parts.transport.listen(name)
        except SipUnavailable as error:
            log.warning("%s", error)
