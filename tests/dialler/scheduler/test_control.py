"""Operators' orders as the runner's process carries them out, and what it sees of other processes."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import httpx
import pytest

from core.kernel.database import Database
from core.kernel.virtual_clock import VirtualClock
from dialler.scheduler import control
from dialler.scheduler.control import end_calls, watch_orders
from tests.conftest import START
from tests.dialler.scheduler.fake_core import FakeCore
from tests.dialler.scheduler.stage import InVirtualTime, Stage, order, state_of
from tests.support import CAMPAIGN, add_leads


@pytest.fixture
def db(database: Database) -> Database:
    return database


def broken(status: int) -> Any:
    return lambda: httpx.Response(status, json={"detail": "broken"})


@pytest.mark.parametrize("status", [500, 502, 503, 429, 401])
def test_a_call_that_could_not_be_ended_is_ended_later(
    db: Database, in_virtual_time: InVirtualTime, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    async def scene(clock: VirtualClock) -> None:
        core = FakeCore()
        stage = Stage(db, clock, core, leads=2, calls_per_second=1000)
        await stage.until_dialled(2)
        order(db, "pause", end_calls=True)
        core.of_cancels = [broken(status)]
        assert not await end_calls(stage.parts, CAMPAIGN)
        assert stage.campaign().end_calls
        assert len(core.cancelled) == 1
        assert await end_calls(stage.parts, CAMPAIGN)
        assert not stage.campaign().end_calls
        assert set(core.cancelled) == {call["call_id"] for call in core.calls.values()}
        stage.runner.drain()
        stage.finish(0)
        stage.finish(1)
        await stage.ended()

    in_virtual_time(scene)
    assert f"answered {status}" in caplog.text


def test_after_a_resume_nothing_is_dialled_until_the_calls_were_ended(db: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        core = FakeCore()
        stage = Stage(db, clock, core, leads=2, calls_per_second=0.1)
        await stage.until_dialled()
        order(db, "pause", end_calls=True)
        order(db, "resume")
        await clock.sleep(120)
        assert (len(core.calls), core.cancelled) == (1, [])
        assert "being ended" in stage.campaign().hold_reason
        await end_calls(stage.parts, CAMPAIGN)
        assert len(core.cancelled) == 1
        await clock.sleep(1)
        assert len(core.calls) == 2
        assert stage.campaign().hold_reason is None
        stage.finish(0)
        stage.finish(1)
        assert await stage.ended() == "completed"

    in_virtual_time(scene)


def test_orders_that_fail_are_looked_for_less_and_less_often(
    db: Database, in_virtual_time: InVirtualTime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    waits: list[float] = []

    async def no_wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 8:
            raise asyncio.CancelledError

    async def scene(clock: VirtualClock) -> None:
        core = FakeCore()
        stage = Stage(db, clock, core)
        await stage.until_dialled()
        order(db, "pause", end_calls=True)
        core.of_cancels = [broken(500)] * 7
        monkeypatch.setattr("dialler.scheduler.control.asyncio.sleep", no_wait)
        with pytest.raises(asyncio.CancelledError):
            await watch_orders(stage.runner)
        monkeypatch.undo()
        assert not stage.campaign().end_calls
        stage.runner.drain()
        stage.finish()
        await stage.ended()

    with caplog.at_level(logging.WARNING):
        in_virtual_time(scene)
    assert [round(seconds, 1) for seconds in waits] == [0.3, 0.6, 1.2, 2.4, 4.8, 9.6, 10, 0.3]


def test_leads_that_another_process_brings_in_wake_the_runner(
    db: Database, in_virtual_time: InVirtualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(clock: VirtualClock) -> None:
        core = FakeCore()
        stage = Stage(db, clock, core, max_attempts=2)
        await stage.until_dialled()
        stage.finish()
        await clock.sleep(5)  # its retry is due in half an hour: nothing else is to be done
        add_leads(db, START, "+12025550198")
        assert stage.runner.idle
        await control._look(stage.runner, "running")
        await clock.sleep(1)
        assert len(core.calls) == 2
        assert (clock.now() - START).total_seconds() < 60
        assert state_of(db) == "running"
        stage.runner.drain()
        stage.finish(1)
        await stage.ended()

    in_virtual_time(scene)
