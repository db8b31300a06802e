"""Trunks as their transports need them: the settings read, the secrets revealed."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection

from core.access.secrets import SecretError, SecretStore
from core.contracts.transport import Line
from core.kernel.secrets import SecretBoxError
from core.transports.line_settings import BadLineSettings
from core.transports.livekit.line import LiveKitLine, LiveKitUnavailable
from core.transports.livekit.settings import read_livekit_settings
from core.transports.livekit.store import outbound_trunk_id
from core.transports.sip.line import TrunkLine
from core.transports.sip.settings import read_settings
from core.transports.sip.signalling import SipUnavailable
from core.trunks.errors import UnknownTrunk
from core.trunks.reading import LIVEKIT, SIP, TrunkRecord, all_trunks, find_trunk
from core.trunks.store import TrunkInfo

__all__ = ["line_for_call", "line_of", "livekit_line_of", "livekit_lines", "unusable_beside"]

log = logging.getLogger(__name__)


def line_for_call(connection: Connection, secrets: SecretStore | None, trunk: TrunkInfo) -> Line | None:
    """What the order of a call carries of its trunk, without its numbers.

    None if the trunk's transport needs nothing of it, or if it cannot be used: the transport finds out why when the call is placed.
    """
    if secrets is None:
        return None
    rate = trunk.calls_per_second if trunk.record_rate is None else trunk.record_rate
    try:
        if trunk.transport == SIP:
            return _sip_line(connection, secrets, trunk.name, trunk.settings.get(SIP), trunk.channels, rate)
        if trunk.transport == LIVEKIT:
            return _livekit_line(connection, secrets, trunk.name, trunk.settings.get(LIVEKIT), trunk.channels, rate)
    except (SipUnavailable, LiveKitUnavailable):
        return None
    return None


def line_of(connection: Connection, secrets: SecretStore, name: str) -> TrunkLine:
    """A trunk of SIP as its record is now.

    Raises:
        SipUnavailable: there is no such trunk, it is not one of SIP, or its password cannot be read.
    """
    with _unusable_as(SipUnavailable, name):
        trunk = find_trunk(connection, name)
    if trunk.transport != SIP:
        raise SipUnavailable(f"the trunk {name!r} is of {trunk.transport}, not of {SIP}")
    return _sip_line(connection, secrets, name, trunk.sip, trunk.channels, trunk.calls_per_second, _numbers_of(trunk))


def livekit_line_of(connection: Connection, secrets: SecretStore, name: str) -> LiveKitLine:
    """A trunk of LiveKit as its record is now.

    Raises:
        LiveKitUnavailable: there is no such trunk, it is not one of LiveKit, or a secret of it cannot be read.
    """
    with _unusable_as(LiveKitUnavailable, name):
        trunk = find_trunk(connection, name)
    return _livekit_line_of(connection, secrets, trunk)


def livekit_lines(connection: Connection, secrets: SecretStore) -> list[LiveKitLine]:
    """Every usable trunk of LiveKit; why another one is not is logged."""
    found = []
    for record in all_trunks(connection):
        if record.transport == LIVEKIT:
            try:
                found.append(_livekit_line_of(connection, secrets, record))
            except LiveKitUnavailable as error:
                log.warning("%s", error)
    return found


def unusable_beside(connection: Connection, lines: Iterable[LiveKitLine]) -> set[str]:
    """The names of the trunks of LiveKit that are not among the usable ones."""
    return {record.name for record in all_trunks(connection) if record.transport == LIVEKIT} - {line.name for line in lines}


@contextlib.contextmanager
def _unusable_as(unavailable: type[SipUnavailable | LiveKitUnavailable], name: str) -> Iterator[None]:
    """What keeps a trunk from being used, in the words of its transport."""
    try:
        yield
    except (UnknownTrunk, BadLineSettings, SecretError, SecretBoxError) as error:
        raise unavailable(f"the trunk {name!r} cannot be used: {error}") from None


def _sip_line(
    connection: Connection,
    secrets: SecretStore,
    name: str,
    written: Mapping[str, Any] | None,
    channels: int,
    rate: float,
    numbers: tuple[str, ...] = (),
) -> TrunkLine:
    with _unusable_as(SipUnavailable, name):
        settings = read_settings(written or {})
        password: SecretStr | None = secrets.resolve(connection, settings.password) if settings.password else None
    return TrunkLine(name, settings, channels, rate, password, numbers)


def _livekit_line(
    connection: Connection,
    secrets: SecretStore,
    name: str,
    written: Mapping[str, Any] | None,
    channels: int,
    rate: float,
    numbers: tuple[str, ...] = (),
) -> LiveKitLine:
    with _unusable_as(LiveKitUnavailable, name):
        settings = read_livekit_settings(written or {})
        api_secret: SecretStr = secrets.resolve(connection, settings.api_secret)
        password: SecretStr | None = secrets.resolve(connection, settings.password) if settings.password else None
    return LiveKitLine(name, settings, channels, rate, api_secret, password, numbers, outbound_trunk_id(connection, name))


def _livekit_line_of(connection: Connection, secrets: SecretStore, trunk: TrunkRecord) -> LiveKitLine:
    if trunk.transport != LIVEKIT:
        raise LiveKitUnavailable(f"the trunk {trunk.name!r} is of {trunk.transport}, not of {LIVEKIT}")
    numbers = _numbers_of(trunk)
    return _livekit_line(connection, secrets, trunk.name, trunk.livekit, trunk.channels, trunk.calls_per_second, numbers)


def _numbers_of(trunk: TrunkRecord) -> tuple[str, ...]:
    return tuple(number.number for number in trunk.numbers)
