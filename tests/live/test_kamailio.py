"""Calls through a real proxy that asks for a digest: both ways, a wrong password, a registration."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.contracts.transport import Answered, Failed, HungUp, PlaceOrder, Ringing
from core.transports.sip.inbound import SipInbound
from tests.live.kamailio import PASSWORD, USER, kamailio
from tests.live.lab import CALLER, lab, live, until
from tests.live.rtp_peer import rtp_peer
from tests.live.sipp import hang_up_by_us, invite, receive, respond, run_sipp, sdp
from tests.live.test_inbound import CALL, within

pytestmark = pytest.mark.needs("sipp", "sippy", "kamailio")

ROUTES = "[last_Record-Route:]"


def test_a_call_through_a_proxy(tmp_path: Path) -> None:
    """The digest is answered, requests within the call take the proxy's route, and sound goes both ways past it."""

    async def scenario() -> None:
        with kamailio(tmp_path) as proxy, rtp_peer() as peer:
            steps = [*invite(), respond(180, "Ringing", ROUTES), respond(200, "OK", ROUTES, body=sdp(peer.port), retransmit=True)]
            with run_sipp(tmp_path, [*steps, receive("ACK"), *hang_up_by_us()], port=proxy.behind) as sipp:
                async with lab(proxy.port, password=PASSWORD, user=USER) as here:
                    leg = await here.call()
                    assert await here.events(leg, 2) == [Ringing(), Answered()]
                    assert (await leg.say("one two three")).completed
                    await leg.hang_up()
                    assert await here.events(leg, 1) == [HungUp("caller hung up")]
                    sipp.finished()
                    assert len(peer.heard()) > 0
            invites = proxy.seen("INVITE")
            assert len({line.partition("SEEN ")[2] for line in invites}) == 2, invites  # without the digest, and with it
            assert all("attempt-1 " in line for line in invites)
            assert proxy.seen("ACK")
            assert proxy.seen("BYE")

    live(scenario)


def test_a_wrong_password(tmp_path: Path) -> None:
    async def scenario() -> None:
        with kamailio(tmp_path) as proxy:
            async with lab(proxy.port, password="wrong", user=USER) as here:
                leg = await here.call()
                failed = (await here.events(leg, 1))[0]
                assert isinstance(failed, Failed)
                assert failed.sip_status == 407
            assert 2 <= len(proxy.seen("INVITE")) <= 4  # asked, refused, and not tried on and on

    live(scenario)


def test_cancelled_through_a_proxy(tmp_path: Path) -> None:
    from tests.live.test_signalling import ringing_until_cancelled

    async def scenario() -> None:
        with kamailio(tmp_path) as proxy, run_sipp(tmp_path, ringing_until_cancelled(behind_a_proxy=True), port=proxy.behind) as sipp:
            async with lab(proxy.port, password=PASSWORD, user=USER) as here:
                leg = await here.call()
                assert await here.events(leg, 1) == [Ringing()]
                await leg.hang_up("ring timeout")
                assert await here.events(leg, 1) == [Failed(487, "Request Terminated")]
                sipp.finished()

    live(scenario)


def test_registered_and_called(tmp_path: Path) -> None:
    """A registration is what brings calls here; it is taken back at the end."""

    async def scenario() -> None:
        with kamailio(tmp_path) as proxy:
            async with lab(proxy.port, password=PASSWORD, user=USER, register=True) as here:
                calls: asyncio.Queue[SipInbound] = asyncio.Queue()
                here.transport.on_inbound = calls.put_nowait  # type: ignore[assignment]  # it is told of no others
                await here.transport.listen("lab")
                await until(lambda: len(proxy.seen("REGISTER")) >= 2, "it registers, and then with the digest")
                await here.clock.sleep(1.0)
                steps = [
                    CALL, '<recv response="100" optional="true"></recv>', '<recv response="180" optional="true"></recv>',
                    '<recv response="200" rrs="true"></recv>', _routed(within("ACK", 1)), '<pause milliseconds="300"/>',
                    _routed(within("BYE", 2)), '<recv response="200"></recv>',
                ]  # fmt: skip
                with run_sipp(tmp_path, steps, port=proxy.behind, towards=f"127.0.0.1:{proxy.port}") as sipp:
                    call = await asyncio.wait_for(calls.get(), 15)
                    assert call.from_number == "+12025550177"
                    leg = await call.answer(PlaceOrder("in-1", "in-1", call.from_number, CALLER, "lab"))
                    assert await here.events(leg, 3) == [Ringing(), Answered(), HungUp()]
                    sipp.finished()
            registers = len(proxy.seen("REGISTER"))
            assert registers >= 3  # taken back

    live(scenario)


def _routed(step: str) -> str:
    return step.replace("Max-Forwards", "[routes]\nMax-Forwards")
