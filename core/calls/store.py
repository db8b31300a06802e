"""Calls in the database. Every write to a live call is fenced by (id, state, worker): a late writer changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, insert, or_, select, update

from core.calls.occupied import phone_of
from core.calls.states import LIVE, next_state
from core.calls.tables import HOLDS_A_SEAT, UNFINISHED, Call, CallEvent
from core.fleet.store import free_seat
from core.kernel.statements import AnyRow, Insert, Statement, table_of

__all__ = [
    "CallFilter",
    "EventLog",
    "bot_calls",
    "count_by_state",
    "customer_of",
    "events_of",
    "find_by_key",
    "has_unfinished",
    "insert_call",
    "keep_prefetch",
    "list_calls",
    "live_among",
    "move",
    "note",
    "read_call",
    "trunk_calls",
    "unreached_numbers",
]

log = logging.getLogger(__name__)
_calls, _events = table_of(Call), table_of(CallEvent)

_BOT_CALLS = Statement(select(func.count()).select_from(_calls).where(HOLDS_A_SEAT, _calls.c.bot_id == bindparam("bot_id")))
_TRUNK_CALLS = Statement(select(func.count()).select_from(_calls).where(HOLDS_A_SEAT, _calls.c.trunk == bindparam("trunk")))
_BY_STATE = Statement(
    select(_calls.c.state, func.count().label("calls"))
    .where(UNFINISHED, HOLDS_A_SEAT, _calls.c.worker_id == bindparam("worker_id"))
    .group_by(_calls.c.state)
)
_READ = Statement(select(_calls).where(_calls.c.call_id == bindparam("wanted")))
_BY_KEY = Statement(select(_calls).where(_calls.c.api_key_id == bindparam("key"), _calls.c.idempotency_key == bindparam("attempt")))
_EVENTS_OF = Statement(select(_events).where(_events.c.call_id == bindparam("wanted")).order_by(_events.c.seq))
_ADD_EVENTS = Insert(_events, ("call_id", "seq", "at", "kind", "data"))
_IN_THIS_STATE = (
    _calls.c.call_id == bindparam("wanted"),
    _calls.c.state == bindparam("from_state"),
    _calls.c.worker_id == bindparam("ours"),
)
_LOCK = Statement(
    select(_calls.c.call_id).where(*_IN_THIS_STATE).with_for_update()  # nobody takes it over before this is committed
)


@cache
def _inserting(columns: tuple[str, ...]) -> Statement:
    return Statement(insert(_calls), columns=columns)


@cache
def _moving(columns: tuple[str, ...]) -> Statement:
    return Statement(
        update(_calls).where(*_IN_THIS_STATE).values({name: bindparam(f"new_{name}", type_=_calls.c[name].type) for name in columns})
    )


def _changed(connection: Connection, call_id: str, from_state: str, worker_id: str, values: Mapping[str, Any]) -> bool:
    """Write `values` to a call that is in that state and this worker's. Returns False, having changed nothing, if it is not."""
    new = {f"new_{name}": value for name, value in values.items()}
    return _moving(tuple(values)).run(connection, wanted=call_id, from_state=from_state, ours=worker_id, **new).rowcount == 1


class EventLog:
    """The events of one call, kept in order, written with the next change of its state; and the call's row, as this process wrote it.

    Both are whole in the process that began the call: who took a call over reads them.
    """

    def __init__(self, call_id: str, next_seq: int = 1) -> None:
        self.call_id, self._next = call_id, next_seq
        self._unwritten: list[dict[str, Any]] = []
        self._row: dict[str, Any] = {}
        self.happened: list[tuple[str, dict[str, Any]]] = []
        """What was added, kind and data, written or not."""

    def add(self, at: datetime, kind: str, data: dict[str, Any] | None = None) -> None:
        """Note that something happened."""
        self._unwritten.append({"call_id": self.call_id, "seq": self._next, "at": at, "kind": kind, "data": data or {}})
        self.happened.append((kind, data or {}))
        self._next += 1

    def write(self, connection: Connection) -> None:
        """Write what was not written yet."""
        if self._unwritten:
            _ADD_EVENTS.run(connection, self._unwritten)
            self._unwritten = []

    def keep(self, **values: Any) -> None:
        """Note what was written to the call's row."""
        self._row |= values

    def row(self, **values: Any) -> AnyRow:
        """The call's row with `values` in it, as `read_call` would give it; only in the process that began the call."""
        return SimpleNamespace(**{column.name: None for column in _calls.c} | self._row | values)


def insert_call(connection: Connection, values: dict[str, Any], events: EventLog) -> None:
    """Commit the intent to place a call: before this there is none, after it the truth is in doubt until it moves on."""
    customer = values["to_number"] if values["direction"] == "outbound" else values["from_number"]
    row = {"state": "placing", "phone": phone_of(customer), **values}
    _inserting(tuple(row)).run(connection, **row)
    events.keep(**row)
    events.write(connection)


def move(connection: Connection, call_id: str, state: str, event: str, worker_id: str, events: EventLog, **values: Any) -> bool:
    """Take a call from `state` by `event` to the next state, writing `values` and its events with it.

    The end of a call frees its seat in the same transaction. Returns False, having changed nothing, if the call is
    no longer in that state or no longer this worker's: then whoever asked is late, and must let go of the call.
    """
    to_state = next_state(state, event)
    if not _changed(connection, call_id, state, worker_id, {"state": to_state, **values}):
        log.warning("call %s is no longer %s in this process; the event %s came too late", call_id, state, event)
        return False
    if state in LIVE and to_state not in LIVE:
        free_seat(connection, call_id)
    events.keep(state=to_state, **values)
    events.write(connection)
    return True


def keep_prefetch(connection: Connection, call_id: str, worker_id: str, record: dict[str, Any], events: EventLog) -> bool:
    """Write what came of the pre-fetch of a call that has not left, with its events. Returns False, having changed nothing, if
    it is no longer this worker's."""
    if not _changed(connection, call_id, "placing", worker_id, {"prefetch": record}):
        return False
    events.keep(prefetch=record)
    events.write(connection)
    return True


def note(connection: Connection, events: EventLog, state: str, worker_id: str) -> bool:
    """Write the events of a live call now, with no change of its state.

    Returns False, having changed nothing, if the call is no longer in that state or no longer this worker's.
    """
    if _LOCK.run(connection, wanted=events.call_id, from_state=state, ours=worker_id).first() is None:
        log.warning("call %s is no longer %s in this process; its events came too late", events.call_id, state)
        return False
    events.write(connection)
    return True


def live_among(connection: Connection, call_ids: Iterable[str]) -> set[str]:
    """Those of the calls that have not ended."""
    query = select(_calls.c.call_id).where(_calls.c.call_id.in_(list(call_ids)), _calls.c.state.in_(("placing", "ringing", "talking")))
    return set(connection.execute(query).scalars())


def read_call(connection: Connection, call_id: str) -> AnyRow | None:
    """The row of a call."""
    return _READ.run(connection, wanted=call_id).first()


def customer_of(call: AnyRow) -> str:
    """The customer's number: whom we called, or who called us."""
    return str(call.to_number if call.direction == "outbound" else call.from_number)


def find_by_key(connection: Connection, api_key_id: str, idempotency_key: str) -> AnyRow | None:
    """The call that this key placed under this Idempotency-Key."""
    return _BY_KEY.run(connection, key=api_key_id, attempt=idempotency_key).first()


def bot_calls(connection: Connection, bot_id: str) -> int:
    """How many calls of the bot hold a seat."""
    return int(_BOT_CALLS.run(connection, bot_id=bot_id).one()[0])


def trunk_calls(connection: Connection, trunk: str) -> int:
    """How many calls take a channel of the trunk, in whatever process."""
    return int(_TRUNK_CALLS.run(connection, trunk=trunk).one()[0])


def unreached_numbers(connection: Connection, trunk: str, most: int = 5000) -> list[str]:
    """The numbers of the last calls on a trunk that failed as the callee's own fault, without ringing; the latest last."""
    rows = connection.execute(
        select(_calls.c.to_number, _calls.c.ending)
        .where(_calls.c.trunk == trunk, _calls.c.direction == "outbound", _calls.c.ringing_at.is_(None), _calls.c.answered_at.is_(None))
        .where(_calls.c.state == "done")
        .order_by(_calls.c.created_at.desc(), _calls.c.call_id.desc())
        .limit(most)
    )
    return [row.to_number for row in rows if (row.ending or {}).get("fault") == "callee"][::-1]


def count_by_state(connection: Connection, worker_id: str) -> dict[str, int]:
    """How many live calls of the worker are in each state."""
    return {row.state: row.calls for row in _BY_STATE.run(connection, worker_id=worker_id)}


def has_unfinished(connection: Connection, worker_id: str) -> bool:
    """Whether the worker has calls that are not done."""
    found = select(_calls.c.call_id).where(UNFINISHED, _calls.c.worker_id == worker_id).limit(1)
    return connection.execute(found).first() is not None


def events_of(connection: Connection, call_id: str) -> Sequence[AnyRow]:
    """The events of a call, in order."""
    return _EVENTS_OF.run(connection, wanted=call_id).rows


@dataclass(frozen=True)
class CallFilter:
    """Which calls to list; None means any. `created_since` is included, `created_until` is not."""

    states: tuple[str, ...] | None = None
    bot_id: str | None = None
    to_number: str | None = None
    idempotency_key: str | None = None
    created_since: datetime | None = None
    created_until: datetime | None = None
    api_key_id: str | None = None
    bots: tuple[str, ...] | None = None


def list_calls(connection: Connection, wanted: CallFilter, *, after: tuple[datetime, str] | None, limit: int) -> Sequence[Row[Any]]:
    """Calls, newest first, from the cursor `after` (created_at, call_id of the last one seen) on."""
    query = select(_calls).order_by(_calls.c.created_at.desc(), _calls.c.call_id.desc()).limit(limit)
    for name in ("bot_id", "to_number", "idempotency_key", "api_key_id"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(_calls.c[name] == value)
    if wanted.states is not None:
        query = query.where(_calls.c.state.in_(wanted.states))
    if wanted.created_since is not None:
        query = query.where(_calls.c.created_at >= wanted.created_since)
    if wanted.created_until is not None:
        query = query.where(_calls.c.created_at < wanted.created_until)
    if wanted.bots is not None:
        query = query.where(_calls.c.bot_id.in_(wanted.bots))
    if after is not None:
        at, call_id = after
        query = query.where(or_(_calls.c.created_at < at, and_(_calls.c.created_at == at, _calls.c.call_id < call_id)))
    return connection.execute(query).all()
