"""The `sip` transport of this process, if it can have one: real calls run in real time, and need the extra `sip`."""

from __future__ import annotations

import importlib.util
import logging
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
from web.voices import make_speech

if TYPE_CHECKING:
    from core.transports.sip.transport import SipTransport, TrunkLine
    from core.voice.recording import RecordingWriter

__all__ = ["MISSING", "SipParts", "add_sip", "has_sippy", "line_of", "listen"]

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

    def is_lab(order: PlaceOrder) -> bool:
        return look(order.trunk).settings.lab

    speech = make_speech(settings, engine, writer, is_lab)
    transport = SipTransport(engine.clock, SippySignalling(), line_of=look, speech=speech)
    engine.transports[transport.name] = transport
    return SipParts(transport, writer)


async def listen(parts: SipParts, engine: Engine) -> None:
    """Be reachable for every trunk of SIP; what keeps one from it is logged."""
    with engine.db.read() as connection:
        names = [trunk.name for trunk in all_trunks(connection) if trunk.transport == SIP]
    for name in names:
        try:
            await parts.transport.listen(name)
        except SipUnavailable as error:
            log.warning("%s", error)
