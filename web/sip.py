"""The `sip` transport of this process, if it can have one: real calls run in real time, and need the extra `sip`."""

from __future__ import annotations

import importlib.util
import logging
from typing import TYPE_CHECKING

from pydantic import SecretStr
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from core.access.secrets import SecretError, SecretStore
from core.calls.engine import Engine
from core.calls.inbound import receive_call
from core.calls.store import trunk_calls
from core.contracts.transport import IncomingCall, PlaceOrder
from core.kernel.failures import without_values
from core.kernel.secrets import SecretBoxError
from core.transports.line_settings import BadLineSettings
from core.transports.sip.settings import read_settings
from core.transports.sip.signalling import OwnFault, SipUnavailable
from core.transports.sip.standing import Registration
from core.trunks.errors import UnknownTrunk
from core.trunks.health import keep_registration
from core.trunks.reading import SIP, all_trunks, find_trunk
from web.settings import Settings
from web.voices import make_speech

if TYPE_CHECKING:
    from core.transports.sip.transport import SipTransport, TrunkLine
    from core.voice.recording import RecordingWriter

__all__ = ["MISSING_SIP", "SipParts", "add_sip", "has_sippy", "line_of", "listen", "refuse_own_fault"]

log = logging.getLogger(__name__)

MISSING_SIP = "SIP needs the package sippy: install the extra, pip install 'campaign-dialler[sip]'"


def has_sippy() -> bool:
    """Whether the extra `sip` is installed."""
    return importlib.util.find_spec("sippy") is not None


class SipParts:
    """The transport and what must be closed after it."""

    def __init__(self, transport: SipTransport, writer: RecordingWriter) -> None:
        self.transport, self._writer = transport, writer
        self.deaf: dict[str, SipUnavailable] = {}
        """The trunks that are not listened to, or cannot carry their calls, and why not."""
        self.checked: set[str] = set()
        """Those whose ports were counted."""

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
    except (UnknownTrunk, BadLineSettings, SecretError, SecretBoxError) as error:
        raise SipUnavailable(f"the trunk {name!r} cannot be used: {error}") from None
    numbers = tuple(number.number for number in record.numbers)
    return TrunkLine(name, settings, record.channels, record.calls_per_second, password, numbers)


def add_sip(settings: Settings, engine: Engine, secrets: SecretStore) -> SipParts | None:
    """Give the engine the transport `sip`; None if this process cannot, or is not to, have it."""
    if not settings.opens_trunks or not has_sippy():
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

    def in_use(trunk: str) -> int:
        with engine.db.read() as connection:
            return trunk_calls(connection, trunk)

    def on_registration(trunk: str, registration: Registration) -> None:
        try:
            with engine.db.write() as connection:
                keep_registration(connection, trunk, registration)
        except SQLAlchemyError as error:  # registering goes on all the same
            log.error("how the registration of the trunk %s stands could not be written down: %s", trunk, without_values(error))

    speech = make_speech(settings, engine, writer, is_lab)
    transport = SipTransport(engine.clock, SippySignalling(), line_of=look, speech=speech, in_use=in_use, on_registration=on_registration)
    transport.on_incoming = lambda incoming: _receive(engine, incoming, transport.name)
    engine.transports[transport.name] = transport
    return SipParts(transport, writer)


def _receive(engine: Engine, incoming: IncomingCall, transport: str) -> None:
    """Have a call to us taken, in a task of its own."""

    async def receive() -> None:
        try:
            await receive_call(engine, incoming, transport)
        except Exception as error:
            log.error("a call to us was refused, because it could not be taken: %s", without_values(error))
            await incoming.refuse(500, "Server Internal Error")

    task = engine.clock.spawn(receive(), name="a call to us")
    engine.tasks.add(task)
    task.add_done_callback(engine.tasks.discard)


async def listen(parts: SipParts, engine: Engine) -> None:
    """Be reachable for every trunk of SIP as it is now, and for none that was removed; what keeps one from it is logged once."""
    with engine.db.read() as connection:
        names = [trunk.name for trunk in all_trunks(connection) if trunk.transport == SIP]
    await parts.transport.keep_only(names)
    for name in names:
        try:
            await parts.transport.listen(name)
            if name not in parts.checked:
                parts.transport.check(name)
                parts.checked.add(name)
            parts.deaf.pop(name, None)
        except SipUnavailable as error:
            if str(parts.deaf.get(name)) != str(error):
                log.warning("%s", error)
            parts.deaf[name] = error


def refuse_own_fault(parts: SipParts, trunk: str) -> None:
    """Refuse a run on a trunk that cannot carry calls because of this machine or of its record, before a lead is spent on it.

    Raises:
        OwnFault: see there.
    """
    if isinstance(why := parts.deaf.get(trunk), OwnFault):
        raise why
