"""Dialouts leave side by side, and what concerns all of them stops those that were not sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from core.kernel.database import Database
from core.kernel.virtual_clock import VirtualClock
from dialler.scheduler.dispatch import PENDING
from tests.conftest import START
from tests.dialler.scheduler.fake_core import FakeCore
from tests.dialler.scheduler.stage import NUMBERS, InVirtualTime, Stage, order
from tests.support import add_leads, attempt_rows, lead_row


@pytest.fixture
def db(database: Database) -> Database:
    return database


def slow(stage: Stage, seconds: float) -> list[int]:
    """Have every dialout take so long, as one whose CRM is slow. Returns how many were on their way as each was sent."""
    original, under_way, seen = stage.parts.core.dialout, [0], list[int]()

    async def slowly(*args: Any, **more: Any) -> Any:
        under_way[0] += 1
        seen.append(under_way[0])
        await stage.clock.sleep(seconds)
        under_way[0] -= 1
        return await original(*args, **more)

    stage.parts.core.dialout = slowly  # type: ignore[method-assign]
    return seen


def busy(number: str, seconds: int = 30) -> Any:
    body = {"reason": "number_busy", "detail": f"This number ({number[-2:]}) is on a call with us now."}
    return lambda: httpx.Response(503, json=body, headers={"Retry-After": str(seconds)})


@pytest.mark.parametrize("refused", [2, 8, 15])
def test_a_refusal_among_dialouts_that_are_on_their_way_does_not_stop_the_campaign(
    db: Database, in_virtual_time: InVirtualTime, refused: int
) -> None:
    """Dialouts that take three seconds, and one of them refused at once for a second: dialling goes on after the answers of the others."""

    async def scene(clock: VirtualClock) -> None:
        core = FakeCore(available=100, seats=100)
        stage = Stage(db, clock, core, leads=20, calls_per_second=5)
        original, count = stage.parts.core.dialout, 0

        async def slowly(*args: Any, **more: Any) -> Any:
            nonlocal count
            count += 1
            if count == refused:
                body = {"reason": "trunk_unavailable", "detail": "others come first"}
                core.refusals.append(lambda: httpx.Response(503, json=body, headers={"Retry-After": "1"}))
                return await original(*args, **more)
            if count > 1:
                await clock.sleep(3.0)
            return await original(*args, **more)

        stage.parts.core.dialout = slowly  # type: ignore[method-assign]
        while len(core.calls) < 20 and clock.now() - START < timedelta(seconds=60):
            await clock.sleep(0.1)
        assert len(core.calls) == 20
        assert clock.now() - START < timedelta(seconds=16)
        for number in range(20):
            stage.finish(number)
        assert await stage.ended() == "completed"

    in_virtual_time(scene)


def test_a_slow_crm_does_not_slow_the_campaign(db: Database, in_virtual_time: InVirtualTime) -> None:
    """Twenty leads at ten a second, each with a CRM that takes a second: not one a second."""

    async def scene(clock: VirtualClock) -> None:
        core = FakeCore(available=100, seats=100)
        stage = Stage(db, clock, core, leads=20, calls_per_second=10)
        slow(stage, 1.0)
        await clock.sleep(0)
        while len(core.calls) < 20:
            await clock.sleep(0.1)
        assert clock.now() - START < timedelta(seconds=4.2)  # the first alone, then two seconds of calls, the last answered a second later
        for number in range(20):
            stage.finish(number)
        assert await stage.ended() == "completed"
        assert [len(attempt_rows(db, lead)) for lead in stage.leads] == [1] * 20

    in_virtual_time(scene)


def test_no_more_are_on_their_way_than_may_be(db: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        core = FakeCore(available=1000, seats=1000)
        stage = Stage(db, clock, core, leads=20, calls_per_second=1000, concurrency_limit=500)
        stage.leads += add_leads(db, START, *(f"+120255501{n:02d}" for n in (*range(20), *range(40, 100))))
        seen = slow(stage, 5.0)
        await stage.until_dialled(100)
        assert seen[0] == 1
        assert max(seen) == PENDING
        for number in range(100):
            stage.finish(number)
        assert await stage.ended() == "completed"

    in_virtual_time(scene)


def test_an_order_while_dialouts_are_on_their_way(db: Database, in_virtual_time: InVirtualTime) -> None:
    """Those that were sent are taken in though their answers come after the pause; nothing else is sent."""

    async def scene(clock: VirtualClock) -> None:
        core = FakeCore(available=10, seats=10)
        stage = Stage(db, clock, core, leads=10, calls_per_second=2)
        slow(stage, 3.0)
        await clock.sleep(4.2)  # the first was answered after three seconds; more are on their way
        sent = stage.states().count("claimed")
        assert sent > 1
        order(db, "pause")
        await clock.sleep(30)
        assert stage.states().count("dialling") == 1 + sent == len(core.calls)
        assert stage.states().count("pending") == 9 - sent
        order(db, "resume")
        await stage.until_dialled(10)
        for number in range(10):
            stage.finish(number)
        assert await stage.ended() == "completed"

    in_virtual_time(scene)


def test_what_fails_is_found_out_by_one(db: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        core = FakeCore(refusals=[lambda: httpx.Response(500, text="oops")] * 2)
        stage = Stage(db, clock, core, leads=5, calls_per_second=1000)
        slow(stage, 1.0)
        await clock.sleep(4)
        assert len(core.dialouts) == 1
        await stage.until_dialled(5)
        assert sum(attempt_rows(db, lead)[0].failed_dialouts for lead in stage.leads) == 2
        for number in range(5):
            stage.finish(number)
        assert await stage.ended() == "completed"

    in_virtual_time(scene)


def test_a_lead_whose_number_is_on_a_call_waits_alone(db: Database, in_virtual_time: InVirtualTime) -> None:
    """It costs no attempt, the other leads go on, and its history says why."""

    async def scene(clock: VirtualClock) -> None:
        core = FakeCore(of_number={NUMBERS[0]: busy(NUMBERS[0])})
        stage = Stage(db, clock, core, leads=3)
        await stage.until_dialled(2)
        await clock.sleep(1)
        assert stage.states() == ["pending", "dialling", "dialling"]
        assert "on a call with us" in lead_row(db, stage.leads[0]).note
        assert stage.campaign().hold_reason is None
        core.of_number.clear()
        await stage.until_dialled(3)
        assert timedelta(seconds=29) < clock.now() - START < timedelta(seconds=40)
        assert (lead_row(db, stage.leads[0]).attempts, len(attempt_rows(db, stage.leads[0]))) == (0, 1)
        for number in range(3):
            stage.finish(number)
        assert await stage.ended() == "completed"

    in_virtual_time(scene)


def test_a_person_who_was_called_too_often_waits_until_the_moment_that_is_told(db: Database, in_virtual_time: InVirtualTime) -> None:
    """One refusal, not one after the other: the lead waits for days, and the other goes on."""

    async def scene(clock: VirtualClock) -> None:
        body = {"reason": "contact_cap", "rule": "US.calls.7d", "detail": "This person may not be called again now: by US.calls.7d."}
        core = FakeCore(of_number={NUMBERS[0]: lambda: httpx.Response(503, json=body, headers={"Retry-After": str(3 * 86_400)})})
        stage = Stage(db, clock, core, leads=2)
        await stage.until_dialled(1)
        stage.finish(0)
        await clock.sleep(2 * 86_400)
        assert stage.states()[0] == "pending"
        assert "US.calls.7d" in lead_row(db, stage.leads[0]).note
        [attempt] = attempt_rows(db, stage.leads[0])
        assert (attempt.refusals, stage.campaign().hold_reason) == (1, None)
        core.of_number.clear()
        await stage.until_dialled(2)
        assert timedelta(days=3) <= clock.now() - START < timedelta(days=3, minutes=1)
        stage.finish(1)
        await stage.ended()

    in_virtual_time(scene)


def test_one_that_is_stopped_leaves_its_dialouts_to_be_asked_for(db: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        stage = Stage(db, clock, FakeCore(), leads=1)
        slow(stage, 60.0)
        await clock.sleep(1)
        clock.cancel(stage.running)
        await clock.join(stage.running)
        assert stage.running.cancelled()
        assert (stage.states(), stage.core.dialouts) == (["claimed"], [])

    in_virtual_time(scene)
