"""Messages that are lost, late or come twice: what is sent again, and that nothing happens twice."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import pytest

from core.contracts.transport import Answered, Failed, HungUp, Ringing
from tests.live.lab import lab, live
from tests.live.relay import Fate, lose_first, relay
from tests.live.sipp import hang_up_by_us, invite, pause, receive, request, respond, run_sipp, sdp

BYE_FROM_THEM = [request("BYE", 1), '<recv response="200"></recv>']


def answered() -> list[str]:
    return [*invite(), respond(180, "Ringing"), pause(0.2), respond(200, "OK", body=sdp(40000), retransmit=True), receive("ACK")]


def calls_in(messages: list[bytes]) -> set[bytes]:
    """The Call-IDs of the INVITEs among them."""
    return {found[1] for message in messages if message.startswith(b"INVITE") if (found := re.search(rb"(?im)^Call-ID:\s*(\S+)", message))}


@pytest.mark.parametrize(
    ("lost", "again"),
    [
        (("INVITE",), "INVITE"),
        (("180 INVITE",), "200 INVITE"),
        (("200 INVITE",), "200 INVITE"),
        (("ACK",), "ACK"),
        (("INVITE", "200 INVITE", "ACK"), "ACK"),
    ],
)
def test_what_is_lost_on_the_way_to_the_answer_is_sent_again(tmp_path: Path, lost: tuple[str, ...], again: str) -> None:
    async def scenario() -> None:
        with run_sipp(tmp_path, [*answered(), pause(0.5), *hang_up_by_us()]) as sipp, relay(sipp.port, lose_first(*lost)) as net:
            async with lab(net.port) as here:
                leg = await here.call()
                events = await here.events(leg, 1 if "180 INVITE" in lost else 2)
                assert events[-1] == Answered()
                assert await leg.next(2.5) is None  # and it is answered once
                await leg.hang_up()
                assert await here.events(leg, 1) == [HungUp("caller hung up")]
                sipp.finished()
            assert net.seen.count(again) >= (1 if again == "200 INVITE" and "180 INVITE" in lost else 2), net.seen
            assert len(calls_in(net.messages)) == 1

    live(scenario)


@pytest.mark.parametrize("lost", ["BYE", "200 BYE"])
def test_our_bye_is_sent_again(tmp_path: Path, lost: str) -> None:
    steps = [*answered(), *hang_up_by_us(), pause(1.5)]  # the pause: for what is sent again

    async def scenario() -> None:
        with run_sipp(tmp_path, steps) as sipp, relay(sipp.port, lose_first(lost)) as net:
            async with lab(net.port) as here:
                leg = await here.call()
                assert await here.events(leg, 2) == [Ringing(), Answered()]
                await leg.hang_up()
                assert await here.events(leg, 1) == [HungUp("caller hung up")]
                sipp.finished()
            assert net.seen.count("BYE") >= 2, net.seen

    live(scenario)


def test_their_bye_that_comes_again_is_answered_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        with run_sipp(tmp_path, [*answered(), pause(0.3), *BYE_FROM_THEM]) as sipp, relay(sipp.port, lose_first("200 BYE")) as net:
            async with lab(net.port) as here:
                leg = await here.call()
                assert await here.events(leg, 3) == [Ringing(), Answered(), HungUp()]
                sipp.finished()
                assert net.seen.count("200 BYE") >= 2, net.seen

    live(scenario)


def test_a_refusal_that_is_lost_comes_again(tmp_path: Path) -> None:
    steps = [*invite(), respond(486, "Busy Here", retransmit=True), receive("ACK")]

    async def scenario() -> None:
        with run_sipp(tmp_path, steps) as sipp, relay(sipp.port, lose_first("486 INVITE", "ACK")) as net:
            async with lab(net.port) as here:
                leg = await here.call()
                assert await here.events(leg, 1) == [Failed(486, "Busy Here")]
                sipp.finished()
            assert len(calls_in(net.messages)) == 1

    live(scenario)


def test_everything_comes_three_times(tmp_path: Path) -> None:
    async def scenario() -> None:
        with run_sipp(tmp_path, [*answered(), pause(0.3), *BYE_FROM_THEM]) as sipp, relay(sipp.port, lambda *_: 3) as net:
            async with lab(net.port) as here:
                leg = await here.call()
                assert await here.events(leg, 3) == [Ringing(), Answered(), HungUp()]
                sipp.finished()
            assert len(calls_in(net.messages)) == 1

    live(scenario)


def bad_line(luck: random.Random) -> Fate:
    """One in eight is lost, and one in eight comes twice; but no message of a call is lost more than twice."""
    lost: Counter[tuple[str, bytes]] = Counter()

    def fate(kind: str, message: bytes) -> int:
        times = luck.choices((0, 1, 2), (1, 6, 1))[0]
        call = re.search(rb"(?im)^Call-ID:\s*(\S+)", message)
        key = kind, call[1] if call else b""
        lost[key] += times == 0
        return 1 if times == 0 and lost[key] > 2 else times

    return fate


def test_twenty_calls_on_a_bad_line(tmp_path: Path) -> None:
    """Every one is answered once and ended, and no attempt rings twice."""
    calls = 20

    async def scenario() -> None:
        steps = [*answered(), *hang_up_by_us(), pause(5)]
        with run_sipp(tmp_path, steps, calls=calls) as sipp, relay(sipp.port, bad_line(random.Random(7))) as net:
            async with lab(net.port, channels=calls) as here:
                legs = [await here.call() for _ in range(calls)]
                for leg in legs:
                    event = (await here.events(leg, 1, 30))[0]
                    while event == Ringing():
                        event = (await here.events(leg, 1, 30))[0]
                    assert event == Answered()
                for leg in legs:
                    await leg.hang_up()
                for leg in legs:
                    assert await here.events(leg, 1) == [HungUp("caller hung up")]
                assert here.transport._trunks["lab"].load.calls == 0
                await here.clock.sleep(4.0)  # what is sent again for those BYEs that were lost
            attempts = [re.search(rb"(?im)^X-Attempt-Id:\s*(\S+)", message) for message in net.messages if message.startswith(b"INVITE")]
            assert len({found[1] for found in attempts if found}) == calls
            assert len(calls_in(net.messages)) == calls

    live(scenario)
