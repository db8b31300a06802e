"""What carriers do within the letter of SIP, or nearly: other headers, forks, routes, reliable ringing, keys, packets."""

from __future__ import annotations

import numpy as np
import pytest

from core.contracts.transport import Answered, Digit, Failed, HungUp, Ringing
from core.voice.ports import RATE
from tests.live.lab import CALLEE, lab, live, until
from tests.live.rtp_peer import rtp_peer
from tests.live.sip_peer import sip_peer
from tests.live.sipp import sdp

pytestmark = pytest.mark.needs("sippy")


def test_forks_that_ring_and_one_that_answers() -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            invite = await peer.invited()
            for tag in ("one", "two", "three"):
                peer.respond(invite, 183, "Session Progress", body=sdp(40000), tag=tag)
            peer.respond(invite, 180, "Ringing", tag="one")
            await peer.answer(sdp(40020), tag="four")
            assert await here.events(leg, 2) == [Ringing(), Answered()]
            assert (await peer.asked("OPTIONS")).status == 200
            await leg.hang_up()
            assert "tag=four" in (await peer.hung_up())["to"]

    live(scenario)


@pytest.mark.parametrize(
    "contact", ["<sip:{};transport=UDP>", "<sip:{};maddr=127.0.0.1>", "<sip:{};transport=tcp;ob>", '"A, B" <sip:{}>;q=0.5']
)
@pytest.mark.parametrize("routed", [False, True])
def test_contacts_and_routes(contact: str, routed: bool) -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            await peer.invited()
            hops = [f"<sip:127.0.0.1:{peer.port};n=2;lr>", f"<sip:127.0.0.1:{peer.port};n=1;lr>"]
            where = contact.format(f"callee@127.0.0.1:{9 if routed else peer.port}")
            ack = await peer.answer(sdp(40000), *([f"Record-Route: {', '.join(hops)}"] if routed else []), contact=where)
            assert await here.events(leg, 1) == [Answered()]
            await leg.hang_up()
            bye = await peer.hung_up()
            for request in (ack, bye):
                assert request.uri.startswith("sip:callee@127.0.0.1")
                assert [route.replace(" ", "") for route in ", ".join(request.all("route")).split(",") if route] == (
                    hops[::-1] if routed else []
                )

    live(scenario)


@pytest.mark.parametrize(
    "headers",
    [
        ('Reason: SIP;cause=503;text="Channel limit"', "Reason: Q.850;cause=34"),
        ('Reason: SIP;cause=503;text="Channel limit", Q.850;cause=34',),
        ('reason: Q.850 ; cause=34 , SIP ; text="Channel limit" ; cause=503',),
    ],
)
def test_several_reasons(headers: tuple[str, ...]) -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            await peer.invited()
            peer.respond(peer.invite, 503, "Service Unavailable", *headers)
            await peer.request("ACK")
            words = "Service Unavailable: Channel limit (Q.850 34: no circuit available)"
            assert await here.events(leg, 1) == [Failed(503, words, from_trunk=True)]

    live(scenario)


def test_compact_folded_and_small_headers() -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            invite = await peer.invited()
            body = sdp(40000).replace("\n", "\r\n") + "\r\n"
            lines = [
                "SIP/2.0 200 OK",
                *(f"v: {via}" for via in invite.all("via")),
                f"f:{invite['from']}",
                f"t: {invite['to']}\r\n ;tag=callee",
            ]
            lines += [f"i: {invite['call-id']}", f"cseq : {invite['cseq']}", f"m:\r\n\t<sip:callee@127.0.0.1:{peer.port}>"]
            lines += ["x-long: " + "y" * 3000, "c: application/sdp", f"l: {len(body)}", "", body]
            peer.send("\r\n".join(lines))
            await peer.request("ACK")
            assert await here.events(leg, 1) == [Answered()]
            await leg.hang_up()
            await peer.hung_up()

    live(scenario)


def test_answered_without_a_codec_of_ours() -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            await peer.invited()
            await peer.answer(sdp(40000, codec="18"))
            await peer.hung_up()
            failed = (await here.events(leg, 1))[0]
            assert failed == Failed(488, "it was answered with sound that we do not have")

    live(scenario)


INFOS = [
    ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", "5"),
    ("Application/DTMF-Relay; charset=utf-8", "signal: 6", "6"),
    ("application/dtmf-relay", "Duration=160\nSignal= 10", "*"),
    ("application/dtmf-relay", "Signal=#", "#"),
    ("application/dtmf", "11", "#"),
    ("application/vnd.nortelnetworks.digits", "p=Digit-Collection\r\ny=Digits\r\nd=9", "9"),
    ("audio/telephone-event", "8", "8"),
]


def test_keys_in_an_info() -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            await peer.invited()
            await peer.answer(sdp(40000))
            assert await here.events(leg, 1) == [Answered()]
            for kind, body, _ in INFOS:
                assert (await peer.asked("INFO", f"Content-Type: {kind}", body=body)).status == 200
            assert await here.events(leg, len(INFOS)) == [Digit(key) for _, _, key in INFOS]
            assert (await peer.asked("INFO")).status == 200  # some carriers ask so whether a call is up
            assert (await peer.asked("INFO", "Content-Type: application/dtmf-relay", body="Signal=99")).status == 200
            refused = await peer.asked("INFO", "Content-Type: application/x", body="8")
            assert (refused.status, "application/dtmf-relay" in refused["accept"]) == (415, True)
            assert (await peer.asked("INFO", "Info-Package: foo", "Content-Type: application/x", body="8")).status == 469
            assert (await leg.say("one")).completed  # nothing came of those, and the call goes on
            await leg.hang_up()
            await peer.hung_up()
            assert await here.events(leg, 1) == [HungUp("caller hung up")]

    live(scenario)


def test_hung_up_at_once() -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            await peer.invited()
            peer.respond(peer.invite, 200, "OK", body=sdp(40000))
            peer.ask("BYE")
            assert (await peer.response("BYE")).status == 200
            assert await here.events(leg, 2) == [Answered(), HungUp()]

    live(scenario)


def test_ringing_that_must_not_get_lost() -> None:
    """Each is acknowledged with a PRACK, once, to the fork that it came from."""

    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            invite = await peer.invited()
            for tag, number in (("one", 7), ("two", 12)):
                peer.respond(invite, 183, "Session Progress", "Require: 100rel", f"RSeq: {number}", body=sdp(40000), tag=tag)
                prack = await peer.request("PRACK")
                assert prack["rack"] == f"{number} {invite['cseq']}"
                assert prack["to"].endswith(f"tag={tag}")
                assert prack.uri == f"sip:callee@127.0.0.1:{peer.port}"
                peer.respond(prack, 200, "OK")
            ack = await peer.answer("", tag="two")
            assert ack["cseq"].split()[0] == invite["cseq"].split()[0]
            assert await here.events(leg, 2) == [Ringing(), Answered()]
            assert (await leg.say("one")).completed
            await leg.hang_up()
            await peer.hung_up()

    live(scenario)


def test_our_keys_where_there_are_no_telephone_events() -> None:
    """They are played as tones."""

    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            with rtp_peer() as sound:
                leg = await here.call(f"{CALLEE};ext=5")
                await peer.invited()
                body = "\n".join(line for line in sdp(sound.port).replace(" 101", "").splitlines() if "101" not in line)
                await peer.answer(body)
                assert await here.events(leg, 1) == [Answered()]
                await until(lambda: bool(np.count_nonzero(np.abs(sound.heard()) > 500) > 900), "the key comes, after its pause")
                came = len(sound.arrived)
                await until(lambda: len(sound.arrived) > came + 5, "it is over")
                heard = sound.heard()
                loud = heard[np.abs(heard) > 500]
                assert 900 < len(loud) < 1200  # 140 ms
                spectrum = np.abs(np.fft.rfft(heard.astype(float)))
                hertz = np.arange(len(spectrum)) * RATE / len(heard)
                for low, high, frequency in ((600, 1000, 770), (1100, 1700, 1336)):
                    band = (hertz > low) & (hertz < high)
                    assert abs(hertz[band][np.argmax(spectrum[band])] - frequency) < 10
                await leg.hang_up()
                await peer.hung_up()

    live(scenario)
