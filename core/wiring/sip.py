"""The transport `sip` of a process: real calls run in real time, and need the extra `sip`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from core.access.secrets import SecretStore
from core.calls.engine import Engine
from core.calls.store import trunk_calls
from core.kernel.failures import without_values
from core.transports.installed import has_sippy
from core.transports.sip.signalling import OwnFault, SipUnavailable
from core.transports.sip.standing import Registration
from core.trunks.health import keep_registration
from core.trunks.lines import line_of
from core.trunks.reading import SIP, all_trunks
from core.wiring.receiving import receive_soon
from core.wiring.speech import VoiceOptions, speech_of

if TYPE_CHECKING:
    from core.transports.sip.transport import SipTransport, TrunkLine
    from core.voice.recording import RecordingWriter

__all__ = ["SipParts", "add_sip", "listen", "refuse_own_fault"]

log = logging.getLogger(__name__)


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


def add_sip(engine: Engine, secrets: SecretStore, voices: VoiceOptions) -> SipParts | None:
    """Give the engine the transport `sip`; None if the extra `sip` is not installed."""
    if not has_sippy():
        return None
    from core.transports.sip.stack.signalling import SippySignalling  # noqa: PLC0415 - only where it is used
    from core.transports.sip.transport import SipTransport  # noqa: PLC0415
    from core.voice.recording import RecordingWriter  # noqa: PLC0415

    writer = RecordingWriter()

    def look(name: str) -> TrunkLine:
        with engine.db.read() as connection:
            return line_of(connection, secrets, name)

    def in_use(trunk: str) -> int:
        with engine.db.read() as connection:
            return trunk_calls(connection, trunk)

    def on_registration(trunk: str, registration: Registration) -> None:
        try:
            with engine.db.write() as connection:
                keep_registration(connection, trunk, registration)
        except SQLAlchemyError as error:  # registering goes on all the same
            log.error("how the registration of the trunk %s stands could not be written down: %s", trunk, without_values(error))

    speech = speech_of(engine, writer, voices)
    transport = SipTransport(engine.clock, SippySignalling(), line_of=look, speech=speech, in_use=in_use, on_registration=on_registration)
    transport.on_inbound = lambda inbound: receive_soon(engine, inbound, transport.name)
    engine.transports[transport.name] = transport
    return SipParts(transport, writer)


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
