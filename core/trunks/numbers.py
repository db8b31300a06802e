"""The numbers of trunks (caller IDs): added, changed, removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from core.bots.tables import Bot
from core.kernel.numbers import NumberError, parse_number
from core.kernel.statements import table_of
from core.trunks.errors import BadNumbers, TrunkConflict, UnknownTrunk
from core.trunks.reading import NumberRecord, e164_of, find_number, known_names, trunk_exists
from core.trunks.tables import CallerId, Trunk

__all__ = ["add_number", "add_numbers", "change_number", "change_numbers", "put_number", "remove_number"]

_trunks, _numbers, _bots = table_of(Trunk), table_of(CallerId), table_of(Bot)

_CHANGE = update(_numbers).where(_numbers.c.number == bindparam("at")).values(bot_id=bindparam("bot"), label=bindparam("words"))
_LOOKED_UP_AT_ONCE = 5_000
"""Numbers in one SELECT: SQLite takes 32,766 parameters, PostgreSQL 65,535."""


def add_number(connection: Connection, trunk: str, new: NumberRecord) -> NumberRecord:
    """Put a number on a trunk; a trunk without a default number shows it from now on. Returns it in E.164.

    Raises:
        UnknownTrunk, BadTrunk, TrunkConflict: see there.
    """
    return add_numbers(connection, trunk, [new])[0]


def add_numbers(connection: Connection, trunk: str, new: Sequence[NumberRecord]) -> list[NumberRecord]:
    """Put numbers on a trunk, all of them or none; a trunk without a default number shows the first from now on.

    Returns them in E.164. However many there are, they are written by one statement.

    Raises:
        UnknownTrunk: there is no such trunk.
        BadNumbers: numbers, or their bots, cannot be used. Names every problem of the list, conflicts too.
        TrunkConflict: numbers are on this trunk or on another one already, or are given twice. Names all of them.
    """
    trunk_exists(connection, trunk)
    if not new:
        return []
    read, problems = _read(connection, new)
    conflicts = list(_conflicts(connection, trunk, [record.number for record in read]))
    if problems:
        raise BadNumbers([*problems, *(("number", sentence.rstrip(".")) for sentence in conflicts)])
    if conflicts:
        raise TrunkConflict(" ".join(conflicts))
    connection.execute(insert(_numbers), [{"trunk": trunk, **asdict(record)} for record in read])
    first = update(_trunks).where(_trunks.c.name == trunk, _trunks.c.default_number.is_(None))
    connection.execute(first.values(default_number=read[0].number))
    return read


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
    wanted = e164_of(number, "number")
    there = connection.execute(select(_numbers).where(_numbers.c.number == wanted, _numbers.c.trunk == trunk)).one_or_none()
    before = None if there is None else NumberRecord(there.number, there.bot_id, there.label)
    record = before or NumberRecord(wanted)
    record = replace(record, bot_id=record.bot_id if bot_id is None else bot_id or None, label=record.label if label is None else label)
    record = (add_number if before is None else change_number)(connection, trunk, record)
    if shown:
        connection.execute(update(_trunks).where(_trunks.c.name == trunk).values(default_number=wanted))
    return record, before is None


def change_number(connection: Connection, trunk: str, changed: NumberRecord) -> NumberRecord:
    """Give a number another bot or label. Returns it in E.164.

    Raises:
        UnknownTrunk, BadTrunk: see there.
    """
    return change_numbers(connection, trunk, [changed])[0]


def change_numbers(connection: Connection, trunk: str, changed: Sequence[NumberRecord]) -> list[NumberRecord]:
    """Give numbers of a trunk other bots or labels, all of them or none. Returns them in E.164.

    However many there are, they are written by one statement.

    Raises:
        UnknownTrunk: there is no such trunk, or a number is not on it.
        BadNumbers: numbers, or their bots, cannot be used. Names every problem of the list.
    """
    trunk_exists(connection, trunk)
    if not changed:
        return []
    read, problems = _read(connection, changed)
    there = _trunks_of(connection, [record.number for record in read])
    if missing := [record.number for record in read if there.get(record.number) != trunk]:
        raise UnknownTrunk(f"{_listed(missing)} not {'a number' if len(missing) == 1 else 'numbers'} of the trunk {trunk!r}.")
    if problems:
        raise BadNumbers(problems)
    connection.execute(_CHANGE, [{"at": record.number, "bot": record.bot_id, "words": record.label} for record in read])
    return read


def remove_number(connection: Connection, trunk: str, number: str) -> None:
    """Take a number off a trunk.

    Raises:
        UnknownTrunk, TrunkConflict: see there.
    """
    wanted = find_number(connection, trunk, number).number
    default = connection.execute(select(_trunks.c.default_number).where(_trunks.c.name == trunk)).scalar_one()
    if default == wanted:
        if len(connection.execute(select(_numbers.c.number).where(_numbers.c.trunk == trunk).limit(2)).all()) > 1:
            raise TrunkConflict("It is the default number of its trunk: make another one the default first.")
        connection.execute(update(_trunks).where(_trunks.c.name == trunk).values(default_number=None))
    connection.execute(delete(_numbers).where(_numbers.c.number == wanted))


def _read(connection: Connection, new: Sequence[NumberRecord]) -> tuple[list[NumberRecord], list[tuple[str, str]]]:
    """The numbers in E.164, those that can be read; and what is wrong with the others, and with bots."""
    bots = _known_bots(connection) if any(record.bot_id is not None for record in new) else []
    known = set(bots)
    read: list[NumberRecord] = []
    problems: list[tuple[str, str]] = []
    unknown: set[str] = set()
    for record in new:
        try:
            read.append(replace(record, number=parse_number(record.number, None).e164))
        except NumberError as error:
            said = str(error).rstrip(".")
            problems.append(("number", said if len(new) == 1 else f"{record.number!r}: {said}"))
        if record.bot_id is not None and record.bot_id not in known | unknown:
            unknown.add(record.bot_id)
            problems.append(("bot_id", _no_bot(record.bot_id, bots)))
    return read, problems


def _conflicts(connection: Connection, trunk: str, numbers: Sequence[str]) -> Iterator[str]:
    """Sentences about numbers that are given twice, or are on a trunk already."""
    wanted = list(dict.fromkeys(numbers))
    if len(wanted) < len(numbers):
        twice = [number for number, times in Counter(numbers).items() if times > 1]
        yield f"{_listed(twice)} given more than once."
    where: dict[str, list[str]] = {}
    for number, there in _trunks_of(connection, wanted).items():
        where.setdefault(there, []).append(number)
    for there, taken in sorted(where.items()):
        if there == trunk:
            yield f"{_listed(taken)} on the trunk {trunk!r} already."
        else:
            they = "it" if len(taken) == 1 else "they"
            yield f"{_listed(taken)} on the trunk {there!r}, so {they} cannot be on {trunk!r}: a number belongs to one trunk."


def _trunks_of(connection: Connection, numbers: Sequence[str]) -> dict[str, str]:
    """The trunks of those numbers (E.164) that are on one."""
    found: dict[str, str] = {}
    for begin in range(0, len(numbers), _LOOKED_UP_AT_ONCE):
        some = numbers[begin : begin + _LOOKED_UP_AT_ONCE]
        rows = connection.execute(
            select(_numbers.c.number, _numbers.c.trunk).where(_numbers.c.number.in_(some)).order_by(_numbers.c.number)
        )
        found.update((row.number, row.trunk) for row in rows)
    return found


def _listed(numbers: Sequence[str]) -> str:
    return f"{', '.join(numbers)} {'is' if len(numbers) == 1 else 'are'}"


def _known_bots(connection: Connection) -> list[str]:
    return list(connection.execute(select(_bots.c.id).where(_bots.c.archived_at.is_(None)).order_by(_bots.c.id)).scalars())


def _no_bot(bot_id: str, known: Sequence[str]) -> str:
    none = "No bot is kept yet: `dialler bots add FILE` keeps one."
    return f"there is no bot {bot_id!r}. {known_names(bot_id, known, none)}"
