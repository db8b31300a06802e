"""Transfers, calls to us, and an end that nobody told of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from core.contracts.transport import Answered, HungUp, Leg, PlaceOrder, Ringing, TransferOutcome
from core.kernel.database import Database
from core.transports.livekit.watch import LiveKitWatch
from tests.live.lab import live
from tests.live.livekit.deployment import Deployment
from tests.live.livekit.lab import CALLER, Lab, lab
from web.migrate import upgrade

pytestmark = pytest.mark.needs("livekit-server", "redis-server", "livekit", "redis")


def watch_of(here: Lab, folder: Path, received: list[Any], live_calls: set[str]) -> LiveKitWatch:
    db = Database(f"sqlite:///{folder}/watch.db")
    upgrade(db)

    async def receive(inbound: Any) -> None:
        received.append(inbound)

    def held(ids: Iterable[str]) -> set[str]:
        return live_calls & set(ids)

    return LiveKitWatch(
        db, here.clock, "w1", here.transport, lines=lambda: [here.line], live_calls=held, free_seats=lambda: 1, receive=receive
    )


async def answered(here: Lab) -> Leg:
    leg = await here.call("00")
    assert await here.events(leg, 2) == [Ringing(), Answered()]
    return leg


def test_a_transfer_goes_through(deployment: Deployment) -> None:
    async def scenario() -> None:
        async with lab(deployment) as here:
            leg = await answered(here)
            assert await leg.transfer("+12025550199") == TransferOutcome(True, 200, "OK")
            assert deployment.events("transfer")[-1]["to"] == "tel:+12025550199"
            assert await here.last(leg) == HungUp("hung up")

    live(scenario)


def test_a_transfer_is_refused_and_the_call_goes_on(deployment: Deployment) -> None:
    async def scenario() -> None:
        async with lab(deployment) as here:
            leg = await answered(here)
            outcome = await leg.transfer("+12025550186")
            assert (outcome.succeeded, outcome.sip_status) == (False, 486)
            assert (await leg.say("still here")).spoken
            await leg.hang_up()

    live(scenario)


def test_a_transfer_that_nothing_comes_of_is_not_called_done(deployment: Deployment) -> None:
    async def scenario() -> None:
        async with lab(deployment) as here:
            leg = await answered(here)
            outcome = await leg.transfer("+12025550177")
            assert (outcome.succeeded, outcome.sip_status) == (False, 408)
            await leg.hang_up()

    live(scenario)


def test_a_call_to_us_reaches_its_room_and_is_answered(deployment: Deployment, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lab(deployment) as here:
            received: list[Any] = []
            watch = watch_of(here, tmp_path, received, set())
            deployment.call_us("+12025550177", CALLER)
            async with asyncio.timeout(10):
                while not received:
                    await watch.look_for_calls()
                    await here.clock.sleep(0.2)
            (inbound,) = received
            assert (inbound.from_number, inbound.to_number) == ("+12025550177", CALLER)
            leg = await inbound.answer(PlaceOrder("in-1", "in-1", inbound.from_number, CALLER, "lab"))
            assert await here.events(leg, 2) == [Ringing(), Answered()]
            assert (await leg.say("good morning")).spoken
            assert isinstance(await here.last(leg), HungUp)
            assert len(deployment.events("inbound answered")) == 1

    live(scenario)


def test_a_call_whose_news_were_lost_is_ended_by_looking(deployment: Deployment) -> None:
    async def scenario() -> None:
        async with lab(deployment) as here:
            leg = await answered(here)
            (live_call,) = here.transport._live.values()
            live_call.room._on_left = lambda *_: None  # type: ignore[method-assign]
            live_call.leg._take = lambda _: None  # type: ignore[method-assign, assignment]
            await here.transport.reconcile()
            assert not live_call.leg.ended
            await here.server.api.room.remove_participant(_identity(live_call.room_name))
            await here.clock.sleep(0.3)
            await here.transport.reconcile()
            assert not live_call.leg.ended
            await here.transport.reconcile()
            assert await here.last(leg) == HungUp("the callee is not in the room any more")

    live(scenario)


def _identity(room: str) -> Any:
    from livekit import api

    return api.RoomParticipantIdentity(room=room, identity="phone")
