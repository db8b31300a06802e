"""Several answers to one INVITE: of several phones of a forked call, late, and again (RFC 3261, 13.2.2.4)."""

from __future__ import annotations

import pytest

from core.contracts.transport import Answered, Failed, HungUp, Ringing
from tests.live.lab import lab, live
from tests.live.sip_peer import Message, SipPeer, sip_peer
from tests.live.sipp import sdp

pytestmark = pytest.mark.needs("sippy")


def pick_up(peer: SipPeer, tag: str, *headers: str, user: str = "callee") -> None:
    """One phone answers."""
    contact = f"<sip:{user}@127.0.0.1:{peer.port}>"
    peer.respond(peer.invite, 200, "OK", *headers, body=sdp(40000), tag=tag, contact=contact)


async def ended(peer: SipPeer, tag: str, ack: Message) -> Message:
    """The BYE of the dialog that an ACK belongs to, which is answered."""
    bye = await peer.request("BYE")
    assert bye["to"].endswith(f";tag={tag}")
    assert bye["to"] == ack["to"]
    assert bye["call-id"] == peer.invite["call-id"]
    assert int(bye["cseq"].split()[0]) == int(ack["cseq"].split()[0]) + 1
    peer.respond(bye, 200, "OK")
    return bye


def test_another_phone_answers_too() -> None:
    """It is acknowledged and ended, by its own way and at its own address; the first goes on."""

    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            await peer.invited()
            peer.respond(peer.invite, 180, "Ringing", tag="one")
            peer.respond(peer.invite, 180, "Ringing", tag="two")
            pick_up(peer, "one")
            first = await peer.request("ACK")
            pick_up(peer, "two", f"Record-Route: <sip:127.0.0.1:{peer.port};lr;n=2>, <sip:127.0.0.1:{peer.port};lr;n=1>", user="second")
            second = await peer.request("ACK")
            assert (first.uri, second.uri) == (f"sip:callee@127.0.0.1:{peer.port}", f"sip:second@127.0.0.1:{peer.port}")
            assert second["route"] == f"<sip:127.0.0.1:{peer.port};lr;n=1>, <sip:127.0.0.1:{peer.port};lr;n=2>"
            assert second["cseq"] == peer.invite["cseq"].replace("INVITE", "ACK")
            bye = await ended(peer, "two", second)
            assert (bye.uri, bye["route"]) == (second.uri, second["route"])
            assert await here.events(leg, 2) == [Ringing(), Answered()]
            assert (await leg.say("one")).completed
            await leg.hang_up()
            await ended(peer, "one", first)
            assert await here.events(leg, 1) == [HungUp("caller hung up")]

    live(scenario)


@pytest.mark.parametrize("changed", [(), ("X-Again: 1",)])
def test_the_same_answer_again(changed: tuple[str, ...]) -> None:
    """Word for word or not: acknowledged each time, and never ended."""

    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            await peer.invited()
            for headers in ((), changed, (*changed, "X-Third: 1")):
                pick_up(peer, "one", *headers)
                peer.unsee()
                assert (await peer.request("ACK"))["to"].endswith(";tag=one")
            assert await here.events(leg, 1) == [Answered()]
            assert (await leg.say("one")).completed
            with pytest.raises(AssertionError):
                await peer.request("BYE", 0.3)
            await leg.hang_up()
            await peer.hung_up()

    live(scenario)


def test_answered_after_it_was_cancelled_and_over() -> None:
    """A phone that answers although the INVITE has ended with 487 would be left in silence."""

    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            await peer.invited()
            peer.respond(peer.invite, 180, "Ringing")
            assert await here.events(leg, 1) == [Ringing()]
            await leg.hang_up()
            peer.respond(await peer.request("CANCEL"), 200, "OK")
            peer.respond(peer.invite, 487, "Request Terminated")
            await peer.request("ACK")
            assert await here.events(leg, 1) == [Failed(487, "Request Terminated")]
            pick_up(peer, "late", user="late")
            ack = await peer.request("ACK")
            assert ack.uri == f"sip:late@127.0.0.1:{peer.port}"
            await ended(peer, "late", ack)

    live(scenario)


def test_the_bye_of_another_phone_is_challenged() -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port, user="u", password="secret") as here:
            leg = await here.call()
            await peer.invited()
            pick_up(peer, "one")
            await peer.request("ACK")
            pick_up(peer, "two")
            await peer.request("ACK")
            bye = await peer.request("BYE")
            peer.respond(bye, 401, "Unauthorized", 'WWW-Authenticate: Digest realm="lab", nonce="n", algorithm=MD5')
            again = await peer.request("BYE")
            assert again.parameters("authorization")["username"] == "u"
            assert int(again["cseq"].split()[0]) == int(bye["cseq"].split()[0]) + 1
            peer.respond(again, 200, "OK")
            assert await here.events(leg, 1) == [Answered()]
            await leg.hang_up()
            await peer.hung_up()

    live(scenario)


def test_an_answer_to_nothing_of_ours_is_left_alone() -> None:
    """Its Via is not ours."""

    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            await peer.invited()
            pick_up(peer, "one")
            await peer.request("ACK")
            lines = ["SIP/2.0 200 OK", "Via: SIP/2.0/UDP 127.0.0.9:5060;branch=z9hG4bKx", "From: <sip:a@h>;tag=a", "To: <sip:b@h>;tag=b"]
            peer.send("\r\n".join([*lines, "Call-ID: x", "CSeq: 7 INVITE", f"Contact: <sip:b@127.0.0.1:{peer.port}>", "", ""]))
            with pytest.raises(AssertionError):
                await peer.request("ACK", 0.3)
            assert await here.events(leg, 1) == [Answered()]
            await leg.hang_up()
            await peer.hung_up()

    live(scenario)
