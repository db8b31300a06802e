"""Calls that leave, and calls that are taken, up to the moment when somebody talks; the server, the rooms and their thread are fakes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from core.calls.answer import CONFIRM_SECONDS
from core.contracts.transport import Answered, Failed, PlaceOrder, Ringing
from core.kernel.virtual_clock import VirtualClock
from core.transports.livekit.inbound import LiveKitInbound, Waiting
from core.transports.livekit.server import Seat
from core.transports.livekit.turns import Turns
from core.transports.refused import RefusedLeg

pytest.importorskip("livekit.rtc", reason="the extra `livekit` is not installed")
from core.transports.livekit import transport as module
from core.transports.livekit.rtc_room import PhoneLeft
from core.transports.livekit.transport import LiveKitTransport

pytestmark = pytest.mark.extras

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
PHONE = Seat("phone", True, False, {}, 0)
LINE: Any = SimpleNamespace(
    name="lab", channels=100, calls_per_second=100.0, outbound_trunk_id="ST_1",
    settings=SimpleNamespace(headers={}, ring_seconds=60, max_call_seconds=600),
)  # fmt: skip


class FakeThread:
    """Everything happens at once."""

    async def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return await work

    def stop(self) -> None:
        """Nothing to stop."""


class FakeServer:
    """A server that dials until the room is ended."""

    ws_url = "ws://127.0.0.1"

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.made: list[str] = []
        self.dialled: list[str] = []
        self.ringing: set[str] = set()
        self.ended: list[str] = []
        self.seats: list[Seat] = []

    def bot_token(self, *_: str) -> str:
        return "token"

    async def create_room(self, name: str, _: str) -> None:
        self.made.append(name)

    async def dial(self, room: str, _: str, to_number: str, *__: Any) -> None:
        self.dialled.append(to_number)
        self.ringing.add(room)
        await self.clock.sleep(60.0)

    async def participants(self, _: str) -> list[Seat]:
        return self.seats

    async def end_room(self, room: str) -> bool:
        self.ended.append(room)
        self.ringing.discard(room)
        return True

    async def close(self) -> None:
        """Nothing to close."""


class Fixture:
    """A transport whose rooms take `join` to get into."""

    def __init__(self, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock, self.server = clock, FakeServer(clock)
        self.join: Callable[[Any], Awaitable[None]] = lambda room: clock.sleep(0.3)
        self.speech: Callable[[Any], Any] = lambda leg: leg

        class FakeRoom:
            end = None

            def __init__(room, _: Any, post: Any) -> None:
                room.post = post

            async def join(room, *_: str) -> None:
                await self.join(room)

            async def leave(room) -> None:
                """Nothing to leave."""

        monkeypatch.setattr(module, "RtcRoom", FakeRoom)
        monkeypatch.setattr(module, "RtcThread", FakeThread)
        self.transport = LiveKitTransport(clock, "here", lambda _: LINE, lambda _: self._speak)
        monkeypatch.setattr(self.transport, "server_of", lambda _: self.server)

    def _speak(self, leg: Any) -> Any:
        return self.speech(leg)

    def order(self, number: int = 0) -> PlaceOrder:
        return PlaceOrder(f"c{number}", f"a{number}", f"+12025550{100 + number}", None, "lab")

    async def place(self, number: int = 0) -> Any:
        """Place a call as the engine does."""
        async with self.clock.timeout(CONFIRM_SECONDS):
            return await self.transport.place(self.order(number))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Fixture], Any]], None]:
    def scenario_runs(scenario: Callable[[Fixture], Any]) -> None:
        async def whole() -> None:
            clock = VirtualClock(NOW)
            with clock.hold():
                await scenario(Fixture(clock, monkeypatch))
            clock.close()

        asyncio.run(whole())

    return scenario_runs


Run = Callable[[Callable[[Fixture], Any]], None]


def test_a_call_that_is_given_up_while_it_is_placed_leaves_no_phone_ringing(run: Run) -> None:
    async def scenario(here: Fixture) -> None:
        placing = here.clock.spawn(here.transport.place(here.order()), "placing")
        await here.clock.sleep(1.0)
        assert len(here.server.ringing) == 1
        here.clock.cancel(placing)
        await here.clock.sleep(1.0)
        assert placing.cancelled()
        assert (here.server.ringing, here.transport.rooms) == (set(), frozenset())
        assert here.server.ended == here.server.made

    run(scenario)


def test_a_voice_that_fails_while_it_is_placed_leaves_no_phone_ringing(run: Run) -> None:
    def fails(_: Any) -> Any:
        raise RuntimeError("no voice")

    async def scenario(here: Fixture) -> None:
        here.speech = fails
        with pytest.raises(RuntimeError, match="no voice"):
            await here.place()
        await here.clock.sleep(1.0)
        assert (len(here.server.dialled), here.server.ringing, here.transport.rooms) == (1, set(), frozenset())

    run(scenario)


def test_a_room_that_lets_nobody_in_is_a_call_that_did_not_leave(run: Run) -> None:
    async def scenario(here: Fixture) -> None:
        here.join = lambda _: here.clock.sleep(600.0)
        leg = await here.place()
        assert isinstance(leg, RefusedLeg)
        final = await leg.next()
        assert isinstance(final, Failed)
        assert (final.from_trunk, final.spared) == (True, False)
        await here.clock.sleep(1.0)
        assert (here.server.dialled, here.transport.rooms) == ([], frozenset())
        assert here.server.ended == here.server.made

    run(scenario)


def test_a_server_that_makes_no_room_is_a_call_that_did_not_leave(run: Run) -> None:
    async def scenario(here: Fixture) -> None:
        async def never(name: str, _: str) -> None:
            await here.clock.sleep(600.0)

        here.server.create_room = never  # type: ignore[method-assign]
        assert isinstance(await here.place(), RefusedLeg)
        assert here.server.dialled == []

    run(scenario)


def test_of_a_burst_those_who_find_too_many_before_them_are_refused_and_the_trunk_is_not_blamed(run: Run) -> None:
    async def scenario(here: Fixture) -> None:
        here.join = lambda _: here.clock.sleep(5.0)
        placing = [here.clock.spawn(here.place(number), f"{number}") for number in range(8)]
        await here.clock.join(*placing)
        legs = [task.result() for task in placing]
        refused = [leg for leg in legs if isinstance(leg, RefusedLeg)]
        assert (len(here.server.dialled), len(refused)) == (6, 2)
        finals: list[Any] = [await leg.next() for leg in refused]
        assert all(final.spared and final.reason.startswith("too many joins at once") for final in finals)
        assert await here.place(9) not in refused  # none of the turns was lost

    run(scenario)


def test_a_turn_that_comes_as_its_owner_is_cancelled_goes_to_the_next(run: Run) -> None:
    async def scenario(here: Fixture) -> None:
        turns, had = Turns(here.clock, 1, 30.0), list[str]()

        async def take(name: str, seconds: float) -> None:
            async with turns.one():
                had.append(name)
                await here.clock.sleep(seconds)

        first = here.clock.spawn(take("first", 5.0), "first")
        second = here.clock.spawn(take("second", 5.0), "second")
        third = here.clock.spawn(take("third", 5.0), "third")
        await here.clock.sleep(1.0)
        here.clock.cancel(first)  # its turn goes to the second at this moment,
        here.clock.cancel(second)  # which is cancelled, too
        await here.clock.join(first, second, third)
        assert had == ["first", "third"]
        await take("last", 0.0)
        assert had[-1] == "last"

    run(scenario)


def caller(here: Fixture) -> LiveKitInbound:
    return LiveKitInbound(here.transport, LINE, Waiting("dialler-here-in-x", "phone", {}))


def test_a_caller_who_waits_is_answered(run: Run) -> None:
    async def scenario(here: Fixture) -> None:
        here.server.seats = [PHONE]
        inbound = caller(here)
        leg = await inbound.answer(here.order())
        assert [await leg.next(), await leg.next()] == [Ringing(), Answered()]
        await inbound.refuse(480, "Temporarily Unavailable")  # nothing any more: the leg has it
        assert (here.server.ended, len(here.transport.rooms)) == ([], 1)

    run(scenario)


def test_a_caller_who_gave_up_before_we_were_there_is_not_answered(run: Run) -> None:
    async def scenario(here: Fixture) -> None:
        leg = await caller(here).answer(here.order())
        assert [await leg.next(), await leg.next()] == [Ringing(), Failed(487, "the caller hung up before the answer")]
        await here.clock.sleep(1.0)
        assert (here.server.ended, here.transport.rooms) == (["dialler-here-in-x"], frozenset())

    run(scenario)


def test_a_caller_who_gives_up_while_it_is_asked_who_is_there_is_not_answered(run: Run) -> None:
    async def scenario(here: Fixture) -> None:
        async def leaves(room: str) -> list[Seat]:
            (live,) = here.transport._live.values()
            live.leg._take(PhoneLeft(1))
            return [PHONE]

        here.server.participants = leaves  # type: ignore[method-assign, assignment]
        leg = await caller(here).answer(here.order())
        assert [await leg.next(), await leg.next()] == [Ringing(), Failed(487, "the caller hung up before the answer")]

    run(scenario)


def test_a_caller_is_answered_though_the_server_does_not_say_who_is_there(run: Run) -> None:
    async def scenario(here: Fixture) -> None:
        async def silent(room: str) -> list[Seat]:
            await here.clock.sleep(600.0)
            return []

        here.server.participants = silent  # type: ignore[method-assign, assignment]
        before = here.clock.now()
        leg = await caller(here).answer(here.order())
        assert [await leg.next(), await leg.next()] == [Ringing(), Answered()]
        assert (here.clock.now() - before).total_seconds() < 5

    run(scenario)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_caller_whom_no_voice_can_take_is_turned_away(run: Run, when: str) -> None:
    def fails(_: Any) -> Any:
        raise RuntimeError("no voice")

    async def scenario(here: Fixture) -> None:
        here.server.seats = [PHONE]
        if when == "before":
            here.transport._speech = fails
        here.speech = fails
        inbound = caller(here)
        with pytest.raises(RuntimeError, match="no voice"):
            await inbound.answer(here.order())
        await inbound.refuse(480, "Temporarily Unavailable")
        await here.clock.sleep(1.0)
        assert set(here.server.ended) == {"dialler-here-in-x"}
        assert here.transport.rooms == frozenset()

    run(scenario)
