"""The core is asked for its capacity when that is not known, not before each dial."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from core.kernel.database import Database
from core.kernel.virtual_clock import VirtualClock
from dialler.scheduler.capacity import Capacity
from tests.conftest import START
from tests.dialler.scheduler.fake_core import FakeCore
from tests.dialler.scheduler.stage import InVirtualTime, Stage


@pytest.fixture
def db(database: Database) -> Database:
    return database


def asked(stage: Stage) -> list[float]:
    """When the stage's core is asked from now on, in seconds since START."""
    when: list[float] = []
    original = stage.parts.core.fleet

    async def noted(bot_id: str) -> Any:
        when.append((stage.clock.now() - START).total_seconds())
        return await original(bot_id)

    stage.parts.core.fleet = noted  # type: ignore[method-assign]
    return when


def test_places_are_taken_and_given_back_until_the_figure_is_old() -> None:
    capacity = Capacity()
    assert capacity.free(0, START) == 0
    capacity.learn(3, 2, START)
    assert [capacity.free(in_flight, START) for in_flight in (2, 4, 5, 6, 0)] == [3, 1, 0, 0, 5]
    assert capacity.free(2, START + timedelta(seconds=29)) == 3
    assert capacity.free(2, START + timedelta(seconds=30)) == 0
    capacity.learn(3, 2, START)
    capacity.forget()
    assert capacity.free(2, START) == 0


def test_a_call_that_ends_is_followed_by_another_without_a_question(db: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        stage = Stage(db, clock, FakeCore(available=2, seats=2), leads=6, concurrency_limit=2, calls_per_second=100)
        when = asked(stage)
        await stage.until_dialled(2)
        first = len(when)
        stage.core.available = 0
        for number in range(4):
            stage.finish(number)
            await stage.until_dialled(number + 3)
        assert len(when) == first
        stage.finish(4)
        stage.finish(5)
        assert await stage.ended() == "completed"

    in_virtual_time(scene)


def test_after_a_refusal_it_is_asked_again(db: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        stage = Stage(db, clock, FakeCore(available=2, seats=2), leads=3, concurrency_limit=2, calls_per_second=100)
        when = asked(stage)
        await stage.until_dialled(2)
        first = len(when)
        full = {"reason": "no_capacity", "detail": "Every seat is taken."}
        stage.core.refusals = [lambda: httpx.Response(503, json=full, headers={"Retry-After": "5"})]
        stage.core.available = 0
        stage.finish(0)
        await clock.sleep(10)
        assert len(stage.core.calls) == 2
        assert len(when) > first
        stage.core.available = 1
        stage.finish(1)
        await stage.until_dialled(3)
        stage.finish(2)
        assert await stage.ended() == "completed"

    in_virtual_time(scene)


def test_beside_another_campaign_the_core_is_asked_each_time(db: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        stage = Stage(db, clock, FakeCore(available=1, seats=2), leads=3, concurrency_limit=1, calls_per_second=100)
        stage.parts.wakes["another"] = clock.signal()
        when = asked(stage)
        for number in range(3):
            await stage.until_dialled(number + 1)
            stage.finish(number)
        assert await stage.ended() == "completed"
        assert len(when) >= 3

    in_virtual_time(scene)
