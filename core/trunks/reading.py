"""Trunks and their numbers as an admin keeps them, read from the database."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from core.kernel.numbers import NumberError, parse_number
from core.kernel.statements import AnyRow, table_of
from core.transports.sip.standing import Registration
from core.trunks.breaker import HEALTHY, Health
from core.trunks.errors import BadTrunk, UnknownTrunk
from core.trunks.tables import CallerId, Trunk

__all__ = [
    "BUILT_IN",
    "LIVEKIT",
    "SIP",
    "NumberRecord",
    "TrunkRecord",
    "all_trunks",
    "e164_of",
    "find_number",
    "find_trunk",
    "known_names",
    "trunk_exists",
]

_trunks, _numbers = table_of(Trunk), table_of(CallerId)

_MOST_NAMED = 10
BUILT_IN = "sandbox"
"""The trunk of the sandbox network: it is made again at every start, with the limits of that network."""
SIP = "sip"
LIVEKIT = "livekit"
"""The transports whose trunks have settings, and the keys under which these are kept."""


@dataclass(frozen=True)
class NumberRecord:
    """A number of ours (E.164) on a trunk; an inbound call to it reaches `bot_id`."""

    number: str
    bot_id: str | None = None
    label: str = ""


@dataclass(frozen=True)
class TrunkRecord:
    """A trunk as an admin keeps it; calls without a `from_number` go out on the default trunk and show its `default_number`.

    `health` is what its circuit breaker remembers.
    `sip` is how a trunk of the transport `sip` is reached (`core.transports.sip.settings.SipSettings`), without what is left
    at its default; None for other transports. `livekit` is the same for the transport `livekit`
    (`core.transports.livekit.settings.LiveKitSettings`).
    """

    name: str
    transport: str
    channels: int
    calls_per_second: float
    default_number: str | None
    is_default: bool
    created_at: datetime
    numbers: tuple[NumberRecord, ...] = ()
    sip: dict[str, Any] | None = None
    livekit: dict[str, Any] | None = None
    health: Health = HEALTHY
    registration: Registration | None = None
    """How its registration stands, as far as it has one (`register`); None: no news of it yet."""


_PLAIN = [f.name for f in fields(TrunkRecord) if f.name not in {"numbers", "health", "registration", SIP, LIVEKIT}]


def all_trunks(connection: Connection) -> list[TrunkRecord]:
    """Every trunk with its numbers, the default one first."""
    numbers: dict[str, list[NumberRecord]] = {}
    for row in connection.execute(select(_numbers).order_by(_numbers.c.number)):
        numbers.setdefault(row.trunk, []).append(_number_of(row))
    rows = connection.execute(select(_trunks).order_by(_trunks.c.is_default.desc(), _trunks.c.name))
    return [_trunk_of(row, numbers.get(row.name, ())) for row in rows]


def find_trunk(connection: Connection, name: str) -> TrunkRecord:
    """A trunk by its name, with its numbers.

    Raises:
        UnknownTrunk: there is none.
    """
    row = connection.execute(select(_trunks).where(_trunks.c.name == name)).one_or_none()
    if row is None:
        raise _unknown(connection, name)
    numbers = connection.execute(select(_numbers).where(_numbers.c.trunk == name).order_by(_numbers.c.number))
    return _trunk_of(row, [_number_of(number) for number in numbers])


def trunk_exists(connection: Connection, name: str) -> None:
    """Check that there is a trunk of this name.

    Raises:
        UnknownTrunk: there is none.
    """
    if connection.execute(select(_trunks.c.name).where(_trunks.c.name == name)).first() is None:
        raise _unknown(connection, name)


def find_number(connection: Connection, trunk: str, number: str) -> NumberRecord:
    """A number of a trunk.

    Raises:
        UnknownTrunk: there is no such trunk, or no such number on it.
        BadTrunk: it is no phone number.
    """
    wanted = e164_of(number, "number")
    row = connection.execute(select(_numbers).where(_numbers.c.number == wanted, _numbers.c.trunk == trunk)).one_or_none()
    if row is None:
        trunk_exists(connection, trunk)
        raise UnknownTrunk(f"{wanted} is not a number of the trunk {trunk!r}.")
    return _number_of(row)


def e164_of(written: str, field: str) -> str:
    """A number of ours in E.164.

    Raises:
        BadTrunk: it is no phone number; names the `field`.
    """
    try:
        return parse_number(written, None).e164
    except NumberError as error:
        raise BadTrunk(field, str(error).rstrip(".")) from None


def known_names(written: str, known: Sequence[str], none: str) -> str:
    """A sentence for somebody who wrote a name that is not known: the nearest known name, else the first of them, else `none`."""
    near = difflib.get_close_matches(written.lower(), known, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {near[0]!r}?"
    more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
    return f"There are: {', '.join(known[:_MOST_NAMED])}{more}." if known else none


def _unknown(connection: Connection, name: str) -> UnknownTrunk:
    names = select(_trunks.c.name).order_by(_trunks.c.is_default.desc(), _trunks.c.name)
    known = list(connection.execute(names).scalars())
    return UnknownTrunk(f"There is no trunk {name!r}. {known_names(name, known, 'There is none yet.')}")


def _trunk_of(row: AnyRow, numbers: Sequence[NumberRecord]) -> TrunkRecord:
    return TrunkRecord(
        **{name: getattr(row, name) for name in _PLAIN},
        numbers=tuple(numbers),
        sip=row.settings.get(SIP),
        livekit=row.settings.get(LIVEKIT),
        health=Health.of(row.health),
        registration=Registration.of(row.registration) if (row.settings.get(SIP) or {}).get("register") else None,
    )


def _number_of(row: AnyRow) -> NumberRecord:
    return NumberRecord(row.number, row.bot_id, row.label)
