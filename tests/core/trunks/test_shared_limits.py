"""The channels and the rate of a trunk hold over all the processes of one database."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.calls import departure
from core.calls.run import CallRun
from core.calls.tables import CallEvent
from core.kernel.database import Database
from core.kernel.statements import table_of
from core.kernel.virtual_clock import VirtualClock
from core.trunks.pacing import interval
from tests.core.api.support import Core, open_core, talkers
from tests.core.api.test_idempotency import in_two_processes

RATE = 2.0
events = table_of(CallEvent)


def departures(db: Database) -> list[datetime]:
    """When calls were to leave, whichever process placed them."""
    with db.read() as connection:
        rows = connection.execute(select(events.c.data).where(events.c.kind == "placing")).scalars()
        return sorted(datetime.fromisoformat(data["leaves_at"]) for data in rows)


def test_two_processes_share_the_channels(database_url: str, tmp_path: Path) -> None:
    async def work(core: Core, number: int) -> list[str]:
        answers = [await core.dial(phone) for phone in talkers(24)[number::2]]
        reasons = {answer.json()["reason"] for answer in answers if answer.status_code != 200}
        assert reasons <= {"trunk_unavailable"}
        return [answer.json()["call_id"] for answer in answers if answer.status_code == 200]

    first, second = in_two_processes(database_url, tmp_path, work, seats=20, channels=9, calls_per_second=1000)
    assert len(set(first + second)) == 9


def test_two_workers_share_the_rate(database: Database, tmp_path: Path, in_virtual_time: Callable[..., Any]) -> None:
    """Each could place six calls within the time that a call may wait; together they place no more."""

    async def test(clock: VirtualClock) -> None:
        async with open_core(database, clock, tmp_path, calls_per_second=RATE) as first:
            (tmp_path / "second").mkdir()
            async with open_core(database, clock, tmp_path / "second", calls_per_second=RATE) as second:
                phones = iter(talkers(24))
                dials = [core.dial(next(phones)) for _ in range(10) for core in (first, second)]
                answers = await first.together(*dials)
                assert sum(answer.status_code == 200 for answer in answers) == 6
                assert {answer.json()["reason"] for answer in answers if answer.status_code != 200} == {"trunk_unavailable"}
                assert {len(first.engine.runs), len(second.engine.runs)} == {3}
                answers = await first.together(*(core.dial(next(phones)) for core in (second, first, second, first)))
                assert [answer.status_code for answer in answers] == [200] * 4

    in_virtual_time(test)
    left = departures(database)
    assert len(left) == 10
    assert all(later - earlier >= interval(RATE) for earlier, later in pairwise(left))
    lines = [json.loads(line) for log in tmp_path.rglob("network.jsonl") for line in log.read_text(encoding="utf-8").splitlines()]
    assert not [line for line in lines if line.get("refused_by")]


def test_calls_that_missed_their_turn_take_another_one(database: Database, tmp_path: Path, in_virtual_time: Callable[..., Any]) -> None:
    """They waited for a CRM, each as long as it took; the trunk sees them at its rate all the same."""

    async def test(clock: VirtualClock) -> None:
        async with open_core(database, clock, tmp_path, calls_per_second=RATE) as core:
            waits = iter([5.0, 4.5, 4.0, 3.5, 0.0])

            async def slow_crm(_: CallRun) -> None:
                await clock.sleep(next(waits))

            monkeypatch.setattr(CallRun, "_prefetch", slow_crm)
            answers = await core.together(*(core.dial(phone) for phone in talkers(5)))
            assert [answer.status_code for answer in answers] == [200] * 5

    with pytest.MonkeyPatch.context() as monkeypatch:
        in_virtual_time(test)
    lines = [json.loads(line) for line in (tmp_path / "network.jsonl").read_text(encoding="utf-8").splitlines()]
    assert not [line for line in lines if line.get("refused_by")]
    left = sorted(datetime.fromisoformat(line["time"]) for line in lines if line["event"] == "invite")
    assert len(left) == 5
    assert all(later - earlier >= timedelta(seconds=1 / RATE) for earlier, later in pairwise(left))


def test_calls_of_a_process_that_stood_still_leave_at_the_rate(
    database: Database, tmp_path: Path, in_virtual_time: Callable[..., Any]
) -> None:
    """Their turns have passed when it goes on: they take others, else the trunk would refuse what leaves all at once."""

    async def test(clock: VirtualClock) -> None:
        async with open_core(database, clock, tmp_path, calls_per_second=RATE) as core:
            stall_ends = clock.now() + timedelta(seconds=4)
            real = departure.await_departure

            async def late(engine: Any, turn: departure.Turn, *rest: Any) -> Any:
                await clock.sleep((stall_ends - clock.now()).total_seconds())
                return await real(engine, turn, *rest)

            monkeypatch.setattr("core.calls.run.await_departure", late)
            answers = await core.together(*(core.dial(phone) for phone in talkers(5)))
            assert [answer.status_code for answer in answers] == [200] * 5

    with pytest.MonkeyPatch.context() as monkeypatch:
        in_virtual_time(test)
    lines = [json.loads(line) for line in (tmp_path / "network.jsonl").read_text(encoding="utf-8").splitlines()]
    assert not [line for line in lines if line.get("refused_by")]
    assert sum(line["event"] == "invite" for line in lines) == 5
