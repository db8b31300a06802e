"""Deliveries for people: list, count, look at the attempts, replay."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, column, exists, func, or_, select, table, update

from core.deliveries.closed import open_again
from core.deliveries.tables import Delivery, DeliveryAttempt
from core.kernel.backoff import DEFAULT_POLICY
from core.kernel.statements import table_of

__all__ = [
    "AttemptInfo",
    "DeliveryFilter",
    "DeliveryInfo",
    "attempts_of",
    "count",
    "count_by_state",
    "find_delivery",
    "list_deliveries",
    "pending_among",
    "replay",
    "replay_dead",
]

_deliveries = table_of(Delivery)
_calls = table("calls", column("call_id"), column("api_key_id"))  # by name, as the foreign key has it: calls stand above deliveries
_attempts = table_of(DeliveryAttempt)


@dataclass(frozen=True)
class DeliveryFilter:
    """Which deliveries; None does not restrict. `state` is `pending`, `delivered`, `dead` or `skipped`."""

    state: str | None = None
    kind: str | None = None
    bot_id: str | None = None
    call_id: str | None = None
    destination: str | None = None
    call_ids: tuple[str, ...] | None = None
    created_since: datetime | None = None
    created_until: datetime | None = None
    """Not included."""
    api_key_id: str | None = None
    """The API key whose calls they are of."""
    bots: tuple[str, ...] | None = None
    """Bots that the asker may see; None means all."""


@dataclass(frozen=True)
class DeliveryInfo:
    """A delivery as people see it: no headers, no body."""

    id: str
    call_id: str
    bot_id: str
    kind: str
    method: str
    url: str
    destination: str
    state: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    expires_at: datetime
    delivered_at: datetime | None
    last_status: int | None
    last_error: str | None


@dataclass(frozen=True)
class AttemptInfo:
    """One attempt at a delivery; `response` is the beginning of the answer's body."""

    at: datetime
    status: int | None
    latency_ms: float
    error: str | None
    response: str | None


def find_delivery(connection: Connection, delivery_id: str, which: DeliveryFilter) -> DeliveryInfo | None:
    """A delivery by its id, if the filter lets it through."""
    names = [f.name for f in fields(DeliveryInfo)]
    query = select(*(_deliveries.c[name] for name in names)).where(_deliveries.c.id == delivery_id, *_conditions(which))
    row = connection.execute(query).one_or_none()
    return None if row is None else DeliveryInfo(**row._mapping)


def list_deliveries(
    connection: Connection, which: DeliveryFilter, *, limit: int = 100, before: tuple[datetime, str] | None = None
) -> list[DeliveryInfo]:
    """Deliveries, newest first.

    Args:
        connection: a transaction.
        which: which ones.
        limit: how many at most.
        before: (created_at, id) of the last one of the page before.
    """
    names = [f.name for f in fields(DeliveryInfo)]
    query = select(*(_deliveries.c[name] for name in names)).where(*_conditions(which))
    if before is not None:
        at, last = before
        query = query.where(or_(_deliveries.c.created_at < at, (_deliveries.c.created_at == at) & (_deliveries.c.id < last)))
    rows = connection.execute(query.order_by(_deliveries.c.created_at.desc(), _deliveries.c.id.desc()).limit(limit))
    return [DeliveryInfo(**row._mapping) for row in rows]


def count(connection: Connection, which: DeliveryFilter, *more: ColumnElement[bool]) -> int:
    """How many there are, of which `more` is true."""
    return int(connection.execute(select(func.count()).select_from(_deliveries).where(*_conditions(which), *more)).scalar_one())


def pending_among(connection: Connection, ids: Collection[str]) -> list[str]:
    """Those of the ids that are pending still."""
    found: list[str] = []
    wanted = list(ids)
    for first in range(0, len(wanted), 500):  # a statement takes only so many parameters
        some = wanted[first : first + 500]
        found += connection.execute(select(_deliveries.c.id).where(_deliveries.c.id.in_(some), _deliveries.c.state == "pending")).scalars()
    return found


def count_by_state(connection: Connection, which: DeliveryFilter) -> dict[str, int]:
    """How many there are in each state; states that none is in are 0."""
    rows = connection.execute(select(_deliveries.c.state, func.count()).where(*_conditions(which)).group_by(_deliveries.c.state))
    return {"pending": 0, "delivered": 0, "dead": 0, "skipped": 0, **{row[0]: row[1] for row in rows}}


def attempts_of(connection: Connection, delivery_id: str) -> list[AttemptInfo]:
    """Every attempt at a delivery, in order."""
    names = [f.name for f in fields(AttemptInfo)]
    rows = connection.execute(
        select(*(_attempts.c[name] for name in names)).where(_attempts.c.delivery_id == delivery_id).order_by(_attempts.c.id)
    )
    return [AttemptInfo(**row._mapping) for row in rows]


def replay(
    connection: Connection, ids: Sequence[str], now: datetime, max_age: timedelta = DEFAULT_POLICY.max_age, *more: ColumnElement[bool]
) -> int:
    """Make dead deliveries pending again of which `more` is true, due at once, with all their attempts and their time before them.

    Delivered ones and pending ones are left alone. Wake the sender after the commit. Returns how many.
    """
    return _replay(connection, and_(_deliveries.c.id.in_(ids), *more), now, max_age)


def replay_dead(
    connection: Connection,
    which: DeliveryFilter,
    now: datetime,
    max_age: timedelta = DEFAULT_POLICY.max_age,
    *more: ColumnElement[bool],
) -> int:
    """`replay` every dead delivery that the filter lets through, and of which `more` is true. Returns how many."""
    conditions = [*_conditions(which), *more]
    return _replay(connection, _deliveries.c.id.in_(select(_deliveries.c.id).where(*conditions)) if conditions else None, now, max_age)


def _replay(connection: Connection, condition: ColumnElement[bool] | None, now: datetime, max_age: timedelta) -> int:
    open_again(connection, condition)
    dead = update(_deliveries).where(_deliveries.c.state == "dead")
    if condition is not None:
        dead = dead.where(condition)
    values: dict[str, Any] = {"state": "pending", "attempts": 0, "next_attempt_at": now, "expires_at": now + max_age}
    return connection.execute(dead.values(values)).rowcount


def _conditions(which: DeliveryFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        _deliveries.c[name] == value
        for name in ("state", "kind", "bot_id", "call_id", "destination")
        if (value := getattr(which, name)) is not None
    ]
    if which.call_ids is not None:
        conditions.append(_deliveries.c.call_id.in_(which.call_ids))
    if which.created_since is not None:
        conditions.append(_deliveries.c.created_at >= which.created_since)
    if which.created_until is not None:
        conditions.append(_deliveries.c.created_at < which.created_until)
    if which.api_key_id is not None:
        mine = exists().where(_calls.c.call_id == _deliveries.c.call_id, _calls.c.api_key_id == which.api_key_id)
        conditions.append(mine)
    return conditions if which.bots is None else [*conditions, _deliveries.c.bot_id.in_(which.bots)]
