"""Trunks and caller IDs in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.kernel.numbers import NumberError, parse_number
from core.kernel.statements import AnyRow, Statement, table_of
from core.trunks.breaker import HEALTHY, Health
from core.trunks.pacing import interval
from core.trunks.tables import CallerId, Trunk

__all__ = [
    "SANDBOX_NUMBER",
    "TrunkInfo",
    "as_it_stands",
    "choose_trunk",
    "ensure_sandbox_trunk",
    "every_trunk",
    "give_back_turn",
    "held",
    "take_turn",
]

_trunks, _numbers = table_of(Trunk), table_of(CallerId)
_EVERY = Statement(select(_trunks).order_by(_trunks.c.is_default.desc(), _trunks.c.name))
_OF_NUMBER = Statement(select(_trunks).join(_numbers, _numbers.c.trunk == _trunks.c.name).where(_numbers.c.number == bindparam("number")))
_LOCK = Statement(select(_trunks).where(_trunks.c.name == bindparam("trunk")).with_for_update())
_TAKE_TURN = Statement(update(_trunks).where(_trunks.c.name == bindparam("trunk")).values(next_call_at=bindparam("after")))

SANDBOX_NUMBER = "+12025550100"
"""The caller ID of the sandbox trunk: a number reserved for fiction."""


@dataclass(frozen=True)
class TrunkInfo:
    """The trunk that a call goes out on, its limits, and the caller ID that the call shows. `lab`: it ends on this machine."""

    name: str
    transport: str
    from_number: str | None
    channels: int
    calls_per_second: float
    next_call_at: datetime | None = None
    """No call leaves earlier than this."""
    lab: bool = False
    health: Health = HEALTHY
    record_rate: float | None = None
    """The calls a second that its record says; `calls_per_second` is less if the carrier seems to allow less."""
    settings: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """How it is reached, by transport, as its record has it."""


def choose_trunk(connection: Connection, from_number: str | None, region: str | None, preferred: str | None = None) -> TrunkInfo | None:
    """The trunk that `from_number` belongs to; if None is asked for, the `preferred` trunk, or the default one, with its default number.

    Returns None if the number is not one of ours, or there is no trunk.
    """
    if from_number is None:
        trunks = every_trunk(connection)
        return next((trunk for trunk in trunks if preferred in {None, trunk.name}), None)
    try:
        number = parse_number(from_number, region).e164
    except NumberError:
        return None
    row = _OF_NUMBER.run(connection, number=number).first()
    return None if row is None else _info(row, number)


def every_trunk(connection: Connection) -> list[TrunkInfo]:
    """Every trunk with its default number, the default trunk first."""
    return [_info(row, row.default_number) for row in _EVERY.run(connection)]


def as_it_stands(row: AnyRow, number: str | None) -> TrunkInfo:
    """The trunk of a row that has its columns, with the number that a call shows."""
    return _info(row, number)


def _info(row: AnyRow, number: str | None) -> TrunkInfo:
    lab = any((row.settings.get(transport) or {}).get("lab") for transport in ("sip", "livekit"))
    health = Health.of(row.health)
    rate = health.limits.rate_at(row.calls_per_second)
    return TrunkInfo(row.name, row.transport, number, row.channels, rate, row.next_call_at, lab, health, row.calls_per_second, row.settings)


def held(connection: Connection, name: str, read: TrunkInfo | None = None) -> TrunkInfo | None:
    """A trunk as it stands now, its row ours until the transaction ends; None if it is not there any more.

    One call at a time counts the channels of a trunk and takes its turn, in whatever process. On SQLite a transaction that
    may write is the only one: what it has `read` of the trunk still holds.
    """
    if read is not None and connection.dialect.name == "sqlite":
        return read
    row = _LOCK.run(connection, trunk=name).first()
    return None if row is None else _info(row, row.default_number if read is None else read.from_number)


def give_back_turn(connection: Connection, trunk: str, turn: datetime) -> None:
    """Let the next call have the turn of one that will not leave; if others have come since, theirs stay as they are."""
    row = connection.execute(select(_trunks).where(_trunks.c.name == trunk)).one_or_none()
    if row is not None and row.next_call_at == turn + interval(_info(row, None).calls_per_second):
        unchanged = (_trunks.c.name == trunk, _trunks.c.next_call_at == row.next_call_at)
        connection.execute(update(_trunks).where(*unchanged).values(next_call_at=turn))


def take_turn(connection: Connection, trunk: TrunkInfo, turn: datetime) -> None:
    """Give the turn to a call of a trunk that is `held`; the next one comes after it."""
    after = turn + interval(trunk.calls_per_second)
    _TAKE_TURN.run(connection, trunk=trunk.name, after=after)


def ensure_sandbox_trunk(connection: Connection, *, channels: int, calls_per_second: float, now: datetime) -> None:
    """Make the built-in trunk of the sandbox network if there is none yet; its limits are the network's."""
    limits = {"channels": channels, "calls_per_second": calls_per_second}
    if connection.execute(update(_trunks).where(_trunks.c.name == "sandbox").values(limits)).rowcount:
        return
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    trunk = {
        "name": "sandbox",
        "transport": "sandbox",
        "default_number": SANDBOX_NUMBER,
        "is_default": connection.execute(select(_trunks.c.name).where(_trunks.c.is_default)).first() is None,
        "settings": {},
        "created_at": now,
    }
    number = {"number": SANDBOX_NUMBER, "trunk": "sandbox", "bot_id": None, "label": "sandbox"}
    # several processes may start at once
    connection.execute(insert(_trunks).values(**trunk, **limits).on_conflict_do_nothing())
    connection.execute(insert(_numbers).values(number).on_conflict_do_nothing())
