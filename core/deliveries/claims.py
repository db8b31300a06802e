"""The statements of the sender: what is due, claim it, record what came of it.

A claim is a lease in wall time: a sender that dies loses it, and another sends the delivery again, under the same
webhook-id. Each record is fenced by (id, state, lease token): whoever lost the lease changes nothing. Several processes
may send from one database: on PostgreSQL they skip each other's rows, on SQLite they take turns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, bindparam, func, literal_column, or_, select, true, update

from core.deliveries.closed import close
from core.deliveries.tables import Delivery, DeliveryAttempt
from core.kernel.backoff import Dead, Delivered, Retry, Verdict
from core.kernel.database import UtcDateTime
from core.kernel.statements import Bulk, Insert, Statement, table_of

__all__ = [
    "Attempt",
    "Claimed",
    "Lease",
    "Which",
    "bring_forward",
    "claim",
    "count_leased",
    "every",
    "next_due",
    "put_back",
    "record",
    "record_delivered",
    "release_every_lease",
]

_deliveries = table_of(Delivery)
_attempts = table_of(DeliveryAttempt)

_PENDING: ColumnElement[str] = literal_column("'pending'")  # not a parameter: the partial indexes are used for a constant only

_RECORD = Statement(
    update(_deliveries)
    .where(_deliveries.c.id == bindparam("delivery"), _deliveries.c.state == _PENDING, _deliveries.c.lease_token == bindparam("token"))
    .values(
        state=bindparam("new_state"),
        attempts=_deliveries.c.attempts + 1,
        last_status=bindparam("new_status"),
        last_error=bindparam("new_error"),
        delivered_at=bindparam("new_delivered_at"),
        next_attempt_at=func.coalesce(bindparam("again_at", type_=UtcDateTime()), _deliveries.c.next_attempt_at),
        lease_token=None,
        lease_until=None,
    )
)
_RECORD_DELIVERED = Bulk(
    {
        "delivery": _deliveries.c.id,
        "token": _deliveries.c.lease_token,
        "status": _deliveries.c.last_status,
        "error": _deliveries.c.last_error,
        "at": _deliveries.c.delivered_at,
    },
    lambda given: (
        update(_deliveries)
        .where(_deliveries.c.id == given.c.delivery, _deliveries.c.state == _PENDING, _deliveries.c.lease_token == given.c.token)
        .values(
            state="delivered",
            attempts=_deliveries.c.attempts + 1,
            last_status=given.c.status,
            last_error=given.c.error,
            delivered_at=given.c.at,
            lease_token=None,
            lease_until=None,
        )
        .returning(_deliveries.c.id)
    ),
)
_ADD_ATTEMPTS = Insert(_attempts, ("delivery_id", "at", "status", "latency_ms", "error", "response"))


@dataclass(frozen=True)
class Claimed:
    """A delivery that is ours to send while the lease lasts."""

    id: str
    call_id: str
    kind: str
    method: str
    url: str
    destination: str
    headers: Mapping[str, str] = field(repr=False)
    signing_secret: str | None
    body: Mapping[str, Any] = field(repr=False)
    attempts: int
    expires_at: datetime
    lease_token: str


@dataclass(frozen=True)
class Lease:
    """What a sender shows when it records what came of a delivery, and until when (wall time) it may."""

    token: str
    until: datetime


@dataclass(frozen=True)
class Attempt:
    """What came of one attempt: the status and the beginning of the body, or the error if no answer came."""

    at: datetime
    status: int | None
    latency_ms: float
    error: str | None = None
    response: str | None = field(default=None, repr=False)
    retry_after: float | None = None
    not_from_here: Literal["destination", "delivery"] | None = None
    """Nothing was sent, because this process may not reach the destination, or lacks what the delivery needs: another one may."""


def _free(table: Any, wall_now: datetime) -> ColumnElement[bool]:
    return or_(table.c.lease_until.is_(None), table.c.lease_until <= wall_now)


Which = Callable[[Any], ColumnElement[bool]]
"""Tells of the deliveries table, or of an alias of it, which deliveries are meant."""


def every(_: Any) -> ColumnElement[bool]:
    """Every delivery is meant."""
    return true()


@lru_cache(maxsize=8)
def _next_due_statement(which: Which) -> Statement:
    first, after, due = _deliveries.alias("first"), _deliveries.alias("after"), _deliveries.alias("due")
    walk = select(func.min(first.c.destination).label("destination")).where(first.c.state == _PENDING).cte("walk", recursive=True)
    following = select(func.min(after.c.destination)).where(after.c.state == _PENDING, after.c.destination > walk.c.destination)
    walk = walk.union_all(select(following.scalar_subquery()).where(walk.c.destination.is_not(None)))
    free = or_(due.c.lease_until.is_(None), due.c.lease_until <= bindparam("wall_now", type_=UtcDateTime()))
    earliest = (
        select(due.c.next_attempt_at)
        .where(due.c.state == _PENDING, due.c.destination == walk.c.destination, free, which(due))
        .order_by(due.c.next_attempt_at, due.c.id)
        .limit(1)
        .scalar_subquery()
    )
    return Statement(select(walk.c.destination, earliest.label("due")).where(walk.c.destination.is_not(None)))


def next_due(connection: Connection, wall_now: datetime, which: Which = every) -> dict[str, datetime]:
    """For each destination that has pending deliveries of those meant, which nobody sends just now: when the first is due.

    It walks the index from destination to destination, so its price grows with their number, not with that of deliveries.
    """
    rows = _next_due_statement(which).run(connection, wall_now=wall_now)
    return {row.destination: row.due for row in rows if row.due is not None}


def claim(
    connection: Connection,
    destination: str,
    *,
    due_by: datetime,
    wall_now: datetime,
    lease_until: datetime,
    lease_token: str,
    limit: int,
    which: Which = every,
) -> list[Claimed]:
    """Take up to `limit` deliveries to a destination that are due, longest due first.

    Args:
        connection: a transaction that may write; commit it before anything is sent.
        destination: where to.
        due_by: the clock's time.
        wall_now: the real time; leases that ended before it are void.
        lease_until: real time until which they are ours.
        lease_token: what we show when we record what came of them.
        limit: how many at most.
        which: those that may be taken.
    """
    table = _deliveries
    chosen = (
        select(table.c.id)
        .where(
            table.c.state == _PENDING,
            table.c.destination == destination,
            table.c.next_attempt_at <= due_by,
            _free(table, wall_now),
            which(table),
        )
        .order_by(table.c.next_attempt_at, table.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("chosen")  # a CTE runs once; a plain subquery may be run again and lock more than `limit`
    )
    names = list(Claimed.__dataclass_fields__)
    rows = connection.execute(
        update(table)
        .where(table.c.id.in_(select(chosen.c.id)))
        .values(lease_token=lease_token, lease_until=lease_until)
        .returning(*(table.c[name] for name in names), table.c.next_attempt_at)
    ).all()
    rows = sorted(rows, key=lambda row: (row.next_attempt_at, row.id))
    return [Claimed(**{name: getattr(row, name) for name in names}) for row in rows]


def record(connection: Connection, claimed: Claimed, attempt: Attempt, verdict: Verdict) -> bool:
    """Write what came of an attempt. Returns False, having written nothing, if the lease was no longer ours."""
    state, delivered_at, again_at, error = "pending", None, None, attempt.error
    match verdict:
        case Delivered():
            state, delivered_at = "delivered", attempt.at
        case Retry(at):
            again_at = at
        case Dead(why=why):
            state, error = "dead", f"{why}; {attempt.error}" if attempt.error else why
    recorded = _RECORD.run(
        connection,
        delivery=claimed.id,
        token=claimed.lease_token,
        new_state=state,
        new_status=attempt.status,
        new_error=error,
        new_delivered_at=delivered_at,
        again_at=again_at,
    )
    if not recorded.rowcount:
        return False
    _ADD_ATTEMPTS.run(connection, [_attempt_row(claimed, attempt)])
    if isinstance(verdict, Dead) and verdict.closes:
        close(connection, claimed.url, claimed.id, attempt.at)
    return True


def record_delivered(connection: Connection, sent: Sequence[tuple[Claimed, Attempt]]) -> set[str]:
    """Write of many attempts that the receiver has the delivery. Returns the ids of those whose lease was still ours; of the others nothing
    is written."""
    rows = [
        {"delivery": claimed.id, "token": claimed.lease_token, "status": attempt.status, "error": attempt.error, "at": attempt.at}
        for claimed, attempt in sent
    ]
    recorded = {row.id for row in _RECORD_DELIVERED.run(connection, rows)}
    _ADD_ATTEMPTS.run(connection, (_attempt_row(claimed, attempt) for claimed, attempt in sent if claimed.id in recorded))
    return recorded


def _attempt_row(claimed: Claimed, attempt: Attempt) -> dict[str, Any]:
    return {
        "delivery_id": claimed.id,
        "at": attempt.at,
        "status": attempt.status,
        "latency_ms": attempt.latency_ms,
        "error": attempt.error,
        "response": attempt.response,
    }


def put_back(connection: Connection, claimed: Claimed, at: datetime) -> bool:
    """Give a claim up as if it had never been: no try is counted. Due again at `at`. Returns False if it was no longer ours."""
    table = _deliveries
    ours = update(table).where(table.c.id == claimed.id, table.c.state == _PENDING, table.c.lease_token == claimed.lease_token)
    return connection.execute(ours.values(lease_token=None, lease_until=None, next_attempt_at=at)).rowcount > 0


def count_leased(connection: Connection, wall_now: datetime, which: Which = every) -> int:
    """How many deliveries of those meant somebody is sending just now."""
    table = _deliveries
    held = select(func.count()).select_from(table).where(table.c.state == _PENDING, table.c.lease_until > wall_now, which(table))
    return int(connection.execute(held).scalar_one())


def bring_forward(connection: Connection, now: datetime, wall_now: datetime, which: Which = every) -> None:
    """Make every pending delivery of those meant that nobody sends just now due at once."""
    table = _deliveries
    later = update(table).where(table.c.state == _PENDING, table.c.next_attempt_at > now, _free(table, wall_now), which(table))
    connection.execute(later.values(next_attempt_at=now))


def release_every_lease(connection: Connection, which: Which = every) -> int:
    """Void every lease of the deliveries meant: for a process that is alone on this database, at its start. Returns how many."""
    table = _deliveries
    held = update(table).where(table.c.state == _PENDING, table.c.lease_token.is_not(None), which(table))
    return connection.execute(held.values(lease_token=None, lease_until=None)).rowcount
