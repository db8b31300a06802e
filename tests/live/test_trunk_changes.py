"""Trunks that say nothing, change in mid-call, or share a carrier."""

from __future__ import annotations

import asyncio
import re
import socket
from dataclasses import replace
from typing import Any

import pytest

from core.contracts.transport import Answered, Failed, HungUp, Leg, PlaceOrder
from core.voice.errors import VoiceUnavailable
from core.voice.ports import AudioLeg
from tests.live.lab import lab, live, until
from tests.live.sip_peer import SipPeer
from tests.live.sipp import sdp


def invites_in(silent: socket.socket) -> int:
    """How many datagrams have come."""
    count = 0
    while True:
        try:
            count += silent.recv(65535).startswith(b"INVITE")
        except BlockingIOError:
            return count


def test_an_invite_that_nobody_answers_is_sent_no_more() -> None:
    """Else a phone could ring after the call was called over, and its lead be dialled again."""

    async def scenario() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            silent.setblocking(False)
            async with lab(silent.getsockname()[1]) as here:
                leg = await here.call()
                assert await here.events(leg, 1) == [Failed(408, "the trunk does not answer", from_trunk=True)]
                assert invites_in(silent) > 2
                await here.clock.sleep(7.0)  # the next would come 15.5 s after the first
                assert invites_in(silent) == 0

    live(scenario)


def test_a_voice_that_cannot_be_had_rings_nobodys_phone() -> None:
    def dumb(_: PlaceOrder) -> Any:
        def make(audio: AudioLeg) -> Leg:
            raise VoiceUnavailable("the voice needs a key")

        return make

    async def scenario() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            silent.setblocking(False)
            async with lab(silent.getsockname()[1], speech=dumb) as here:
                leg = await here.transport.place(PlaceOrder("call", "attempt", "+12025550142", "+12025550101", "lab"))
                assert await leg.next(1) == Failed(503, "the voice needs a key", from_trunk=True, spared=True)
                await here.clock.sleep(1.0)
                assert invites_in(silent) == 0
                assert here.transport._trunks["lab"].load.calls == 0
                assert here.transport.media._sessions == set()

    live(scenario)


def test_what_comes_after_all_is_cancelled() -> None:
    async def scenario() -> None:
        peer = SipPeer()
        try:
            async with lab(peer.port) as here:
                leg = await here.call()
                invite = await peer.invited()
                assert isinstance((await here.events(leg, 1))[0], Failed)
                peer.respond(invite, 180, "Ringing")
                cancel = await peer.request("CANCEL")
                peer.respond(cancel, 200, "OK")
                peer.respond(invite, 487, "Request Terminated")
        finally:
            peer.close()

    live(scenario)


@pytest.mark.parametrize("change", [{"local_address": "127.0.0.2"}, {"advertised_address": "127.0.0.3"}])
@pytest.mark.parametrize("fixed", [False, True])
def test_calls_outlive_a_change_of_their_trunk(change: dict[str, Any], fixed: bool) -> None:
    """The address of a trunk is changed while two calls are up: the one is ended by us, the other by its callee."""
    port = _free_port() if fixed else 0

    async def scenario() -> None:
        peers = SipPeer(), SipPeer()
        try:
            async with lab(peers[0].port, local_port=port) as here:
                legs = []
                for peer in peers:
                    here.line = replace(here.line, settings=here.line.settings.model_copy(update={"port": peer.port}))
                    leg = await here.call()
                    await peer.invited()
                    await peer.answer(sdp(41000))
                    assert Answered() in await here.events(leg, 1)
                    legs.append(leg)
                here.line = replace(here.line, settings=here.line.settings.model_copy(update=change))
                await here.transport.listen("lab")
                await legs[0].hang_up()
                await peers[0].hung_up()
                assert (await peers[1].asked("BYE")).status == 200
                assert await here.events(legs[1], 1) == [HungUp()]
                leg = await here.call()
                again = await peers[1].request("INVITE")
                assert change.get("advertised_address", "127.0.0.2") in again["contact"]
                peers[1].respond(again, 486, "Busy Here")
                assert isinstance((await here.events(leg, 1))[0], Failed)
        finally:
            for peer in peers:
                peer.close()

    live(scenario)


def test_a_call_finds_the_trunk_of_its_number() -> None:
    """One carrier, two trunks: both are reached at one address, and from one."""

    async def scenario() -> None:
        peer, came = SipPeer(), list[Any]()
        try:
            async with lab(peer.port) as here:
                lines = {name: replace(here.line, name=name, numbers=(number,)) for name, number in NUMBERS.items()}
                here.transport._line_of = lines.__getitem__
                here.transport.on_inbound = came.append
                for name in lines:
                    await here.transport.listen(name)
                port = here.transport._signalling.port_of("two")  # type: ignore[attr-defined]
                for number in NUMBERS.values():
                    peer.them = ("127.0.0.1", port)
                    peer.send(re.sub(r"\n", "\r\n", INVITE.format(number=number, port=peer.port, to=port)))
                await until(lambda: len(came) == len(NUMBERS), "both calls have come")
                assert {one.to_number: one.trunk for one in came} == {number: name for name, number in NUMBERS.items()}
                for one in came:
                    await one.refuse(486, "Busy Here")
                await asyncio.sleep(0.1)
        finally:
            peer.close()

    live(scenario)


NUMBERS = {"one": "+12025550101", "two": "+12025550102"}
INVITE = """INVITE sip:{number}@127.0.0.1:{to} SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK-{number}
From: <sip:+12025550177@127.0.0.1:{port}>;tag=1
To: <sip:{number}@127.0.0.1:{to}>
Call-ID: call-{number}
CSeq: 1 INVITE
Contact: <sip:caller@127.0.0.1:{port}>
Max-Forwards: 70
Content-Length: 0

"""


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
