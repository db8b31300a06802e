"""Compares our records with the log that the sandbox's callees keep: they can accuse us.

Every attempt may ring once. Whatever the callees saw of this database's processes must stand in our records, and whatever we say
was placed must stand in theirs. Calls that somebody else asked for over the API are records like any other. A log may be shared
with another database, and a database may have had several logs: only the runs count (`opened` lines) that are of this database
and of this log.

Memory does not grow with the number of attempts: both sides are counted in a temporary SQLite file.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select

from core.access.embedded import EMBEDDED_KEY_ID
from core.calls.tables import Call, CallEvent
from core.fleet.tables import Worker
from core.kernel.database import Database
from core.kernel.statements import table_of
from core.transports.sandbox import read_network_log
from dialler.leads.held import NOT_DIALLED
from dialler.leads.tables import Attempt

__all__ = ["NOTHING_SEEN", "Audit", "Found", "NotItsLog", "audit", "compare"]

_attempts = table_of(Attempt)
_calls = table_of(Call)
_events = table_of(CallEvent)
_workers = table_of(Worker)

_SHOWN = 100
_CHUNK = 2000


class NotItsLog(Exception):
    """The log and the database have nothing to do with each other: none of the database's processes wrote to it."""


@dataclass(frozen=True)
class Found:
    """Attempts that something is wrong with: how many, and the first hundred of them."""

    count: int
    attempts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Audit:
    """What the comparison found. `rang` is how many attempts the callees saw; the others are empty when all is well."""

    rang: int
    rang_twice: Found
    unknown_to_us: Found
    unknown_to_them: Found

    @property
    def clean(self) -> bool:
        """Whether both sides tell the same story."""
        return not (self.rang_twice.count or self.unknown_to_us.count or self.unknown_to_them.count)


NOTHING_SEEN = Audit(0, Found(0), Found(0), Found(0))
"""Where no call was on the sandbox."""


def compare(placed: Iterable[str], seen: Iterable[str], ours: Iterable[str]) -> Audit:
    """Compare what we say was placed, what the callees saw, and all of our records, by attempt. An id may come several times.

    They are read one after the other, in this order: while calls go on, each may already hold more than the one before it, and
    nobody is accused for that.
    """
    with contextlib.closing(sqlite3.connect("")) as scratch:  # in a temporary file of SQLite's own
        scratch.execute("CREATE TABLE ids (attempt TEXT, placed INTEGER, seen INTEGER, ours INTEGER)")
        for values, ids in (("1, 0, 0", placed), ("0, 1, 0", seen), ("0, 0, 1", ours)):
            scratch.executemany(f"INSERT INTO ids VALUES (?, {values})", ((one,) for one in ids))  # noqa: S608 - our own constants
        scratch.execute(
            "CREATE TABLE sums AS SELECT attempt, sum(placed) AS placed, sum(seen) AS seen, sum(ours) AS ours FROM ids GROUP BY attempt"
        )

        def found(where: str) -> Found:
            count = scratch.execute(f"SELECT count(*) FROM sums WHERE {where}").fetchone()[0]  # noqa: S608 - our own constants
            rows = scratch.execute(f"SELECT attempt FROM sums WHERE {where} ORDER BY attempt LIMIT {_SHOWN}")  # noqa: S608
            return Found(count, tuple(row[0] for row in rows))

        return Audit(
            rang=found("seen > 0").count,
            rang_twice=found("seen > max(ours, 1)"),
            unknown_to_us=found("seen > 0 AND ours = 0"),
            unknown_to_them=found("placed > seen"),
        )


def audit(db: Database, network_log: Path) -> Audit:
    """Compare the records of a database with a `network.jsonl`, as far as its processes wrote to it. Safe while calls go on.

    Raises:
        NotItsLog: none of its processes did.
        OSError: the log cannot be read.
    """
    with db.read() as connection:
        ours = set(connection.execute(select(_workers.c.network_run).where(_workers.c.network_run.is_not(None))).scalars())
    runs = {line["run"] for line in read_network_log(network_log) if line["event"] == "opened"} & ours
    if not runs:
        raise NotItsLog(f"No process of this database wrote to {network_log}.")
    seen = (line["attempt"] for line in read_network_log(network_log) if line["event"] == "invite" and line["run"] in runs)
    return compare(_records(db, only_placed_in=runs), seen, _records(db))


def _records(db: Database, only_placed_in: Collection[str] | None = None) -> Iterator[str]:
    """What we know of as the callees' network names it: every attempt, and every call that is not of the embedded dialler.

    Args:
        db: the database.
        only_placed_in: only those whose call has left for the network, by our records, and in one of these runs.
    """
    for query in (_attempts_query(only_placed_in is not None), _others_query(only_placed_in is not None)):
        with db.read() as connection:
            for row in connection.execution_options(yield_per=_CHUNK).execute(query):
                if only_placed_in is None or row.run is None or row.run in only_placed_in:
                    yield row.name


def _attempts_query(placed: bool) -> Select[Any]:
    """Attempts with the run that placed their call; None if the core does not even know of a call."""
    embedded = and_(_calls.c.api_key_id == EMBEDDED_KEY_ID, _calls.c.idempotency_key == _attempts.c.id)
    query = _with_run(select(_attempts.c.id.label("name")), _attempts.outerjoin(_calls, embedded))
    query = query.where(or_(_calls.c.call_id.is_(None), _calls.c.transport == "sandbox"))
    if not placed:
        return query
    left = or_(_attempts.c.phone_rang.is_(True), _attempts.c.sip_status.is_not(None))
    never = _attempts.c.outcome.is_not_distinct_from(NOT_DIALLED)  # a person said so
    return query.where(or_(and_(_attempts.c.state == "ended", left, ~never), and_(_attempts.c.state == "placed", _left())))


def _others_query(placed: bool) -> Select[Any]:
    """Calls that somebody asked for over the API."""
    name = func.coalesce(_calls.c.idempotency_key, _calls.c.call_id).label("name")
    query = _with_run(select(name), _calls).where(
        _calls.c.transport == "sandbox",
        _calls.c.direction == "outbound",
        or_(_calls.c.api_key_id.is_(None), _calls.c.api_key_id != EMBEDDED_KEY_ID),
    )
    return query.where(_left()) if placed else query


def _left() -> ColumnElement[bool]:
    """Whether a call has left for the network."""
    return or_(_calls.c.ringing_at.is_not(None), _calls.c.answered_at.is_not(None), _calls.c.ending["sip_status"].as_integer().is_not(None))


def _with_run(query: Select[Any], source: Any) -> Select[Any]:
    """The query with a column `run`: that of the process which placed the call; another may have taken it over since."""
    first = and_(_events.c.call_id == _calls.c.call_id, _events.c.kind == "placing")
    placer = _workers.c.id == _events.c.data["worker"].as_string()
    run = case((_calls.c.call_id.is_(None), None), else_=func.coalesce(_workers.c.network_run, literal("")))
    return query.add_columns(run.label("run")).select_from(source.outerjoin(_events, first).outerjoin(_workers, placer))
