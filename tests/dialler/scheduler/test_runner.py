"""The loop of a campaign against a core that misbehaves, and orders that come at the worst moment."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.rate import TokenBucket
from core.kernel.statements import table_of
from core.kernel.virtual_clock import VirtualClock
from dialler.campaigns import control
from dialler.campaigns.store import change_state, read_campaign
from dialler.campaigns.tables import Campaign
from dialler.leads.claims import claim
from dialler.leads.queue import close_waiting
from dialler.policy.steps import Over, Paused, next_step
from dialler.scheduler import reconcile as reconcile_module
from dialler.scheduler import runner as runner_module
from dialler.scheduler.control import end_calls
from dialler.scheduler.runner import LeaseLost
from tests.conftest import START
from tests.dialler.scheduler.fake_core import FakeCore
from tests.dialler.scheduler.stage import NUMBERS, InVirtualTime, Stage, order, state_of
from tests.support import CAMPAIGN, TOKEN, add_leads, attempt_rows, lead_row, make_campaign


@pytest.fixture
def db(database: Database) -> Database:
    return database


def test_it_ends_once_every_lead_is_final(db: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        stage = Stage(db, clock, FakeCore(), leads=2, calls_per_second=5)
        await stage.until_dialled(2)
        stage.finish(0, disconnected_by="bot", sip_status=200)
        stage.finish(1)
        assert await stage.ended() == "completed"
        assert stage.states() == ["completed", "exhausted"]

    in_virtual_time(scene)


@pytest.mark.parametrize(("event", "then"), [("pause", "completed"), ("stop", "stopped")])
def test_an_order_in_the_very_moment_of_the_end(
    db: Database, in_virtual_time: InVirtualTime, monkeypatch: pytest.MonkeyPatch, event: str, then: str
) -> None:
    """The runner has looked, finds that all is done, and another process gives an order before it can say so."""
    given: list[str] = []

    def order_after_looking(*args: Any) -> Any:
        step = next_step(*args)
        if isinstance(step, Over) and not given:
            given.append(event)
            order(db, event)
        if isinstance(step, Paused):
            order(db, "resume")
        return step

    monkeypatch.setattr(runner_module, "next_step", order_after_looking)

    async def scene(clock: VirtualClock) -> None:
        stage = Stage(db, clock, FakeCore())
        await stage.until_dialled()
        stage.finish()
        assert await stage.ended() == then
        assert given == [event]
        assert state_of(db) == then

    in_virtual_time(scene)


def test_a_dial_that_is_refused_while_the_campaign_is_stopped_leaves_no_lead_waiting(db: Database, in_virtual_time: InVirtualTime) -> None:
    def stop_then_refuse() -> httpx.Response:
        with db.write() as connection:
            change_state(connection, CAMPAIGN, "stop", START)
            close_waiting(connection, CAMPAIGN, "stopped", START)
        return httpx.Response(503, json={"reason": "no_capacity", "detail": "full"}, headers={"Retry-After": "5"})

    async def scene(clock: VirtualClock) -> None:
        stage = Stage(db, clock, FakeCore(refusals=[stop_then_refuse]), leads=2)
        assert await stage.ended() == "stopped"
        assert stage.states() == ["stopped", "stopped"]
        assert not stage.core.calls

    in_virtual_time(scene)


def test_when_nothing_can_be_dialled_any_more_calls_in_progress_are_finished_first(db: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        core = FakeCore()
        stage = Stage(db, clock, core, leads=2, calls_per_second=0.1)
        await stage.until_dialled()
        core.refusals = [lambda: httpx.Response(503, json={"reason": "outside_active_hours", "detail": "it never opens"})]
        await clock.sleep(60)
        assert not stage.running.done()
        stage.finish(disconnected_by="bot", sip_status=200)
        assert await stage.ended() == "failed"
        assert stage.states() == ["completed", "window_closed"]

    in_virtual_time(scene)


def test_a_core_that_breaks_now_and_then_loses_nothing(db: Database, in_virtual_time: InVirtualTime) -> None:
    def broken() -> httpx.Response:
        return httpx.Response(500, text="oops")

    async def scene(clock: VirtualClock) -> None:
        core = FakeCore(answers=[broken, broken], refusals=[broken])
        stage = Stage(db, clock, core, leads=4)
        await stage.until_dialled(4)
        await clock.sleep(60)
        for number in range(4):
            stage.finish(number)
        assert await stage.ended() == "completed"
        assert set(stage.states()) == {"exhausted"}
        assert [len(attempt_rows(db, lead)) for lead in stage.leads] == [1] * 4
        assert set(core.dialouts) == set(core.calls)

    in_virtual_time(scene)


def test_one_that_lost_its_lease_dials_no_more(db: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        stage = Stage(db, clock, FakeCore(), leads=3, calls_per_second=0.1)
        await stage.until_dialled()
        with db.write() as connection:
            connection.execute(update(table_of(Campaign)).values(owner_token="the next owner"))
        with pytest.raises(LeaseLost):
            await stage.ended()
        assert len(stage.core.calls) == 1

    in_virtual_time(scene)


def test_calls_go_on_while_the_campaign_is_paused_in_virtual_time(db: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        stage = Stage(db, clock, FakeCore(), leads=2, calls_per_second=0.1)
        await stage.until_dialled()
        order(db, "pause")
        await clock.sleep(120)  # it would never be over if time stood still
        assert len(stage.core.calls) == 1
        stage.finish()
        order(db, "resume")
        stage.runner.wake.set()
        await stage.until_dialled(2)
        stage.finish(1)
        assert await stage.ended() == "completed"

    in_virtual_time(scene)


def test_an_order_to_end_calls_stands_while_a_dial_is_on_its_way(db: Database, in_virtual_time: InVirtualTime) -> None:
    def orders() -> bool:
        with db.read() as connection:
            return bool(read_campaign(connection, CAMPAIGN).end_calls)

    async def scene(clock: VirtualClock) -> None:
        core = FakeCore()

        def paused_while_dialling(key: str) -> None:
            with db.write() as connection:
                change_state(connection, CAMPAIGN, "pause", START, end_calls=True)

        core.on_dialout = paused_while_dialling
        stage = Stage(db, clock, core)
        original = stage.parts.core.dialout

        async def slowly(*args: Any, **more: Any) -> Any:
            answer = await original(*args, **more)
            await end_calls(stage.parts, CAMPAIGN)  # the call has left, and its answer is not taken in yet
            assert orders()
            assert core.cancelled == []
            return answer

        stage.parts.core.dialout = slowly  # type: ignore[method-assign]
        await stage.until_dialled()
        await clock.sleep(1)
        core.down = True
        await end_calls(stage.parts, CAMPAIGN)
        assert orders()
        core.down = False
        await end_calls(stage.parts, CAMPAIGN)
        assert not orders()
        assert core.cancelled == [call["call_id"] for call in core.calls.values()]
        stage.runner.drain()
        stage.finish()
        assert await stage.ended() == "interrupted"

    in_virtual_time(scene)


def test_pause_waits_for_dials_on_their_way(db: Database) -> None:
    """The order returns only once the claimed lead has been dialled; or says that it could not wait for it."""
    make_campaign(db, START)
    add_leads(db, START, NUMBERS[0])
    with db.write() as connection:
        claim(connection, Ids(1), CAMPAIGN, TOKEN, 1, START)
    done = asyncio.run(control.pause(db, CAMPAIGN, lambda: START, patience=0.2))
    assert (done.state, done.not_waited_for) == ("paused", 1)


def test_a_pause_in_the_middle_of_a_batch_lets_no_further_dial_leave(db: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        core = FakeCore()
        core.on_dialout = lambda _: order(db, "pause") if len(core.dialouts) == 2 else None
        stage = Stage(db, clock, core, leads=5, calls_per_second=1000)
        core.available = 5
        stage.runner._bucket = TokenBucket.full(1000, clock.now(), burst=5)  # all five in one batch
        await stage.until_dialled(2)
        await clock.sleep(1)
        assert len(core.dialouts) == 2
        assert stage.states() == ["dialling", "dialling", "pending", "pending", "pending"]
        order(db, "stop")
        with db.write() as connection:
            close_waiting(connection, CAMPAIGN, "stopped", START)
        stage.finish(0)
        stage.finish(1)
        assert await stage.ended() == "stopped"

    in_virtual_time(scene)


def test_one_that_loses_its_lease_in_the_middle_of_a_batch_dials_no_more(db: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        def lose(_: str) -> None:
            with db.write() as connection:
                connection.execute(update(table_of(Campaign)).values(owner_token="the next owner"))

        core = FakeCore(on_dialout=lose)
        stage = Stage(db, clock, core, leads=3, calls_per_second=1000)
        stage.runner._bucket = TokenBucket.full(1000, clock.now(), burst=3)
        with pytest.raises(LeaseLost):
            await stage.ended()
        assert len(core.dialouts) == 1

    in_virtual_time(scene)


def test_leads_that_come_in_the_very_moment_of_the_end_are_dialled(
    db: Database, in_virtual_time: InVirtualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[int] = []

    def import_after_looking(*args: Any) -> Any:
        step = next_step(*args)
        if isinstance(step, Over) and not late:
            late.extend(add_leads(db, START, "+12025550199"))
        return step

    monkeypatch.setattr(runner_module, "next_step", import_after_looking)

    async def scene(clock: VirtualClock) -> None:
        stage = Stage(db, clock, FakeCore())
        await stage.until_dialled()
        stage.finish()
        await stage.until_dialled(2)
        assert state_of(db) == "running"
        stage.finish(1)
        assert await stage.ended() == "completed"
        assert lead_row(db, late[0]).state == "exhausted"

    in_virtual_time(scene)


def test_one_that_was_taken_over_does_not_end_the_campaign(
    db: Database, in_virtual_time: InVirtualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take_over_after_looking(*args: Any) -> Any:
        step = next_step(*args)
        if isinstance(step, Over):
            with db.write() as connection:
                connection.execute(update(table_of(Campaign)).values(owner_token="the next owner"))
        return step

    monkeypatch.setattr(runner_module, "next_step", take_over_after_looking)

    async def scene(clock: VirtualClock) -> None:
        stage = Stage(db, clock, FakeCore())
        await stage.until_dialled()
        stage.finish()
        with pytest.raises(LeaseLost):
            await stage.ended()
        assert state_of(db) == "running"

    in_virtual_time(scene)


def test_no_server_that_takes_calls_is_said(db: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        core = FakeCore(available=0, seats=0)
        stage = Stage(db, clock, core)
        await clock.sleep(1)
        assert "No server" in stage.campaign().hold_reason
        core.available = core.seats = 5
        await stage.until_dialled()
        await clock.sleep(1)
        assert stage.campaign().hold_reason is None
        assert [hold and hold.reason for hold in stage.holds] == ["no_servers", None]
        stage.finish()
        assert await stage.ended() == "completed"

    in_virtual_time(scene)


def test_no_free_seat_is_said_when_it_takes_long_and_the_calls_are_not_the_campaigns_own(
    db: Database, in_virtual_time: InVirtualTime
) -> None:
    async def scene(clock: VirtualClock) -> None:
        core = FakeCore(available=1)
        stage = Stage(db, clock, core, leads=2, calls_per_second=0.1)
        await stage.until_dialled()
        core.available = 0
        await clock.sleep(600)
        assert stage.holds == []  # its own call holds the seat
        stage.finish()
        await clock.sleep(200)
        assert "No seat is free" in stage.campaign().hold_reason
        core.available = 1
        stage.runner.wake.set()  # a seat was freed, by whomever: it is not held back
        await clock.sleep(1)
        assert len(core.calls) == 2
        assert stage.campaign().hold_reason is None
        stage.finish(1)
        assert await stage.ended() == "completed"

    in_virtual_time(scene)


def test_calls_are_asked_for_only_while_there_are_any(
    db: Database, in_virtual_time: InVirtualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    async def ask(*_: Any, **more: Any) -> int:
        asked.append("sent_before" in more)
        return 0

    monkeypatch.setattr(reconcile_module, "reconcile", ask)

    async def scene(clock: VirtualClock) -> None:
        stage = Stage(db, clock, FakeCore(), max_attempts=2)
        await stage.until_dialled()
        await stage.runner.reconcile(clock.now())
        assert asked == [True]
        stage.finish()
        await clock.sleep(5)  # its retry is due in half an hour
        await stage.runner.reconcile(clock.now())
        assert asked == [True]
        stage.runner.drain()
        await stage.ended()

    in_virtual_time(scene)


def test_a_campaign_whose_window_never_meets_the_callees_hours_ends(db: Database, in_virtual_time: InVirtualTime) -> None:
    """Each refusal names a moment at which the campaign's own window is closed."""

    async def scene(clock: VirtualClock) -> None:
        core = FakeCore()

        def asleep() -> httpx.Response:
            body = {"reason": "outside_permitted_hours", "detail": "The callee may not be called now."}
            return httpx.Response(503, json=body, headers={"Retry-After": str(12 * 3600)})

        core.of_number = dict.fromkeys(NUMBERS, asleep)
        evening = {"time_zone": "UTC", "start": "20:00", "end": "20:30"}
        stage = Stage(db, clock, core, leads=2, calling_window=evening)
        assert await stage.ended() == "failed"
        assert stage.states() == ["window_closed"] * 2
        assert "never to be open together" in stage.campaign().reason
        assert core.calls == {}
        assert clock.now() - START > timedelta(days=25)

    in_virtual_time(scene)


def test_a_trunk_that_runs_nowhere_fails_the_campaign_and_its_leads_wait(db: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        core = FakeCore()
        core.refusals = [lambda: httpx.Response(503, json={"reason": "trunk_unavailable", "detail": "sip is not running here."})]
        stage = Stage(db, clock, core, leads=2)
        assert await stage.ended() == "failed"
        assert stage.states() == ["pending"] * 2
        assert stage.campaign().reason == "sip is not running here."

    in_virtual_time(scene)


@pytest.mark.parametrize(("held", "dialled_after"), [("The trunk is tried with one call.", 12.0), ("untold", 60.0)])
def test_a_hold_ends_as_soon_as_the_trunk_is_well(db: Database, in_virtual_time: InVirtualTime, held: str, dialled_after: float) -> None:
    """The fleet's health tells it; a core that does not tell is believed about the time."""

    async def scene(clock: VirtualClock) -> None:
        core = FakeCore(held=held)
        body = {"reason": "trunk_unavailable", "detail": "The trunk is tried with one call."}
        core.refusals = [lambda: httpx.Response(503, json=body, headers={"Retry-After": "60"})]
        stage = Stage(db, clock, core)
        await clock.sleep(8)
        assert core.calls == {}
        if held != "untold":
            core.held = None
        await stage.until_dialled()
        assert dialled_after - 8 <= (clock.now() - START).total_seconds() <= dialled_after + 4
        assert stage.holds[-1] is None
        stage.finish()
        assert await stage.ended() == "completed"

    in_virtual_time(scene)


def test_while_a_trunk_is_rested_it_is_looked_for_less_and_less_often(db: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        core = FakeCore(held="The trunk is rested.")
        body = {"reason": "trunk_unavailable", "detail": "The trunk is rested."}
        core.refusals = [lambda: httpx.Response(503, json=body, headers={"Retry-After": "900"})]
        stage = Stage(db, clock, core)
        asked = 0
        original = stage.parts.core.fleet

        async def counted(bot_id: str) -> Any:
            nonlocal asked
            asked += 1
            return await original(bot_id)

        stage.parts.core.fleet = counted  # type: ignore[method-assign]
        await clock.sleep(880)
        assert core.calls == {}
        assert 30 <= asked <= 70
        await stage.until_dialled()
        stage.finish()
        await stage.ended()

    in_virtual_time(scene)


def test_a_core_that_calls_its_trunk_well_and_refuses_all_the_same_is_not_hammered(db: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        core = FakeCore(held=None)
        body = {"reason": "trunk_unavailable", "detail": "Its port is in use."}
        core.refusals = [lambda: httpx.Response(503, json=body, headers={"Retry-After": "300"}) for _ in range(500)]
        stage = Stage(db, clock, core)
        await clock.sleep(120)
        assert 8 <= len(core.dialouts) <= 14
        core.refusals.clear()
        await stage.until_dialled()
        assert clock.now() - START < timedelta(seconds=140)
        stage.finish()
        assert await stage.ended() == "completed"

    in_virtual_time(scene)


def test_a_trunk_that_takes_no_call_is_said_and_not_dialled(db: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        core = FakeCore(available=0, held="No call can leave on the trunk 'lab' from this machine: its port is in use.")
        stage = Stage(db, clock, core)
        await clock.sleep(10)
        assert [hold.detail for hold in stage.holds if hold] == [core.held]
        assert core.dialouts == []
        core.available, core.held = 5, None
        await stage.until_dialled()
        assert clock.now() - START < timedelta(seconds=35)
        stage.finish()
        assert await stage.ended() == "completed"

    in_virtual_time(scene)
