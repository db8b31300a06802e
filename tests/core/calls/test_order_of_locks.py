"""A call ends just as another process takes it over: on PostgreSQL neither waits for the other for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from core.calls import store
from core.calls.engine import Engine
from core.calls.recovery import recover
from core.calls.store import EventLog, move
from core.calls.tables import Call
from core.fleet.store import free_seat, register
from core.kernel.clock import utc_now
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.processes import this_process
from core.kernel.statements import table_of
from tests import postgres
from tests.core.calls.test_recovery import DEAD, NOW, StillClock, begin, call, engine, prepare, seats_taken

calls = table_of(Call)


@pytest.fixture
def db(postgres_template: str) -> Iterator[Database]:
    """SQLite has one writer at a time: there the question does not arise."""
    url = postgres.make_database(postgres_template)
    database = Database(url)
    prepare(database)
    yield database
    database.close()
    postgres.drop_database(url)


def until_somebody_waits(db: Database) -> None:
    """Return once a transaction waits for the lock of another one."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    until = utc_now() + timedelta(seconds=20)
    while utc_now() < until:
        with db.read() as connection:
            if connection.execute(waiting).scalar_one():
                return
    raise AssertionError("nobody waited: this test does not show what it is for")


def test_the_end_of_a_call_against_its_recovery(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(db, "call", DEAD, "talking")
    with ThreadPoolExecutor(1) as threads:
        recovering = None

        def free_seat_later(connection: Connection, call_id: str) -> None:
            """The call's row is ours; now the recovery comes, and then we go for the seat."""
            nonlocal recovering
            monkeypatch.setattr(store, "free_seat", free_seat)
            recovering = threads.submit(lambda: asyncio.run(recover(engine(db))))
            until_somebody_waits(db)
            free_seat(connection, call_id)

        monkeypatch.setattr(store, "free_seat", free_seat_later)
        events = EventLog("call", 10)
        events.add(NOW, "ended")
        ending = {"disconnected_by": "bot", "end_reason": "completed", "phone_rang": True, "fault": None, "sip_status": 200}
        with db.write() as connection:
            assert move(connection, "call", "talking", "ended", DEAD, events, ended_at=NOW, ending=ending)
        assert recovering is not None
        recovering.result(timeout=20)
    assert asyncio.run(recover(engine(db))) <= 1  # what the first look could not have
    assert (call(db, "call").state, call(db, "call").result["end_reason"]) == ("done", "completed")
    assert seats_taken(db) == 0


def test_two_processes_recover_the_same_workers(db: Database) -> None:
    """However often both look at once, every call is finished once, and none of them fails."""
    for number in range(3):
        begin(db, f"call {number}", DEAD, "talking")
    with db.write() as connection:
        register(connection, "other", 3, this_process(), NOW)
    other = Engine(db, StillClock(), lambda: NOW, Ids(), "other", {})
    with ThreadPoolExecutor(2) as threads:
        looks = [threads.submit(lambda one=one: asyncio.run(recover(one))) for one in (engine(db), other)]  # type: ignore[misc]
        for look in looks:
            look.result(timeout=20)
    assert {call(db, f"call {number}").state for number in range(3)} == {"done"}
    assert seats_taken(db) == 0
