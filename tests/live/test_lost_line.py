"""A trunk that dies in the middle of a call: no BYE comes, and none is answered."""

from __future__ import annotations

from pathlib import Path

from core.contracts.transport import Answered, Failed, HungUp
from tests.live.lab import lab, live
from tests.live.rtp_peer import rtp_peer
from tests.live.sipp import hang_up_by_us, invite, pause, receive, request, respond, run_sipp, sdp


def answered(port: int) -> list[str]:
    return [*invite(), respond(200, "OK", body=sdp(port), retransmit=True), receive("ACK")]


def test_a_callee_whose_sound_stops_is_hung_up(tmp_path: Path) -> None:
    """Its SIP server lives, and takes our BYE; the call goes on as long as there is sound."""

    async def scenario() -> None:
        with rtp_peer() as peer, run_sipp(tmp_path, [*answered(peer.port), *hang_up_by_us()]) as sipp:
            async with lab(sipp.port, media_timeout=2) as here:
                leg = await here.call()
                assert await here.events(leg, 1) == [Answered()]
                assert await leg.next(4.0) is None  # the peer sends silence, and that is sound
                peer.pause()
                since = here.clock.now()
                assert await here.events(leg, 1) == [Failed(503, "no sound came for 2 s: the line is lost")]
                assert (here.clock.now() - since).total_seconds() > 1.5
                sipp.finished()

    live(scenario)


def test_a_callee_that_never_sends_sound_is_hung_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        with rtp_peer() as peer, run_sipp(tmp_path, [*answered(peer.port), *hang_up_by_us()]) as sipp:
            peer.pause()
            async with lab(sipp.port, media_timeout=1) as here:
                leg = await here.call()
                assert await here.events(leg, 2) == [Answered(), Failed(503, "no sound came for 1 s: the line is lost")]
                sipp.finished()

    live(scenario)


def test_a_trunk_that_is_gone_altogether(tmp_path: Path) -> None:
    """Nobody answers the BYE either: the call is over all the same, and its port and its place on the trunk are free."""

    async def scenario() -> None:
        with rtp_peer() as peer, run_sipp(tmp_path, [*answered(peer.port), *hang_up_by_us()]) as sipp:
            async with lab(sipp.port, media_timeout=2) as here:
                leg = await here.call()
                assert await here.events(leg, 1) == [Answered()]
                sipp.process.kill()
                peer.pause()
                playout = await leg.say(" ".join(["word"] * 100))
                assert not playout.completed
                assert await here.events(leg, 1) == [Failed(503, "no sound came for 2 s: the line is lost")]
                assert here.transport._trunks["lab"].load.calls == 0

    live(scenario)


def test_on_hold_nobody_is_missed(tmp_path: Path) -> None:
    held = request("INVITE", 1, body=sdp(40000, extra="a=inactive"))
    steps = [*answered(40000), held, '<recv response="100" optional="true"></recv>', '<recv response="200"></recv>']
    steps += [request("ACK", 1).replace(' retrans="500"', ""), pause(0.1), *hang_up_by_us()]

    async def scenario() -> None:
        with run_sipp(tmp_path, steps) as sipp:
            async with lab(sipp.port, media_timeout=2) as here:
                leg = await here.call()
                assert await here.events(leg, 1) == [Answered()]
                assert await leg.next(4.0) is None
                await leg.hang_up()
                assert await here.events(leg, 1) == [HungUp("caller hung up")]
                sipp.finished()

    live(scenario)
