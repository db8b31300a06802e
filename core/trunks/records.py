"""Trunks and their numbers as an admin keeps them: made, changed, removed. For the API and the command line alike.

TrunkError
 +-- UnknownTrunk     there is no trunk, or no number, of that name
 +-- TrunkConflict    it cannot be done as things stand
 +-- BadTrunk         a value cannot be used
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from core.bots.tables import Bot
from core.kernel.numbers import NumberError, parse_number
from core.kernel.statements import table_of
from core.transports.line_settings import BadLineSettings
from core.transports.livekit.settings import read_livekit_settings
from core.transports.sip.settings import read_settings
from core.transports.sip.standing import Registration
from core.trunks.breaker import HEALTHY, Health
from core.trunks.foreign import foreign_option
from core.trunks.health import keep_health
from core.trunks.limits import NO_LIMITS
from core.trunks.pacing import SLOWEST
from core.trunks.tables import CallerId, Trunk

__all__ = [
    "BUILT_IN",
    "LIVEKIT",
    "SIP",
    "BadTrunk",
    "NumberRecord",
    "TrunkConflict",
    "TrunkError",
    "TrunkRecord",
    "UnknownTrunk",
    "add_number",
    "add_trunk",
    "all_trunks",
    "change_number",
    "change_trunk",
    "find_number",
    "find_trunk",
    "put_number",
    "remove_number",
    "remove_trunk",
    "reset_trunk",
]

_trunks = table_of(Trunk)
_numbers = table_of(CallerId)
_bots = table_of(Bot)

_MOST_NAMED = 10
BUILT_IN = "sandbox"
"""The trunk of the sandbox network: it is made again at every start, with the limits of that network."""
SIP = "sip"
LIVEKIT = "livekit"
"""The transports whose trunks have settings, and the keys under which these are kept."""


class TrunkError(Exception):
    """A trunk or a number cannot be kept like this."""


class UnknownTrunk(TrunkError):
    """There is no trunk of this name, or no such number on it."""


class TrunkConflict(TrunkError):
    """It cannot be done as things stand."""


class BadTrunk(TrunkError):
    """A value cannot be used; `field` says which."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field, self.detail = field, detail


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


def all_trunks(connection: Connection) -> list[TrunkRecord]:
    """Every trunk with its numbers, the default one first."""
    numbers: dict[str, list[NumberRecord]] = {}
    for row in connection.execute(select(_numbers).order_by(_numbers.c.number)):
        numbers.setdefault(row.trunk, []).append(NumberRecord(row.number, row.bot_id, row.label))
    rows = connection.execute(select(_trunks).order_by(_trunks.c.is_default.desc(), _trunks.c.name))
    names = [f.name for f in fields(TrunkRecord) if f.name not in {"numbers", "health", "registration", SIP, LIVEKIT}]
    return [
        TrunkRecord(
            **{name: getattr(row, name) for name in names},
            numbers=tuple(numbers.get(row.name, ())),
            sip=row.settings.get(SIP),
            livekit=row.settings.get(LIVEKIT),
            health=Health.of(row.health),
            registration=Registration.of(row.registration) if (row.settings.get(SIP) or {}).get("register") else None,
        )
        for row in rows
    ]


def find_trunk(connection: Connection, name: str) -> TrunkRecord:
    """A trunk by its name.

    Raises:
        UnknownTrunk: there is none.
    """
    trunks = all_trunks(connection)
    for trunk in trunks:
        if trunk.name == name:
            return trunk
    known = [trunk.name for trunk in trunks]
    raise UnknownTrunk(f"There is no trunk {name!r}. {_nearest(name, known) or _named(known, 'There is none yet.')}")


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
    before = all_trunks(connection)
    if any(trunk.name == name for trunk in before):
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
    for number in numbers:
        add_number(connection, name, number)
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
        values["default_number"] = _number(default_number, "default_number")
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
    find_trunk(connection, name)
    keep_health(connection, name, HEALTHY)
    return find_trunk(connection, name)


def remove_trunk(connection: Connection, name: str) -> None:
    """Remove a trunk and its numbers. Calls in progress on it go on.

    Raises:
        UnknownTrunk, TrunkConflict: see there.
    """
    trunk = find_trunk(connection, name)
    if name == BUILT_IN:
        raise TrunkConflict("The trunk of the sandbox network is built in.")
    if trunk.is_default and len(all_trunks(connection)) > 1:
        raise TrunkConflict("It is the default trunk: make another one the default first.")
    connection.execute(delete(_numbers).where(_numbers.c.trunk == name))
    connection.execute(delete(_trunks).where(_trunks.c.name == name))


def add_number(connection: Connection, trunk: str, new: NumberRecord) -> NumberRecord:
    """Put a number on a trunk; a trunk without a default number shows it from now on. Returns it in E.164.

    Raises:
        UnknownTrunk, BadTrunk, TrunkConflict: see there.
    """
    find_trunk(connection, trunk)
    number = NumberRecord(_number(new.number, "number"), _bot(connection, new.bot_id), new.label)
    there = connection.execute(select(_numbers.c.trunk).where(_numbers.c.number == number.number)).scalar_one_or_none()
    if there == trunk:
        raise TrunkConflict(f"{number.number} is on the trunk {trunk!r} already.")
    if there is not None:
        raise TrunkConflict(f"{number.number} is on the trunk {there!r}, so it cannot be on {trunk!r}: a number belongs to one trunk.")
    connection.execute(insert(_numbers).values(trunk=trunk, **asdict(number)))
    first = update(_trunks).where(_trunks.c.name == trunk, _trunks.c.default_number.is_(None))
    connection.execute(first.values(default_number=number.number))
    return number


def put_number(
    connection: Connection, trunk: str, number: str, *, bot_id: str | None = None, label: str | None = None, shown: bool = False
) -> tuple[NumberRecord, bool]:
    """Put a number on a trunk, or change it if it is there already. Returns it, and whether it is new.

    Args:
        bot_id: the bot that an inbound call to it reaches; "": none; None: as it was.
        label: a remark; None: as it was.
        shown: calls that name no caller ID show it from now on.

    Raises:
        UnknownTrunk, BadTrunk, TrunkConflict: see there; the last when it is on another trunk.
    """
    wanted = _number(number, "number")
    before = next((record for record in find_trunk(connection, trunk).numbers if record.number == wanted), None)
    record = before or NumberRecord(wanted)
    record = replace(record, bot_id=record.bot_id if bot_id is None else bot_id or None, label=record.label if label is None else label)
    record = (add_number if before is None else change_number)(connection, trunk, record)
    if shown:
        change_trunk(connection, trunk, default_number=wanted)
    return record, before is None


def change_number(connection: Connection, trunk: str, changed: NumberRecord) -> NumberRecord:
    """Give a number another bot or label.

    Raises:
        UnknownTrunk, BadTrunk: see there.
    """
    number = find_number(connection, trunk, changed.number).number
    record = NumberRecord(number, _bot(connection, changed.bot_id), changed.label)
    connection.execute(update(_numbers).where(_numbers.c.number == number).values(bot_id=record.bot_id, label=record.label))
    return record


def find_number(connection: Connection, trunk: str, number: str) -> NumberRecord:
    """A number of a trunk.

    Raises:
        UnknownTrunk: there is none.
    """
    wanted = _number(number, "number")
    for record in find_trunk(connection, trunk).numbers:
        if record.number == wanted:
            return record
    raise UnknownTrunk(f"{wanted} is not a number of the trunk {trunk!r}.")


def remove_number(connection: Connection, trunk: str, number: str) -> None:
    """Take a number off a trunk.

    Raises:
        UnknownTrunk, TrunkConflict: see there.
    """
    wanted, record = find_number(connection, trunk, number).number, find_trunk(connection, trunk)
    if record.default_number == wanted:
        if len(record.numbers) > 1:
            raise TrunkConflict("It is the default number of its trunk: make another one the default first.")
        connection.execute(update(_trunks).where(_trunks.c.name == trunk).values(default_number=None))
    connection.execute(delete(_numbers).where(_numbers.c.number == wanted))


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


def _number(written: str, field: str) -> str:
    try:
        return parse_number(written, None).e164
    except NumberError as error:
        raise BadTrunk(field, str(error).rstrip(".")) from None


def _bot(connection: Connection, bot_id: str | None) -> str | None:
    if bot_id is None:
        return None
    known = list(connection.execute(select(_bots.c.id).where(_bots.c.archived_at.is_(None)).order_by(_bots.c.id)).scalars())
    if bot_id not in known:
        none = "No bot is kept yet: `dialler bots add FILE` keeps one."
        raise BadTrunk("bot_id", f"there is no bot {bot_id!r}. {_nearest(bot_id, known) or _named(known, none)}")
    return bot_id


def _nearest(written: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(written.lower(), known, n=1, cutoff=0.6)
    return f"Did you mean {near[0]!r}?" if near else ""


def _named(known: Sequence[str], none: str) -> str:
    """The first of the known names, for somebody who wrote another."""
    more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
    return f"There are: {', '.join(known[:_MOST_NAMED])}{more}." if known else none
