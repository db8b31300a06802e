"""Workers for people: every one, what it does, and whether it lives."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from core.fleet.tables import Seat, Worker
from core.kernel.processes import ProcessIdentity, is_dead
from core.kernel.statements import table_of

__all__ = ["list_workers"]

_workers = table_of(Worker)
_seats = table_of(Seat)


def list_workers(connection: Connection, wall: datetime) -> list[dict[str, Any]]:
    """Every worker, newest first: id, state, calls, max, host, pid, started_at, seen_at.

    `state` is `working`, `draining`, `ended`, or `lost` when it was not heard of for the length of its lease.
    """
    counted = connection.execute(select(_seats.c.worker_id, func.count(_seats.c.call_id).label("calls")).group_by(_seats.c.worker_id))
    calls = {row.worker_id: row.calls for row in counted}
    rows = connection.execute(select(_workers).order_by(_workers.c.started_at.desc(), _workers.c.id)).all()
    return [
        {
            "id": row.id,
            "state": _state(row, wall),
            "calls": calls.get(row.id, 0),
            "max": row.max_calls,
            "host": row.host,
            "pid": row.pid,
            "started_at": row.started_at,
            "seen_at": row.seen_at,
        }
        for row in rows
    ]


def _state(row: Row[Any], wall: datetime) -> str:
    if row.retired:
        return "ended"
    if row.lease_until < wall or is_dead(ProcessIdentity(row.host, row.pid, row.pid_started)):
        return "lost"
    return "draining" if row.draining else "working"
