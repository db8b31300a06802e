"""The loop of a campaign against a core that misbehaves, and orders that come at the worst moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.virtual_clock import VirtualClock
from dialler.campaigns import control
from dialler.campaigns.store import change_state, read_campaign
from dialler.campaigns.tables import Campaign
from dialler.leads.claims import claim
from dialler.leads.queue import close_waiting
from dialler.leads.results import receive_result
from dialler.policy.steps import Over, Paused, next_step
from dialler.scheduler import runner as runner_module
from dialler.scheduler.control import end_calls
from dialler.scheduler.runner import CampaignRunner, LeaseLost, Parts
from tests.conftest import START
from tests.dialler.scheduler.fake_core import FakeCore
from tests.support import CAMPAIGN, TOKEN, add_leads, attempt_rows, lead_row, make_campaign

InVirtualTime = Callable[[Callable[[VirtualClock], Coroutine[Any, Any, Any]]], Any]
NUMBERS = [f"+120255501{n:02d}" for n in range(20, 26)]


def state_of(db: Database) -> str:
    with db.read() as connection:
        return str(read_campaign(connection, CAMPAIGN).state)


def order(db: Database, event: str) -> None:
    with db.write() as connection:
        change_state(connection, CAMPAIGN, event, START)


class Stage:
    """A campaign, its runner, and a core whose calls end when `finish` says so."""

    def __init__(self, db: Database, clock: VirtualClock, core: FakeCore, leads: int = 1, **settings: Any) -> None:
        self.db, self.clock, self.core = db, clock, core
        make_campaign(db, START, **{"max_attempts": 1, **settings})
        self.leads = add_leads(db, START, *NUMBERS[:leads])
        self.parts = Parts(db, clock, Ids(1), core.client(clock))
        self.runner = CampaignRunner(self.parts, CAMPAIGN, TOKEN)
        self.running = clock.spawn(self.runner.run(), name="runner")

    async def until_dialled(self, count: int = 1) -> None:
        while len(self.core.calls) < count:
            await self.clock.sleep(1)

    def finish(self, number: int = 0, **more: Any) -> None:
        key = list(self.core.calls)[number]
        result = self.core.end(key, **more)
        with self.db.write() as connection:
            receive_result(connection, self.parts.ids, result, self.clock.now())
        self.runner.wake.set()

    async def ended(self) -> str:
        await self.clock.join(self.running)
        return self.running.result()

    def states(self) -> list[str]:
        return [lead_row(self.db, lead).state for lead in self.leads]


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
            connection.execute(update(Campaign.__table__).values(owner_token="the next owner"))  # type: ignore[attr-defined]
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

        async def slowly(*args: Any) -> Any:
            answer = await original(*args)
            await end_calls(stage.parts, CAMPAIGN)  # the call has left, and its answer is not taken in yet
            assert orders()
            assert core.cancelled == []
            return answer

        stage.parts.core.dialout = slowly  # type: ignore[method-assign, assignment]
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
