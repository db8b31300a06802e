"""Calls that we make."""

from __future__ import annotations

import asyncio

import pytest

from core.contracts.transport import Answered, Digit, Failed, Heard, HungUp, Ringing
from tests.live.lab import live
from tests.live.livekit.deployment import Deployment
from tests.live.livekit.lab import CALLER, lab, phone_ending

pytestmark = pytest.mark.needs("livekit-server", "redis-server", "livekit", "redis")


def test_a_call_is_answered_and_both_hear_each_other(deployment: Deployment) -> None:
    async def scenario() -> None:
        async with lab(deployment) as here:
            order = here.order("00", headers={"X-Campaign": "spring"})
            leg = await here.transport.place(order)
            assert await here.events(leg, 2) == [Ringing(), Answered()]
            heard: list[Heard] = []
            while sum(one.seconds for one in heard) < 0.8:  # a machine that is busy for half a second cuts an utterance in two
                (event,) = await here.events(leg, 1)
                assert isinstance(event, Heard)
                heard.append(event)
            assert {one.text for one in heard} == {"tone 700"}
            assert sum(one.seconds for one in heard) < 3.5
            said = await leg.say("five words that are tones")
            assert said.completed
            (dialled,) = deployment.events("dialled", to=phone_ending("00"))
            assert dialled["caller"] == CALLER
            assert dialled["headers"] == {"X-Campaign": "spring", "X-Attempt-Id": order.attempt}
            assert dialled["room"] == f"dialler-{here.transport.installation}-{order.call_id}"
            assert dialled["limits"] == [75.0, 3600.0]
            await here.clock.sleep(0.5)
            await leg.hang_up()
            assert await here.last(leg) == HungUp("caller hung up")
            await here.no_rooms()
            assert [event["tone"] for event in deployment.events("heard", room=dialled["room"])] == [1000]

    live(scenario)


@pytest.mark.parametrize(("digits", "status"), [("86", 486), ("80", 480), ("03", 603), ("53", 503), ("04", 404)])
def test_a_call_fails_with_its_sip_status(deployment: Deployment, digits: str, status: int) -> None:
    async def scenario() -> None:
        async with lab(deployment) as here:
            leg = await here.call(digits)
            event, final = await here.events(leg, 2)
            assert event == Ringing()
            assert isinstance(final, Failed)
            assert (final.sip_status, final.from_trunk) == (status, False)
            await here.no_rooms()

    live(scenario)


def test_nobody_answers_within_the_ring_timeout_of_livekit(deployment: Deployment) -> None:
    async def scenario() -> None:
        async with lab(deployment, ring_seconds=5) as here:
            leg = await here.call("99")
            assert await here.events(leg, 2) == [Ringing(), Failed(408, "nobody answered within the ring timeout")]

    live(scenario)


def test_a_call_is_given_up_while_it_rings(deployment: Deployment) -> None:
    async def scenario() -> None:
        async with lab(deployment) as here:
            leg = await here.call("99")
            assert await here.events(leg, 1) == [Ringing()]
            await leg.hang_up()
            assert await here.events(leg, 1, 5.0) == [Failed(487, "Request Terminated")]
            assert await here.rooms() == []

    live(scenario)


def test_active_before_the_answer_is_no_answer(deployment: Deployment) -> None:
    async def scenario() -> None:
        async with lab(deployment) as here:
            leg = await here.call("31")
            assert await here.events(leg, 1) == [Ringing()]
            assert await leg.next(0.7) is None
            assert await here.events(leg, 1) == [Answered()]
            await leg.hang_up()

    live(scenario)


def test_the_callee_hangs_up(deployment: Deployment) -> None:
    async def scenario() -> None:
        async with lab(deployment) as here:
            leg = await here.call("05")
            assert await here.events(leg, 2) == [Ringing(), Answered()]
            assert await here.last(leg) == HungUp("hung up")
            await here.no_rooms()

    live(scenario)


def test_keys_go_both_ways(deployment: Deployment) -> None:
    async def scenario() -> None:
        async with lab(deployment) as here:
            leg = await here.call("06")
            digits: list[str] = []
            async with asyncio.timeout(15):
                while len(digits) < 3:
                    event = await leg.next()
                    digits += [event.digit] if isinstance(event, Digit) else []
            assert digits == ["4", "2", "#"]
            leg._audio.press("12")
            async with asyncio.timeout(5):
                while len(deployment.events("key")) < 2:
                    await here.clock.sleep(0.05)
            assert [event["key"] for event in deployment.events("key")] == ["1", "2"]
            await leg.hang_up()

    live(scenario)


def test_six_calls_at_once(deployment: Deployment) -> None:
    async def scenario() -> None:
        async with lab(deployment) as here:
            legs = await asyncio.gather(*(here.call("00") for _ in range(6)))
            for leg in legs:
                assert (await here.events(leg, 2))[1] == Answered()
            await asyncio.gather(*(leg.hang_up() for leg in legs))
            await here.no_rooms()

    live(scenario)
