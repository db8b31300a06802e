"""Each part of LiveKit unplugged in mid-call: how the call ends, and that the next one works once the part is back."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from core.contracts.transport import Answered, Failed, HungUp, Ringing
from core.transports.livekit.server import FAILURES
from tests.live.lab import live, until
from tests.live.livekit.deployment import deployed
from tests.live.livekit.lab import Lab, lab
from tests.live.livekit.served import Installation
from tests.live.livekit.served import until as until_now
from tests.web.run.invariants import Records, opened
from web.composition import open_whole

pytestmark = pytest.mark.needs("livekit-server", "redis-server", "livekit", "redis")


def why_lost(installation: Installation, call_id: str) -> list[str]:
    """What the call's events say of the line."""
    with opened(installation.url) as connection:
        return [event.data["reason"] for event in Records(connection).events if (event.call_id, event.kind) == (call_id, "leg_failed")]


def state_written(installation: Installation) -> str:
    """The state of the only call in the database."""
    with opened(installation.url) as connection:
        (call,) = Records(connection).calls
        return str(call.state)


def test_the_server_dies(tmp_path: Path) -> None:
    """One call is talking, another rings: both end within bounds and in words, the process goes on, and so do calls once it is back."""
    with deployed(tmp_path) as deployment:
        installation = Installation(tmp_path, deployment)
        with installation.serve() as served:
            talking, ringing = served.call("00"), served.call("99")
            served.is_in(talking, "talking")
            served.is_in(ringing, "ringing")
            deployment.kill("server")
            since = time.monotonic()
            result = served.is_in(talking, "done", 60)["result"]
            assert time.monotonic() - since > 8  # it might have come back: see below
            assert (result["disconnected_by"], result["end_reason"], result["fault"]) == ("error", "pipeline_failure", "unknown")
            assert why_lost(installation, talking) == ["the connection to LiveKit was lost"]
            result = served.is_in(ringing, "done")["result"]
            assert (result["disconnected_by"], result["end_reason"]) == ("error", "trunk_failure")
            assert (result["phone_rang"], result["fault"]) == (True, "unknown")  # nobody knows what became of it
            assert "LiveKit gave no clear answer" in result["sip_reason"]
            refused = served.is_in(served.call("00"), "done")["result"]
            assert (refused["end_reason"], refused["phone_rang"]) == ("trunk_refused", False)
            deployment.start_server()
            assert served.is_in(served.call("05"), "done")["result"]["disconnected_by"] == "customer"


@pytest.mark.filterwarnings("ignore:Exception ignored in. <function FfiHandle.__del__:pytest.PytestUnraisableExceptionWarning")
def test_a_call_outlives_a_restart_of_the_server(tmp_path: Path) -> None:
    """Both sides come back into the room. The rtc library tells meanwhile that everybody has left, which is not so; and loses a handle."""

    async def scenario() -> None:
        with deployed(tmp_path) as deployment:
            async with lab(deployment) as here:
                leg = await here.call("00")
                assert await here.events(leg, 2) == [Ringing(), Answered()]
                (call,) = here.transport._live.values()
                deployment.kill("server")
                await asyncio.to_thread(deployment.start_server)
                heard = call.room.frames_heard
                await until(lambda: call.room.frames_heard > heard + 50, "the callee is heard again", 20)
                assert not call.leg.ended
                while not deployment.events("heard", tone=1000):
                    await leg.say("are you there")
                    assert not call.leg.ended
                await here.clock.sleep(5.5)  # until nobody is waited for any more
                assert not call.leg.ended
                await leg.hang_up()
                assert await here.last(leg) == HungUp("caller hung up")

    live(scenario)


def test_the_sip_service_dies(tmp_path: Path) -> None:
    """LiveKit notices after 20 seconds. One call is talking, another rings: the dial would be waited for until the ring timeout."""

    async def scenario() -> None:
        with deployed(tmp_path) as deployment:
            async with lab(deployment) as here:
                talking, ringing = await here.call("00"), await here.call("99")
                assert await here.events(talking, 2) == [Ringing(), Answered()]
                assert await here.events(ringing, 1) == [Ringing()]
                deployment.kill("sip")
                gone = "the connection to LiveKit's SIP service was lost"
                ends = await asyncio.gather(here.last(talking, 45), here.last(ringing, 45))
                assert list(ends) == [Failed(503, gone), Failed(504, gone)]
                refused = await here.last(await here.transport.place(here.order("00")))
                assert isinstance(refused, Failed)
                assert (refused.reason, refused.from_trunk) == ("no SIP service of LiveKit took the call", True)
                await asyncio.to_thread(deployment.start_sip_service)
                again = await here.call("00")
                assert await here.events(again, 2) == [Ringing(), Answered()]
                await again.hang_up()

    live(scenario)


def test_redis_goes(tmp_path: Path) -> None:
    """The sound goes on for some seconds, then the server lets its participants go. Afterwards its trunks are forgotten, too."""

    async def scenario() -> None:
        with deployed(tmp_path) as deployment:
            async with lab(deployment) as here:
                leg = await here.call("00")
                assert await here.events(leg, 2) == [Ringing(), Answered()]
                deployment.kill("redis")
                assert await here.last(leg, 60) == Failed(503, "the connection to LiveKit was lost")
                refused = await here.last(await here.transport.place(here.order("00")))
                assert isinstance(refused, Failed)
                assert refused.from_trunk
                deployment.kill("sip")
                await asyncio.to_thread(deployment.start_redis)
                await asyncio.to_thread(deployment.start_sip_service)
                async with asyncio.timeout(30):
                    while not await works(here):
                        await here.clock.sleep(0.5)

    async def works(here: Lab) -> bool:
        try:
            await here.in_step()
        except FAILURES:  # the server finds its redis again when it looks the next time
            return False
        leg = await here.transport.place(here.order("00"))
        answered = await leg.next(10) == Ringing() and await leg.next(10) == Answered()
        await leg.hang_up()
        return answered

    live(scenario, 150)


def test_a_killed_process_is_recovered_and_its_rooms_are_ended(tmp_path: Path) -> None:
    """The process that is started in its place finishes the record, and hangs up the phone that nobody talks to any more."""
    with deployed(tmp_path) as deployment:
        installation = Installation(tmp_path, deployment)
        with installation.serve() as served:
            call_id = served.call("00")
            served.is_in(call_id, "talking")
            until_now(lambda: state_written(installation) == "talking", "it is written that it was answered")  # within a second
            served.kill()

        async def scenario() -> None:
            async with open_whole(installation.settings()) as whole:
                assert whole.livekit is not None
                watch = whole.livekit.watch
                watch.grace_seconds = 0.0
                assert [event for event in deployment.events("over") if event["room"].endswith(call_id)] == []
                with opened(installation.url) as connection:
                    (call,) = Records(connection).calls
                assert (call.state, call.result["disconnected_by"], call.result["end_reason"]) == ("done", "error", "worker_died")
                assert await watch.reap() == []  # once may be a mistake
                assert await watch.reap() == ["no live process holds its call"]
                await until(lambda: bool(deployment.events("over")), "the phone is hung up")
                (over,) = deployment.events("over")
                assert over["room"].endswith(call_id)

        live(scenario)
