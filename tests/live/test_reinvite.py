"""Changes of a call while it goes on: hold and back, other ports and codecs, requests for our offer, UPDATE, session timers."""

from __future__ import annotations

import pytest

from core.contracts.transport import LINE_LOST, Answered, Failed, HungUp, Leg
from tests.live.lab import Lab, lab, live, tone, until
from tests.live.rtp_peer import RtpPeer, rtp_peer
from tests.live.sip_peer import SipPeer, sip_peer
from tests.live.sipp import sdp
from tests.live.test_hostile import Ear, talking, unharmed

pytestmark = pytest.mark.needs("sippy")

EXPIRED = Failed(LINE_LOST, "cut off (SIP 408: session timer ran out)")
"""Nobody hung up: the lead is tried again."""

HOLDS = {
    "sendonly": ("a=sendonly", "127.0.0.1", "a=recvonly"),
    "inactive": ("a=inactive", "127.0.0.1", "a=inactive"),
    "0.0.0.0": ("", "0.0.0.0", "a=sendrecv"),
    "both": ("a=sendonly", "0.0.0.0", "a=recvonly"),
}


@pytest.mark.parametrize("how", HOLDS)
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_held_and_back(how: str, method: str) -> None:
    """On hold nothing is sent; afterwards both are heard again."""
    extra, address, reply = HOLDS[how]

    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            with rtp_peer() as sound:
                leg, ear = await talking(here, peer, sound)
                held = await peer.asked(method, body=sdp(sound.port, extra=extra, address=address))
                assert held.status == 200
                assert reply in held.body.splitlines()
                await here.clock.sleep(0.1)
                before = len(sound.arrived)
                await here.clock.sleep(0.4)
                assert len(sound.arrived) == before
                back = await peer.asked(method, body=sdp(sound.port))
                assert back.status == 200
                assert "a=sendrecv" in back.body.splitlines()
                await here.clock.sleep(0.2)
                await unharmed(here, sound, ear)
                await leg.hang_up()
                await peer.hung_up()
                assert await here.events(leg, 1) == [HungUp("caller hung up")]

    live(scenario)


async def moved(here: Lab, peer: SipPeer, first: RtpPeer, second: RtpPeer, leg: Leg, ear: Ear, what: str) -> None:
    """The sound has gone from one socket to the other: both are heard there. The call is ended."""
    first.pause()
    await until(lambda: bool(second.arrived), what)
    second.say(tone(700, 5))
    await here.clock.sleep(0.3)
    await unharmed(here, second, ear)
    await leg.hang_up()
    await peer.hung_up()


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
def test_another_port_and_codec_twice_in_a_row(codec: str) -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            with rtp_peer() as first, rtp_peer("PCMA" if codec == "PCMA" else "PCMU") as second:
                leg, ear = await talking(here, peer, first)
                kind = "8" if codec == "PCMA" else "0"
                for port in (first.port, second.port):
                    reply = await peer.asked("INVITE", body=sdp(port, codec=kind))
                    assert reply.status == 200
                    assert f"RTP/AVP {kind} 101" in reply.body
                await moved(here, peer, first, second, leg, ear, "sound goes to the new port")

    live(scenario)


def test_they_ask_for_our_offer() -> None:
    """A re-INVITE without a description: ours is in the 200, theirs in the ACK."""

    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            with rtp_peer() as first, rtp_peer() as second:
                leg, ear = await talking(here, peer, first)
                peer.ask("INVITE")
                offer = await peer.response("INVITE")
                assert offer.status == 200
                assert "RTP/AVP 0 8 101" in offer.body
                peer.ask("ACK", body=sdp(second.port), cseq=peer.cseq)
                await moved(here, peer, first, second, leg, ear, "sound goes where the ACK says")

    live(scenario)


def test_an_offer_that_we_cannot_take_changes_nothing() -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            with rtp_peer() as sound:
                leg, ear = await talking(here, peer, sound)
                for body in (sdp(sound.port, codec="18"), "v=0\nnonsense", sdp(0)):
                    assert (await peer.asked("INVITE", body=body)).status == 488
                    assert (await peer.asked("UPDATE", body=body)).status == 488
                await unharmed(here, sound, ear)
                await leg.hang_up()
                await peer.hung_up()

    live(scenario)


def test_they_refresh() -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            await peer.invited()
            await peer.answer(sdp(40000), "Session-Expires: 1800;refresher=uas", "Require: timer", "Supported: timer")
            assert await here.events(leg, 1) == [Answered()]
            for method, body in (("INVITE", sdp(40000)), ("UPDATE", "")):
                reply = await peer.asked(method, "Session-Expires: 1800;refresher=uac", "Supported: timer", body=body)
                assert (reply.status, reply["session-expires"]) == (200, "1800;refresher=uac")
            reply = await peer.asked("UPDATE", "Session-Expires: 30;refresher=uac", "Supported: timer")
            assert (reply.status, reply["min-se"]) == (422, "90")
            reply = await peer.asked("INVITE", "Session-Expires: 30;refresher=uac", "Supported: timer", body=sdp(40000))
            assert (reply.status, reply["min-se"]) == (422, "90")
            await leg.hang_up()
            await peer.hung_up()

    live(scenario)


@pytest.mark.parametrize("refusal", ["", "422", "491", "401"])
def test_we_refresh(refusal: str) -> None:
    """With a new INVITE of the same session; what is in its way is got round."""

    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port, user="dialler", password="s3cret") as here:
            leg = await here.call()
            invite = await peer.invited()
            await peer.answer(sdp(40000), "Session-Expires: 4;refresher=uac", "Require: timer")
            assert await here.events(leg, 1) == [Answered()]
            refresh = await peer.request("INVITE")
            assert refresh["session-expires"] == "4;refresher=uac"
            assert refresh.body == invite.body
            match refusal:
                case "422":
                    peer.respond(refresh, 422, "Session Interval Too Small", "Min-SE: 120")
                    await peer.request("ACK")
                    refresh = await peer.request("INVITE")
                    assert (refresh["session-expires"], refresh["min-se"]) == ("120;refresher=uac", "120")
                case "491":
                    peer.respond(refresh, 491, "Request Pending")
                    await peer.request("ACK")
                    refresh = await peer.request("INVITE")
                case "401":
                    peer.respond(refresh, 401, "Unauthorized", 'WWW-Authenticate: Digest realm="lab", nonce="abc"')
                    await peer.request("ACK")
                    refresh = await peer.request("INVITE")
                    assert refresh.parameters("authorization")["nonce"] == "abc"
                case _:
                    pass
            peer.respond(refresh, 200, "OK", f"Session-Expires: {'120' if refusal == '422' else '4'};refresher=uac", body=sdp(40000))
            await peer.request("ACK")
            if not refusal:
                again = await peer.request("INVITE")
                peer.respond(again, 200, "OK", "Session-Expires: 4;refresher=uac", body=sdp(40000))
                await peer.request("ACK")
            assert (await leg.say("one")).completed
            await leg.hang_up()
            await peer.hung_up()

    live(scenario)


def test_a_call_that_they_know_no_more_is_ended() -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            await peer.invited()
            await peer.answer(sdp(40000), "Session-Expires: 4;refresher=uac")
            assert await here.events(leg, 1) == [Answered()]
            peer.respond(await peer.request("INVITE"), 481, "Call/Transaction Does Not Exist")
            await peer.request("BYE")
            assert await here.events(leg, 1) == [EXPIRED]

    live(scenario)


def test_a_call_that_they_do_not_refresh_is_ended() -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            await peer.invited()
            await peer.answer(sdp(40000), "Session-Expires: 3;refresher=uas")
            assert await here.events(leg, 1) == [Answered()]
            await peer.hung_up()
            assert await here.events(leg, 1) == [EXPIRED]

    live(scenario)


def test_glare() -> None:
    """Their re-INVITE while ours is open is refused with 491, and taken once ours is through."""

    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            await peer.invited()
            await peer.answer(sdp(40000), "Session-Expires: 4;refresher=uac")
            assert await here.events(leg, 1) == [Answered()]
            refresh = await peer.request("INVITE")
            assert (await peer.asked("INVITE", body=sdp(40010))).status == 491
            peer.respond(refresh, 200, "OK", "Session-Expires: 1800;refresher=uac", body=sdp(40000))
            await peer.request("ACK")
            assert (await peer.asked("INVITE", body=sdp(40010))).status == 200
            await leg.hang_up()
            await peer.hung_up()

    live(scenario)
