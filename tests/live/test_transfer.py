"""Transfers by REFER: every way in which the other side may answer one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from core.contracts.transport import Answered, HungUp, TransferOutcome
from core.transports.sip import leg as leg_module
from core.voice.leg import VoiceLeg
from tests.live.lab import Lab, lab, live
from tests.live.sip_peer import SipPeer, sip_peer
from tests.live.sipp import sdp

pytestmark = pytest.mark.needs("sippy")
TARGET = "+12025550199"


@asynccontextmanager
async def call() -> AsyncIterator[tuple[SipPeer, Lab, VoiceLeg]]:
    """An answered call."""
    async with sip_peer() as peer, lab(peer.port) as here:
        leg = await here.call()
        await peer.invited()
        await peer.answer(sdp(40000))
        assert await here.events(leg, 1) == [Answered()]
        yield peer, here, leg


async def notify(peer: SipPeer, fragment: str, state: str = "active", *headers: str) -> None:
    """A NOTIFY of the REFER."""
    more = ("Content-Type: message/sipfrag;version=2.0",) if fragment else ()
    reply = await peer.asked("NOTIFY", "Event: refer", f"Subscription-State: {state}", *more, *headers, body=fragment)
    assert reply.status == 200


@pytest.mark.parametrize(
    ("fragments", "expected"),
    [
        (["SIP/2.0 200 OK"], TransferOutcome(True, 200, "OK")),
        (["SIP/2.0 486 Busy Here"], TransferOutcome(False, 486, "Busy Here")),
        (["SIP/2.0 100 Trying", "SIP/2.0 180 Ringing", "SIP/2.0 603 Decline"], TransferOutcome(False, 603, "Decline")),
        (["SIP/2.0 100 Trying", "SIP/2.0 202 Accepted"], TransferOutcome(True, 202, "Accepted")),
        (["SIP/2.0 503"], TransferOutcome(False, 503, "")),
    ],
)
def test_what_notifies_tell(fragments: list[str], expected: TransferOutcome) -> None:
    async def scenario() -> None:
        async with call() as (peer, here, leg):
            transfer = asyncio.create_task(leg.transfer(TARGET))
            refer = await peer.request("REFER")
            assert refer["refer-to"] == f"<sip:{TARGET}@127.0.0.1:{peer.port}>"  # as the trunk dials
            peer.respond(refer, 202, "Accepted")
            for fragment in fragments:
                await notify(peer, fragment)
            assert await transfer == expected
            await leg.hang_up("transferred" if expected.succeeded else "")
            await peer.hung_up()
            assert await here.events(leg, 1) == [HungUp("transferred" if expected.succeeded else "caller hung up")]

    live(scenario)


@pytest.mark.parametrize(
    ("status", "phrase"), [(403, "Forbidden"), (405, "Method Not Allowed"), (603, "Decline"), (501, "Not Implemented")]
)
def test_refused_and_the_call_goes_on(status: int, phrase: str) -> None:
    async def scenario() -> None:
        async with call() as (peer, _, leg):
            transfer = asyncio.create_task(leg.transfer(TARGET))
            peer.respond(await peer.request("REFER"), status, phrase)
            assert await transfer == TransferOutcome(False, status, phrase)
            assert (await leg.say("one")).completed
            await leg.hang_up()
            await peer.hung_up()

    live(scenario)


def test_no_news_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait is bounded, and the next transfer is not told what the first one should have been."""
    monkeypatch.setattr(leg_module, "_TRANSFER_SECONDS", 1.0)

    async def scenario() -> None:
        async with call() as (peer, _, leg):
            transfer = asyncio.create_task(leg.transfer(TARGET))
            first = await peer.request("REFER")
            peer.respond(first, 202, "Accepted")
            outcome = await transfer
            assert (outcome.succeeded, outcome.sip_status) == (False, 408)
            assert (await leg.say("one")).completed
            monkeypatch.setattr(leg_module, "_TRANSFER_SECONDS", 15.0)
            await notify(peer, "SIP/2.0 486 Busy Here")  # of the first, too late
            transfer = asyncio.create_task(leg.transfer(TARGET))
            second = await peer.request("REFER")
            peer.respond(second, 202, "Accepted")
            number = first["cseq"].split()[0]
            reply = await peer.asked(
                "NOTIFY",
                f"Event: refer;id={number}",
                "Subscription-State: terminated",
                "Content-Type: message/sipfrag",
                body="SIP/2.0 486 Busy",
            )
            assert reply.status == 200
            await notify(peer, "SIP/2.0 200 OK")
            assert await transfer == TransferOutcome(True, 200, "OK")
            await leg.hang_up("transferred")
            await peer.hung_up()

    live(scenario)


@pytest.mark.parametrize("taken", [True, False])
def test_they_hang_up_meanwhile(taken: bool) -> None:
    async def scenario() -> None:
        async with call() as (peer, here, leg):
            transfer = asyncio.create_task(leg.transfer(TARGET))
            refer = await peer.request("REFER")
            if taken:
                peer.respond(refer, 202, "Accepted")
            assert (await peer.asked("BYE")).status == 200
            assert await transfer == (
                TransferOutcome(True, 200, "OK") if taken else TransferOutcome(False, 481, "Call/Transaction Does Not Exist")
            )
            if not taken:
                peer.respond(refer, 481, "Call/Transaction Does Not Exist")
            assert await here.events(leg, 1) == [HungUp()]

    live(scenario)


@pytest.mark.parametrize("fragment", ["", "SIP/2.0 100 Trying"])
def test_news_end_without_a_last_word(fragment: str) -> None:
    async def scenario() -> None:
        async with call() as (peer, _, leg):
            transfer = asyncio.create_task(leg.transfer(TARGET))
            peer.respond(await peer.request("REFER"), 202, "Accepted")
            await notify(peer, fragment, "terminated;reason=noresource")
            outcome = await asyncio.wait_for(transfer, 15)
            assert (outcome.succeeded, outcome.sip_status) == (False, 408)
            assert "noresource" in outcome.reason
            assert (await leg.say("one")).completed
            await leg.hang_up()
            await peer.hung_up()

    live(scenario)


@pytest.mark.parametrize(("fragment", "succeeded", "status"), [("SIP/2.0 200 OK", True, 200), ("SIP/2.0 486 Busy Here", False, 486)])
def test_the_news_overtake_the_answer(fragment: str, succeeded: bool, status: int) -> None:
    async def scenario() -> None:
        async with call() as (peer, _, leg):
            transfer = asyncio.create_task(leg.transfer(TARGET))
            refer = await peer.request("REFER")
            await notify(peer, "SIP/2.0 100 Trying")
            await notify(peer, fragment, "terminated;reason=noresource")
            peer.respond(refer, 202, "Accepted")
            outcome = await transfer
            assert (outcome.succeeded, outcome.sip_status) == (succeeded, status)
            await leg.hang_up()
            await peer.hung_up()

    live(scenario)
