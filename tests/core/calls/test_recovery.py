"""What becomes of calls that no process works on any more."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from core.bots.config import BotConfig
from core.bots.store import save_bot
from core.calls import recovery
from core.calls.engine import Engine
from core.calls.leftovers import LEFTOVER
from core.calls.recovery import ending_after_crash, last_sign_of_life, recover
from core.calls.states import LIVE
from core.calls.store import EventLog, events_of, insert_call, move, read_call
from core.calls.tables import Call, CallEvent
from core.contracts.transport import Leg, PlaceOrder
from core.fleet.store import register, retire, take_seat
from core.fleet.tables import Seat, Worker
from core.kernel.clock import RealClock
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.processes import ProcessIdentity, this_process
from core.kernel.statements import table_of
from core.kernel.virtual_clock import VirtualClock
from tests.conftest import START

NOW = START
US, DEAD = "us", "dead"
GONE = ProcessIdentity(this_process().host, 2**22 + 1, 0.0)  # above the highest process number of Linux


class StillClock(RealClock):
    """Shows one moment."""

    def now(self) -> Any:
        return NOW + timedelta(minutes=1)


@pytest.fixture
def db(database: Database) -> Database:
    prepare(database)
    return database


def prepare(database: Database) -> None:
    """A bot, ourselves, and a worker that has died."""
    with database.write() as connection:
        save_bot(connection, BotConfig(name="Bot", id="bot"), NOW)
        register(connection, US, 3, this_process(), NOW)
        register(connection, DEAD, 3, GONE, NOW)


def engine(db: Database) -> Engine:
    return Engine(db, StillClock(), lambda: NOW, Ids(), US, {})


def begin(db: Database, call_id: str, worker: str, state: str) -> None:
    """A call that has come as far as `state`."""
    events = EventLog(call_id)
    events.add(NOW, "placing")
    values = {
        "call_id": call_id,
        "bot_id": "bot",
        "bot_version": 1,
        "to_number": "+12025550143" if call_id == "call" else f"+120255501{sum(call_id.encode()) % 100:02d}",
        "transport": "sandbox",
        "worker_id": worker,
        "variables": {},
        "created_at": NOW,
        "direction": "outbound",
        "cancel_requested": False,
    }
    with db.write() as connection:
        insert_call(connection, values, events)
        assert take_seat(connection, worker, call_id)
        now = "placing"
        for event, to_state in (("rang", "ringing"), ("answered", "talking"), ("ended", "ended"), ("finishing", "finishing")):
            if now == state:
                break
            more: dict[str, Any] = {"ended": {"ended_at": NOW, "ending": {**_ENDING}}}.get(event, {})
            events.add(NOW, event)
            assert move(connection, call_id, now, event, worker, events, **more)
            now = to_state
        assert now == state


_ENDING = {"disconnected_by": "bot", "end_reason": "completed", "phone_rang": True, "fault": None, "sip_status": 200}


def call(db: Database, call_id: str) -> Any:
    with db.read() as connection:
        return read_call(connection, call_id)


def seats_taken(db: Database) -> int:
    with db.read() as connection:
        return int(connection.execute(select(func.count(table_of(Seat).c.call_id))).scalar_one())


REASONS = {
    "placing": "may_have_been_dialled",
    "ringing": "worker_died",
    "talking": "worker_died",
    "ended": "completed",
    "finishing": "completed",
}


@pytest.mark.parametrize("state", REASONS)
def test_calls_of_a_dead_process(db: Database, state: str) -> None:
    begin(db, "call", DEAD, state)
    assert asyncio.run(recover(engine(db))) == 1
    row = call(db, "call")
    assert (row.state, row.worker_id, row.result["end_reason"]) == ("done", US, REASONS[state])
    assert row.result["may_have_been_dialled"] == (state == "placing")
    assert seats_taken(db) == 0
    assert asyncio.run(recover(engine(db))) == 0


class Wire:
    """A transport that is told to end calls of a process that died."""

    name = "wire"
    real = True

    def __init__(self, fails: bool = False) -> None:
        self.ended: list[tuple[str, dict[str, Any]]] = []
        self._fails = fails

    async def place(self, order: PlaceOrder) -> Leg:
        raise NotImplementedError

    async def end_leftover(self, trunk: str, kept: dict[str, Any]) -> None:
        if self._fails:
            raise OSError("no way")
        self.ended.append((trunk, kept))


def kept(db: Database, worker: str, state: str, **changes: Any) -> None:
    """A call on the transport `wire`, whose events keep its dialog."""
    begin(db, "call", worker, state)
    with db.write() as connection:
        connection.execute(update(Call).values(transport="wire", trunk="line", **changes))
        for kind, request in (("rang", "CANCEL"), ("answered", "BYE")):
            rows = update(CallEvent).where(table_of(CallEvent).c.kind == kind)
            connection.execute(rows.values(data={LEFTOVER: {"request": f"{request} sip:x SIP/2.0", "address": ["127.0.0.1", 5060]}}))


def kinds_of(db: Database) -> list[str]:
    with db.read() as connection:
        return [event.kind for event in events_of(connection, "call")]


@pytest.mark.parametrize(("state", "request_line"), [("placing", None), ("ringing", "CANCEL"), ("talking", "BYE"), ("ended", None)])
def test_calls_of_a_dead_process_are_ended_on_the_wire(db: Database, state: str, request_line: str | None) -> None:
    kept(db, DEAD, state)
    wire, ours = Wire(), engine(db)
    ours.transports["wire"] = wire
    assert asyncio.run(recover(ours)) == 1
    assert [(trunk, one["request"].split()[0]) for trunk, one in wire.ended] == ([("line", request_line)] if request_line else [])
    assert ("ended_on_the_wire" in kinds_of(db)) is (request_line is not None)
    assert call(db, "call").state == "done"
    assert asyncio.run(recover(ours)) == 0
    assert len(wire.ended) <= 1


@pytest.mark.parametrize("process", [this_process(), ProcessIdentity("another-machine", 1, 0.0)], ids=["alive", "elsewhere"])
def test_a_process_that_may_live_keeps_its_lines(db: Database, process: ProcessIdentity) -> None:
    """Its lease ran out, so its calls are taken over; but nobody can say that it does not talk on them."""
    with db.write() as connection:
        register(connection, "silent", 3, process, NOW - timedelta(minutes=5))
    kept(db, "silent", "talking")
    wire, ours = Wire(), engine(db)
    ours.transports["wire"] = wire
    assert asyncio.run(recover(ours)) == 1
    assert (wire.ended, call(db, "call").state) == ([], "done")


def test_a_call_that_another_process_took_over_first_is_ended_once(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(db, DEAD, "talking")
    with db.write() as connection:
        retire(connection, DEAD)
        register(connection, "other", 3, this_process(), NOW)
    first, second = Wire(), Wire()
    other = Engine(db, StillClock(), lambda: NOW, Ids(), "other", {"wire": second})
    with db.read() as connection:
        orphans = recovery._orphans(other, connection)
    ours = engine(db)
    ours.transports["wire"] = first
    asyncio.run(recover(ours))
    monkeypatch.setattr(recovery, "_orphans", lambda *_: orphans)
    asyncio.run(recover(other))
    assert (len(first.ended), second.ended) == (1, [])


def test_a_line_that_cannot_be_told_costs_no_record(db: Database) -> None:
    kept(db, DEAD, "talking")
    ours = engine(db)
    ours.transports["wire"] = Wire(fails=True)
    assert asyncio.run(recover(ours)) == 1
    assert call(db, "call").result["end_reason"] == "worker_died"
    assert "ended_on_the_wire" not in kinds_of(db)


def test_the_record_ends_with_the_last_sign_of_life(db: Database) -> None:
    """Not with the takeover, a minute later."""
    begin(db, "call", DEAD, "talking")
    with db.write() as connection:
        connection.execute(update(Call).values(answered_at=NOW))
        connection.execute(update(Worker).where(table_of(Worker).c.id == DEAD).values(seen_at=NOW + timedelta(seconds=17)))
    asyncio.run(recover(engine(db)))
    result = call(db, "call").result
    assert result["call_duration_seconds"] == 17.0
    assert result["remarks"] == "The process that held the call died, and the call was cut off."


@pytest.mark.parametrize(("seen", "events", "expected"), [(5, [0, 2], 5), (5, [0, 9], 9), (90, [0], 60), (-100, [], -100), (-100, [3], 3)])
def test_the_last_sign_of_life(seen: float, events: list[float], expected: float) -> None:
    """Clocks of two machines, and that of a simulation, need not agree."""

    def at(seconds: float) -> datetime:
        return NOW + timedelta(seconds=seconds)

    assert last_sign_of_life(at(60), at(seen), map(at, events)) == at(expected)


@pytest.mark.parametrize("state", REASONS)
def test_calls_of_a_worker_that_was_retired_before_they_were_over(db: Database, state: str) -> None:
    begin(db, "call", DEAD, state)
    with db.write() as connection:
        assert retire(connection, DEAD)
    assert asyncio.run(recover(engine(db))) == 1
    assert call(db, "call").result["end_reason"] == REASONS[state]


@pytest.mark.parametrize("state", REASONS)
def test_calls_of_this_process_that_nobody_holds_any_more(db: Database, state: str) -> None:
    """Their end could not be recorded, because the database failed just then."""
    begin(db, "call", US, state)
    assert asyncio.run(recover(engine(db))) == 1
    assert call(db, "call").result["end_reason"] == REASONS[state]
    assert seats_taken(db) == 0


def test_calls_that_are_held_here_or_by_a_live_process_are_left_alone(db: Database) -> None:
    with db.write() as connection:
        register(connection, "alive", 3, this_process(), NOW)
    begin(db, "theirs", "alive", "talking")
    begin(db, "ours", US, "ringing")
    ours = engine(db)
    ours.runs["ours"] = object()  # type: ignore[assignment]
    assert asyncio.run(recover(ours)) == 0
    assert (call(db, "theirs").state, call(db, "ours").state) == ("talking", "ringing")


def test_two_processes_recover_at_once(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one has seen the same orphan, and comes too late at every write."""
    begin(db, "call", DEAD, "talking")
    with db.write() as connection:
        register(connection, "other", 3, this_process(), NOW)
    other = Engine(db, StillClock(), lambda: NOW, Ids(), "other", {})
    with db.read() as connection:
        orphans = recovery._orphans(other, connection)
    assert orphans == []  # not before its worker is retired
    with db.write() as connection:
        retire(connection, DEAD)
    with db.read() as connection:
        orphans = recovery._orphans(other, connection)
    assert asyncio.run(recover(engine(db))) == 1
    monkeypatch.setattr(recovery, "_orphans", lambda *_: orphans)
    asyncio.run(recover(other))
    row = call(db, "call")
    assert (row.state, row.worker_id) == ("done", US)
    with db.read() as connection:
        assert connection.execute(select(func.count()).select_from(table_of(Call))).scalar_one() == 1


def test_only_a_call_that_was_being_placed_may_not_have_been_dialled() -> None:
    assert [state for state in LIVE if ending_after_crash(state).may_have_been_dialled] == ["placing"]
    assert all(ending_after_crash(state).phone_rang for state in LIVE)  # charged: the phone could have rung


@pytest.mark.parametrize(("outcome", "held"), [("asked", False), ("ok", True), ("failed", True)])
def test_a_call_whose_crm_was_still_being_asked_has_not_left(db: Database, outcome: str, *, held: bool) -> None:
    begin(db, "call", DEAD, "placing")
    with db.write() as connection:
        connection.execute(update(Call).values(prefetch={"outcome": outcome}))
    assert asyncio.run(recover(engine(db))) == 1
    result = call(db, "call").result
    assert (result["may_have_been_dialled"], result["phone_rang"]) == (held, held)
    assert result["end_reason"] == ("may_have_been_dialled" if held else "worker_died")


def test_a_call_of_a_clock_that_was_ahead_does_not_end_before_it_began(db: Database) -> None:
    begin(db, "c1", DEAD, "talking")
    ahead = NOW + timedelta(days=7)
    with db.write() as connection:
        connection.execute(update(table_of(CallEvent)).values(at=ahead))
    assert asyncio.run(recover(engine(db))) == 1
    assert call(db, "c1").ended_at == ahead


def test_a_clock_of_our_own_does_not_date_the_end_of_a_real_call(db: Database) -> None:
    for call_id, transport in (("c1", "sip"), ("c2", "sandbox")):
        begin(db, call_id, DEAD, "talking")
        with db.write() as connection:
            connection.execute(update(table_of(Call)).where(table_of(Call).c.call_id == call_id).values(transport=transport))

    async def rehearse() -> int:
        virtual = VirtualClock(NOW + timedelta(days=7))
        try:
            return await recover(Engine(db, virtual, lambda: NOW, Ids(), US, {}))
        finally:
            virtual.close()

    assert asyncio.run(rehearse()) == 1
    assert [call(db, call_id).state for call_id in ("c1", "c2")] == ["talking", "done"]
    assert asyncio.run(recover(engine(db))) == 1, "the next process in real time takes it over"
    assert call(db, "c1").ended_at == NOW, "the last sign of life of its process, in real time"
