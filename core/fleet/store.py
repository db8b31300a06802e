"""Workers and seats in the database. Seats cannot be oversold: each is a row, taken by one conditional update."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Update, and_, bindparam, delete, func, insert, select, update

from core.fleet.tables import ACTIVE, Seat, Worker
from core.kernel.database import UtcDateTime
from core.kernel.processes import ProcessIdentity, is_dead
from core.kernel.statements import AnyRow, Insert, Statement, table_of

__all__ = [
    "LEASE",
    "OUTAGE",
    "WorkerLoad",
    "count_workers",
    "dead_workers",
    "expire",
    "free_seat",
    "live_workers",
    "load",
    "mark_retired",
    "other_workers",
    "register",
    "remove_seats",
    "renew",
    "retire",
    "revive",
    "set_draining",
    "take_seat",
]

LEASE = timedelta(seconds=20)
"""How long, in wall time, a worker that is not heard of counts as there: for the fleet's capacity."""
OUTAGE = timedelta(seconds=180)
"""How long after that it keeps its calls, unless its process is proven dead: the longest time that the database may be away from it."""

_workers, _seats = table_of(Worker), table_of(Seat)


_loads = (
    select(_workers, func.count(_seats.c.call_id).label("calls"))
    .join(_seats, and_(_seats.c.worker_id == _workers.c.id, _seats.c.call_id.is_not(None)), isouter=True)
    .where(ACTIVE)
    .group_by(_workers.c.id)
)
_LIVE = Statement(_loads.where(_workers.c.lease_until >= bindparam("wall", type_=UtcDateTime())).order_by(_workers.c.id))
_ONE = Statement(_loads.where(_workers.c.id == bindparam("worker_id")))
_FREE = Statement(update(_seats).where(_seats.c.call_id == bindparam("call")).values(call_id=None))
_ADD_SEATS = Insert(_seats, ("worker_id", "number", "call_id"))


def _take_statement() -> Update:
    free = (
        select(_seats.c.number)
        .join(_workers, _workers.c.id == _seats.c.worker_id)
        .where(_seats.c.worker_id == bindparam("worker"), _seats.c.call_id.is_(None), ACTIVE, _workers.c.draining.is_(False))
        .order_by(_seats.c.number)
        .limit(1)
        .with_for_update(skip_locked=True, of=_seats)
        .cte("free")  # a CTE runs once; a plain subquery may be run again and lock more than one
    )
    mine = (_seats.c.worker_id == bindparam("worker"), _seats.c.number.in_(select(free.c.number)), _seats.c.call_id.is_(None))
    return update(_seats).where(*mine).values(call_id=bindparam("call")).returning(_seats.c.number)  # WITH: SQLite counts no rows


_TAKE = Statement(_take_statement())


@dataclass(frozen=True)
class WorkerLoad:
    """How busy a worker is."""

    id: str
    calls: int
    max: int
    draining: bool
    seen_at: datetime

    @property
    def available(self) -> int:
        """Calls it would take now."""
        return 0 if self.draining else max(self.max - self.calls, 0)


def register(
    connection: Connection, worker_id: str, max_calls: int, process: ProcessIdentity, wall: datetime, network_run: str | None = None
) -> None:
    """Add this process as a worker with `max_calls` free seats; `network_run` is its name at the sandbox network."""
    connection.execute(
        insert(_workers).values(
            id=worker_id,
            max_calls=max_calls,
            draining=False,
            retired=False,
            host=process.host,
            pid=process.pid,
            pid_started=process.started,
            started_at=wall,
            seen_at=wall,
            lease_until=wall + LEASE,
            network_run=network_run,
        )
    )
    _add_seats(connection, worker_id, max_calls)


def count_workers(connection: Connection) -> int:
    """How many workers there have ever been."""
    return connection.execute(select(func.count()).select_from(_workers)).scalar_one()


def _add_seats(connection: Connection, worker_id: str, count: int) -> None:
    if count:
        _ADD_SEATS.run(connection, ({"worker_id": worker_id, "number": n, "call_id": None} for n in range(1, count + 1)))


def renew(connection: Connection, worker_id: str, wall: datetime) -> bool:
    """Keep the worker's lease. Returns False if it was retired meanwhile: its calls are another's now."""
    kept = connection.execute(update(_workers).where(_workers.c.id == worker_id, ACTIVE).values(seen_at=wall, lease_until=wall + LEASE))
    return kept.rowcount == 1


def revive(connection: Connection, worker_id: str, max_calls: int, wall: datetime) -> None:
    """Bring back a worker that was retired though it lives (it had stood still for too long), with free seats.

    Whoever retired it has taken its calls over: what it still writes to them is fenced off, and it lets go of them.
    """
    connection.execute(update(_workers).where(_workers.c.id == worker_id).values(retired=False, seen_at=wall, lease_until=wall + LEASE))
    connection.execute(delete(_seats).where(_seats.c.worker_id == worker_id))
    _add_seats(connection, worker_id, max_calls)


def retire(connection: Connection, worker_id: str) -> bool:
    """End a worker that has no calls: its seats go, its lease is void. Returns False if somebody else has done so already."""
    changed = mark_retired(connection, worker_id)
    remove_seats(connection, worker_id)
    return changed


def mark_retired(connection: Connection, worker_id: str) -> bool:
    """Void the lease of a worker, so that its calls can be taken over; then `remove_seats`, after its calls (`core.fleet`).

    Returns False if somebody else has done so already.
    """
    changed = connection.execute(update(_workers).where(_workers.c.id == worker_id, ACTIVE).values(retired=True))
    return changed.rowcount == 1


def remove_seats(connection: Connection, worker_id: str) -> None:
    """Remove the seats of a worker that is retired."""
    connection.execute(delete(_seats).where(_seats.c.worker_id == worker_id))


def expire(connection: Connection, worker_id: str, wall: datetime) -> None:
    """Void the lease of a worker that stops with calls unfinished: whoever looks next takes them over at once."""
    connection.execute(update(_workers).where(_workers.c.id == worker_id).values(lease_until=wall - LEASE - OUTAGE))


def set_draining(connection: Connection, worker_id: str, draining: bool) -> bool:
    """Let a worker finish its calls and take none (or take calls again). Returns whether there is such a worker."""
    changed = connection.execute(update(_workers).where(_workers.c.id == worker_id, ACTIVE).values(draining=draining))
    return changed.rowcount == 1


def dead_workers(connection: Connection, wall: datetime, *, but: str, proven: bool = False) -> list[str]:
    """Workers that hold calls no more, by id: their process on this machine has ended, or they were not heard of for longer than an
    outage of the database may last.

    Args:
        connection: a transaction.
        wall: the real time.
        but: the worker that asks.
        proven: only those whose process has ended: after an outage nobody had a way to be heard of.
    """
    rows = connection.execute(select(_workers).where(ACTIVE, _workers.c.id != but).order_by(_workers.c.id)).all()
    return [r.id for r in rows if is_dead(ProcessIdentity(r.host, r.pid, r.pid_started)) or (not proven and r.lease_until + OUTAGE < wall)]


def other_workers(connection: Connection, worker_id: str) -> int:
    """How many workers there are besides this one that were not retired."""
    query = select(func.count()).select_from(_workers).where(ACTIVE, _workers.c.id != worker_id)
    return connection.execute(query).scalar_one()


def live_workers(connection: Connection, wall: datetime) -> list[WorkerLoad]:
    """How busy each worker is that was heard of lately, by id."""
    return [_load(row) for row in _LIVE.run(connection, wall=wall)]


def take_seat(connection: Connection, worker_id: str, call_id: str) -> bool:
    """Take a free seat of the worker for a call. Returns False if there is none, or the worker drains."""
    return _TAKE.run(connection, worker=worker_id, call=call_id).first() is not None


def free_seat(connection: Connection, call_id: str) -> None:
    """Give back the seat of a call, if it has one."""
    _FREE.run(connection, call=call_id)


def load(connection: Connection, worker_id: str) -> WorkerLoad | None:
    """How busy a worker is now; None once it is retired."""
    row = _ONE.run(connection, worker_id=worker_id).first()
    return None if row is None else _load(row)


def _load(row: AnyRow) -> WorkerLoad:
    return WorkerLoad(row.id, row.calls, row.max_calls, row.draining, row.seen_at)
