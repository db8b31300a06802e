"""Calls in the database. Every write to a live call is fenced by (id, state, worker): a late writer changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, insert, or_, select, update

from core.calls.caps import talked_at
from core.calls.event_log import EventLog
from core.calls.phones import phone_of
from core.calls.states import LIVE, next_state
from core.calls.tables import HOLDS_A_SEAT, UNFINISHED, Call, CallEvent
from core.fleet.store import free_seat
from core.kernel.statements import AnyRow, Statement, table_of

__all__ = [
    "CallFilter",
    "EventLog",
    "bot_calls",
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
    "write_changes",
]

log = logging.getLogger(__name__)
_calls, _events = table_of(Call), table_of(CallEvent)

_BOT_CALLS = Statement(select(func.count()).select_from(_calls).where(HOLDS_A_SEAT, _calls.c.bot_id == bindparam("bot_id")))
_TRUNK_CALLS = Statement(select(func.count()).select_from(_calls).where(HOLDS_A_SEAT, _calls.c.trunk == bindparam("trunk")))
_READ = Statement(select(_calls).where(_calls.c.call_id == bindparam("wanted")))
_BY_KEY = Statement(select(_calls).where(_calls.c.api_key_id == bindparam("key"), _calls.c.idempotency_key == bindparam("attempt")))
_EVENTS_OF = Statement(select(_events).where(_events.c.call_id == bindparam("wanted")).order_by(_events.c.seq))
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


def insert_call(connection: Connection, values: dict[str, Any], events: EventLog, *, events_later: bool = False) -> None:
    """Commit the intent to place a call: before this there is none, after it the truth is in doubt until it moves on.

    With `events_later` its first event, which says no more than the row does, is written with the next one.
    """
    customer = values["to_number"] if values["direction"] == "outbound" else values["from_number"]
    row = {"state": "placing", "phone": phone_of(customer), **values}
    _inserting(tuple(row)).run(connection, **row)
    events.keep(**row)
    unwritten = events.unwritten(connection)
    events.write(connection, replace(unwritten, events=[]) if events_later else unwritten, row["state"])


def move(
    connection: Connection,
    call_id: str,
    state: str,
    event: str,
    worker_id: str,
    events: EventLog,
    *,
    frees_seat: bool = True,
    **values: Any,
) -> bool:
    """Take a call from `state` by `event` to the next state, writing `values` and its events with it, and what was not written before.

    The end of a call frees its seat in the same transaction, unless the caller does. Returns False, having changed nothing, if the call is
    no longer in that state or no longer this worker's: then whoever asked is late, and must let go of the call.
    """
    to_state = next_state(state, event)
    if (ending := values.get("ending")) is not None:
        spoke = bool(ending.get("customer_spoke"))
        values["talked_at"] = talked_at(values["ended_at"], ending["disconnected_by"], answered=state == "talking", customer_spoke=spoke)
    unwritten = events.unwritten(connection)
    from_state = state if unwritten.from_state is None else unwritten.from_state
    if not _changed(connection, call_id, from_state, worker_id, {**unwritten.values, "state": to_state, **values}):
        log.warning("call %s is no longer %s in this process; the event %s came too late", call_id, from_state, event)
        return False
    if frees_seat and from_state in LIVE and to_state not in LIVE:
        free_seat(connection, call_id)
    events.keep(state=to_state, **values)
    events.write(connection, unwritten, to_state)
    return True


def write_changes(connection: Connection, worker_id: str, events: EventLog) -> bool:
    """Write what happened on a live call and is not written yet, its change of state among it.

    Returns False, having changed nothing, if the call is no longer in the state in which it was last written, or no longer this worker's.
    """
    unwritten = events.unwritten(connection)
    if not unwritten:
        return True
    assert unwritten.from_state is not None  # its intent is
    if not unwritten.values:
        return note(connection, events, unwritten.from_state, worker_id)
    if not _changed(connection, events.call_id, unwritten.from_state, worker_id, unwritten.values):
        log.warning("call %s is no longer %s in this process; what happened on it came too late", events.call_id, unwritten.from_state)
        return False
    events.write(connection, unwritten, unwritten.values.get("state", unwritten.from_state))
    return True


def keep_prefetch(connection: Connection, call_id: str, worker_id: str, record: dict[str, Any], events: EventLog) -> bool:
    """Write what came of the pre-fetch of a call that has not left, with its events. Returns False, having changed nothing, if
    it is no longer this worker's."""
    if not _changed(connection, call_id, "placing", worker_id, {"prefetch": record}):
        return False
    events.keep(prefetch=record)
    events.write(connection, events.unwritten(connection), "placing")
    return True


def note(connection: Connection, events: EventLog, state: str, worker_id: str) -> bool:
    """Write the events of a live call now, with no change of its state.

    Returns False, having changed nothing, if the call is no longer in that state or no longer this worker's.
    """
    if _LOCK.run(connection, wanted=events.call_id, from_state=state, ours=worker_id).first() is None:
        log.warning("call %s is no longer %s in this process; its events came too late", events.call_id, state)
        return False
    events.write(connection, events.unwritten(connection), state)
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
