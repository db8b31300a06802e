"""Trunks as an admin keeps them: made, changed, removed. For the API and the command line alike."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from core.kernel.statements import table_of
from core.transports.line_settings import BadLineSettings
from core.transports.livekit.settings import read_livekit_settings
from core.transports.sip.settings import read_settings
from core.trunks.breaker import HEALTHY
from core.trunks.errors import BadTrunk, TrunkConflict
from core.trunks.foreign import foreign_option
from core.trunks.health import keep_health
from core.trunks.limits import NO_LIMITS
from core.trunks.numbers import add_numbers
from core.trunks.pacing import SLOWEST
from core.trunks.reading import BUILT_IN, LIVEKIT, SIP, NumberRecord, TrunkRecord, e164_of, find_trunk, trunk_exists
from core.trunks.tables import CallerId, Trunk

__all__ = ["add_trunk", "change_trunk", "remove_trunk", "reset_trunk"]

_trunks, _numbers = table_of(Trunk), table_of(CallerId)


def add_trunk(
    connection: Connection,
    name: str,
    *,
    transport: str,
    channels: int,
    calls_per_second: float,
    numbers: Sequence[NumberRecord] = (),
    default_number: str | None = None,
    is_default: bool = False,
    sip: Mapping[str, Any] | None = None,
    livekit: Mapping[str, Any] | None = None,
    now: datetime,
) -> TrunkRecord:
    """Make a trunk with its numbers. The first trunk is the default one; the first number, unless another is named.

    Args:
        name: what it is called: small letters, digits, - and _.
        transport: what carries its calls.
        channels: most calls at once, at least 1.
        calls_per_second: most new calls a second, at least `SLOWEST`.
        sip: how a trunk of the transport `sip` is reached; None for every other.
        livekit: how a trunk of the transport `livekit` is reached; None for every other.

    Raises:
        BadTrunk, TrunkConflict: see there.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name):
        raise BadTrunk("name", "it must be of small letters, digits, - and _, at most 64, and begin with a letter or a digit")
    _check_limits(channels, calls_per_second)
    before = set(connection.execute(select(_trunks.c.name)).scalars())
    if name in before:
        raise TrunkConflict(f"There is a trunk {name!r} already.")
    connection.execute(
        insert(_trunks).values(
            name=name,
            transport=transport,
            channels=channels,
            calls_per_second=calls_per_second,
            default_number=None,
            is_default=False,
            settings=_settings(transport, sip=sip, livekit=livekit),
            created_at=now,
        )
    )
    add_numbers(connection, name, numbers)
    return change_trunk(connection, name, default_number=default_number, is_default=True if is_default or not before else None)


def change_trunk(
    connection: Connection,
    name: str,
    *,
    channels: int | None = None,
    calls_per_second: float | None = None,
    default_number: str | None = None,
    is_default: bool | None = None,
    sip: Mapping[str, Any] | None = None,
    livekit: Mapping[str, Any] | None = None,
) -> TrunkRecord:
    """Change a trunk; what is None stays as it is. Of `sip` and `livekit`, what is not in it stays, and None is the default.

    Raises:
        UnknownTrunk, BadTrunk, TrunkConflict: see there.
    """
    trunk = find_trunk(connection, name)
    _check_limits(channels, calls_per_second)
    if name == BUILT_IN and (channels is not None or calls_per_second is not None):
        raise TrunkConflict("The limits of the built-in trunk are those of the sandbox network: change them there (docs/sandbox.md).")
    values: dict[str, Any] = {
        key: value for key, value in (("channels", channels), ("calls_per_second", calls_per_second)) if value is not None
    }
    if sip is not None or livekit is not None:
        values["settings"] = _settings(trunk.transport, sip=_merged(trunk.sip, sip), livekit=_merged(trunk.livekit, livekit))
    if default_number is not None:
        values["default_number"] = e164_of(default_number, "default_number")
        if values["default_number"] not in [record.number for record in trunk.numbers]:
            raise BadTrunk("default_number", "it is not a number of this trunk: add it to the trunk first")
    if is_default is False and trunk.is_default:
        raise TrunkConflict("It is the default trunk: make another one the default instead.")
    if is_default:
        connection.execute(update(_trunks).where(_trunks.c.name != name).values(is_default=False))
        values["is_default"] = True
    if {"channels", "calls_per_second", "settings"} & set(values) and trunk.health.limits:  # what was learned is of the trunk as it was
        keep_health(connection, name, replace(trunk.health, limits=NO_LIMITS))
    if values:
        connection.execute(update(_trunks).where(_trunks.c.name == name).values(values))
    return find_trunk(connection, name)


def reset_trunk(connection: Connection, name: str) -> TrunkRecord:
    """Forget the failures of a trunk: it rests no longer.

    Raises:
        UnknownTrunk: there is none.
    """
    trunk_exists(connection, name)
    keep_health(connection, name, HEALTHY)
    return find_trunk(connection, name)


def remove_trunk(connection: Connection, name: str) -> None:
    """Remove a trunk and its numbers. Calls in progress on it go on.

    Raises:
        UnknownTrunk, TrunkConflict: see there.
    """
    trunk_exists(connection, name)
    if name == BUILT_IN:
        raise TrunkConflict("The trunk of the sandbox network is built in.")
    is_default = {row.name: row.is_default for row in connection.execute(select(_trunks.c.name, _trunks.c.is_default))}
    if is_default[name] and len(is_default) > 1:
        raise TrunkConflict("It is the default trunk: make another one the default first.")
    connection.execute(delete(_numbers).where(_numbers.c.trunk == name))
    connection.execute(delete(_trunks).where(_trunks.c.name == name))


def _merged(before: Mapping[str, Any] | None, changes: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if before is None and changes is None:
        return None
    return {key: value for key, value in {**(before or {}), **(changes or {})}.items() if value is not None}


def _settings(transport: str, *, sip: Mapping[str, Any] | None, livekit: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is kept of a trunk's settings."""
    for name, given in ((SIP, sip), (LIVEKIT, livekit)):
        if given is not None and transport != name:
            raise BadTrunk(name, f"only trunks of the transport {name} have it, and this one is of {transport}")
        for key, value in (given or {}).items():
            if (why := foreign_option(name, key, value)) is not None:
                raise BadTrunk(f"{name}.{key}", why)
    try:
        if transport == SIP:
            if sip is None:
                raise BadTrunk(SIP, "a trunk of the transport sip needs at least its host")
            return {SIP: read_settings(sip).record()}
        if transport == LIVEKIT:
            if livekit is None:
                raise BadTrunk(LIVEKIT, "a trunk of the transport livekit needs its url, api_key, api_secret and address")
            return {LIVEKIT: read_livekit_settings(livekit).record()}
    except BadLineSettings as error:
        raise BadTrunk(transport if error.field == transport else f"{transport}.{error.field}", error.detail) from None
    return {}


def _check_limits(channels: int | None, calls_per_second: float | None) -> None:
    if channels is not None and not 1 <= channels <= 100_000:
        raise BadTrunk("channels", "it must be from 1 to 100,000")
    if calls_per_second is not None and not SLOWEST <= calls_per_second <= 10_000:
        raise BadTrunk("calls_per_second", "it must be at least 0.001 and at most 10,000; below 1 for less than one a second")
