"""How the end of a call is told from what happens in its room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from core.contracts.transport import Answered, Failed, HungUp, Ringing
from core.kernel.virtual_clock import VirtualClock
from core.transports.livekit.leftovers import kept_at, left_over
from core.transports.livekit.outcomes import DialOutcome
from core.transports.livekit.store import Standing

pytest.importorskip("livekit.rtc", reason="the extra `livekit` is not installed")
from core.transports.livekit.leg import LiveKitAudioLeg
from core.transports.livekit.rtc_room import Changed, Lost, OwnEnd, PhoneLeft, PhoneSeen
from core.transports.load import NOT_CROWDED, Crowding

pytestmark = pytest.mark.extras

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
SEEN = PhoneSeen("phone", {"sip.callStatus": "ringing"})


class Fixture:
    """A leg whose dial is given up at once."""

    def __init__(self, clock: VirtualClock, crowding: Crowding = NOT_CROWDED) -> None:
        self.given_up: list[DialOutcome] = []

        async def refer(*_: str) -> None:
            raise AssertionError

        def give_up(outcome: DialOutcome) -> None:
            self.given_up.append(outcome)
            self.leg.fail(outcome)

        self.leg = LiveKitAudioLeg(clock, refer=refer, crowding=crowding, give_up=give_up, on_over=lambda: None)

    def happens(self, *news: Any) -> None:
        for one in news:
            self.leg._take(one)

    async def events(self) -> list[Any]:
        found: list[Any] = []
        while (event := await self.leg.next(30.0)) is not None:
            found.append(event)
            if isinstance(event, Failed | HungUp):
                break
        return found


def run(scenario: Callable[[VirtualClock], Any]) -> None:
    async def whole() -> None:
        clock = VirtualClock(NOW)
        with clock.hold():
            await scenario(clock)
        clock.close()

    asyncio.run(whole())


@pytest.mark.parametrize(
    ("news", "end"),
    [
        (PhoneLeft(None), HungUp("hung up")),
        (PhoneLeft(1), HungUp("hung up")),
        (OwnEnd(10), HungUp("the room was closed")),
        (PhoneLeft(14), Failed(503, "the connection to LiveKit's SIP service was lost")),
        (PhoneLeft(4), Failed(503, "it was removed from the room")),
        (OwnEnd(3), Failed(503, "the LiveKit server shut down")),
        (Lost("the connection to LiveKit was lost"), Failed(503, "the connection to LiveKit was lost")),
    ],
)
def test_a_lost_line_is_not_a_callee_who_hangs_up(news: Any, end: Any) -> None:
    async def scenario(clock: VirtualClock) -> None:
        here = Fixture(clock)
        here.happens(SEEN)
        here.leg.pick_up()
        here.happens(news)
        assert await here.events() == [Ringing(), Answered(), end]

    run(scenario)


def test_a_call_that_rings_when_the_sip_service_dies_is_given_up() -> None:
    async def scenario(clock: VirtualClock) -> None:
        here = Fixture(clock)
        here.happens(SEEN, PhoneLeft(14))
        assert await here.events() == [Ringing(), Failed(504, "the connection to LiveKit's SIP service was lost")]
        assert len(here.given_up) == 1

    run(scenario)


def test_out_of_the_room_the_dial_is_left_some_seconds_to_say_why() -> None:
    async def scenario(clock: VirtualClock) -> None:
        silent, telling = Fixture(clock), Fixture(clock)
        for here in (silent, telling):
            here.happens(SEEN, PhoneLeft(1), OwnEnd(10))
        await clock.sleep(4)
        telling.leg.fail(DialOutcome(486, "Busy Here"))
        assert not silent.leg.ended
        assert await telling.events() == [Ringing(), Failed(486, "Busy Here")]
        assert await silent.events() == [Ringing(), Failed(504, "the room was closed")]
        assert (len(silent.given_up), len(telling.given_up)) == (1, 0)

    run(scenario)


def test_an_answer_when_we_are_out_of_the_room_is_no_conversation() -> None:
    async def scenario(clock: VirtualClock) -> None:
        here = Fixture(clock)
        here.happens(SEEN, Lost("the connection to LiveKit was lost"))
        here.leg.pick_up()
        assert await here.events() == [Ringing(), Answered(), Failed(503, "the connection to LiveKit was lost")]

    run(scenario)


@pytest.mark.parametrize(
    ("crowded", "status", "rang", "expected"),
    [
        ((False, False), 480, False, Failed(480, "x")),
        ((True, False), 480, False, Failed(480, "x", from_trunk=True, spared=True)),
        ((False, True), 503, False, Failed(503, "x", from_trunk=True, spared=True)),
        ((True, False), 486, True, Failed(486, "x", spared=True)),
        ((False, False), 503, False, Failed(503, "x")),
    ],
)
def test_what_our_own_full_trunk_refused_says_nothing_of_its_health(
    crowded: tuple[bool, bool], status: int, rang: bool, expected: Failed
) -> None:
    async def scenario(clock: VirtualClock) -> None:
        here = Fixture(clock, Crowding(*crowded))
        if rang:
            here.happens(Changed({"sip.callStatus": "ringing"}))
        here.leg.fail(DialOutcome(status, "x"))
        assert (await here.events())[-1] == expected

    run(scenario)


def line(name: str, url: str) -> Any:
    return type("Line", (), {"name": name, "settings": type("Settings", (), {"url": url})})


def test_what_is_left_over() -> None:
    here, elsewhere = "wss://a.example", "wss://b.example"
    standings = {name: Standing(name, f"ST_{name}", None, None, None, NOW) for name in ("stays", "moved", "alias")}
    lines = [line("stays", here), line("moved", elsewhere), line("alias", elsewhere), line("new", elsewhere)]
    kept = kept_at(here, lines, ["unreadable"], standings)
    found = [
        ("stays", "ST_whatever"), ("removed", "ST_1"), ("moved", "ST_old"), ("alias", "ST_alias"), ("new", "ST_2"), ("unreadable", "ST_3"),
    ]  # fmt: skip
    assert left_over(found, kept) == ["moved", "removed"]  # `alias` is this server by another name, and nobody knows of `new` yet
