"""What a dialout must know of this moment, read at once: whether its phone may be dialled, how its trunk stands, which configuration holds.

One statement on SQLite. On PostgreSQL the trunk is locked first, by a statement of its own: what is counted afterwards is what those
who held it before have committed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from core.calls.occupied import Seen, columns_of_phone
from core.calls.tables import HOLDS_A_SEAT, Call
from core.fleet.generation import GENERATION
from core.kernel.lines import REAL, SANDBOX, Lines
from core.kernel.statements import Statement, table_of
from core.trunks.store import TrunkInfo, as_it_stands, held
from core.trunks.tables import Trunk

__all__ = ["Look", "look_before_dialling"]

_calls, _trunks = table_of(Call), table_of(Trunk)

_IN_USE = select(func.count()).select_from(_calls).where(HOLDS_A_SEAT, _calls.c.trunk == bindparam("trunk")).scalar_subquery()


def _select(lines: Lines) -> list[object]:
    return [GENERATION.label("generation"), *columns_of_phone(lines), _IN_USE.label("in_use")]


_LOOK = {lines: Statement(select(*_select(lines))) for lines in (SANDBOX, REAL)}  # type: ignore[call-overload]
_WITH_TRUNK = {
    lines: Statement(select(*_select(lines), _trunks).where(_trunks.c.name == bindparam("trunk")))  # type: ignore[call-overload]
    for lines in (SANDBOX, REAL)
}


@dataclass(frozen=True)
class Look:
    """What was seen: the generation of the configuration, the phone, the trunk as it stands and how many calls are on it."""

    generation: int
    seen: Seen
    trunk: TrunkInfo
    in_use: int


def look_before_dialling(connection: Connection, phone: str, trunk: TrunkInfo, lines: Lines, at: datetime) -> Look | None:
    """Look, in a transaction that may write; the trunk is the transaction's own until its end. None if the trunk was removed."""
    if connection.dialect.name == "sqlite":
        row = _WITH_TRUNK[lines].run(connection, phone=phone, but="", now=at, trunk=trunk.name).first()
        if row is None:
            return None
        now = as_it_stands(row, trunk.from_number)
    else:
        locked = held(connection, trunk.name, trunk)
        if locked is None:
            return None
        now, row = locked, _LOOK[lines].run(connection, phone=phone, but="", now=at, trunk=trunk.name).one()
    return Look(row.generation, Seen(bool(row.suppressed), bool(row.on_call)), now, row.in_use)
