"""A line that never says that a call is over holds no seat for ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.calls.store import events_of
from core.contracts.transport import Answered, Heard, HungUp, Leg, LegEvent, PlaceOrder, Playout, Ringing, TransferOutcome
from core.kernel.clock import Clock
from tests.core.api.support import PAYS, Core

WithCore = Callable[..., Any]


class StuckLeg:
    """Gives its events, and then nothing more, whatever is done to it. `babble` comes every few seconds for ever."""

    speaking = False

    def __init__(self, clock: Clock, events: list[LegEvent], babble: LegEvent | None = None, mute: bool = False) -> None:
        self.clock, self.events, self.babble, self.mute = clock, events, babble, mute
        self.hang_ups: list[str] = []

    async def next(self, timeout: float | None = None) -> LegEvent | None:
        assert timeout is not None, "an unbounded wait"
        if self.events:
            return self.events.pop(0)
        await self.clock.sleep(timeout if self.babble is None else min(timeout, 3.0))
        return self.babble if self.babble is not None and timeout > 3.0 else None

    async def say(self, text: str) -> Playout:
        await self.clock.sleep(1e9 if self.mute else 1.0)
        return Playout(text, completed=True, seconds=1.0)

    async def hang_up(self, reason: str = "") -> None:
        self.hang_ups.append(reason)

    async def transfer(self, destination: str) -> TransferOutcome:
        return TransferOutcome(False, 481)


class StuckTransport:
    name, real = "sandbox", False

    def __init__(self, leg: StuckLeg, clock: Clock, takes: float = 0.0) -> None:
        self.leg, self.clock, self.takes = leg, clock, takes

    async def place(self, order: PlaceOrder) -> Leg:
        await self.clock.sleep(self.takes)
        return self.leg


async def result_of(core: Core, leg: StuckLeg, takes: float = 0.0, **bot: Any) -> tuple[dict[str, Any], list[str], timedelta]:
    """What becomes of a call on the line: its result, its events, and how long it took."""
    core.engine.transports["sandbox"] = StuckTransport(leg, core.clock, takes)
    core.bot(**bot)
    call_id = await core.placed(PAYS)
    await core.over()
    call = await core.call(call_id)
    with core.db.read() as connection:
        kinds = [event.kind for event in events_of(connection, call_id)]
    assert (call["state"], core.seats_taken()) == ("done", 0)
    took = datetime.fromisoformat(call["ended_at"]) - datetime.fromisoformat(call["created_at"])
    return call["result"], kinds, took


@pytest.mark.parametrize("babble", [None, Ringing(), Heard("early media", 1.0)], ids=["silent", "rings on", "babbles"])
def test_a_call_that_is_given_up_and_never_confirmed(with_core: WithCore, babble: LegEvent | None) -> None:
    async def test(core: Core) -> None:
        leg = StuckLeg(core.clock, [Ringing()], babble)
        result, kinds, took = await result_of(core, leg, ring_timeout_seconds=30)
        assert (result["disconnected_by"], result["end_reason"], result["fault"]) == ("no_answer", "ring_timeout", "unknown")
        assert result["phone_rang"] is True
        assert kinds == ["placing", "rang", "ring_timeout", "end_not_confirmed", "ended", "done"]
        assert leg.hang_ups == ["ring timeout"]
        assert took == timedelta(seconds=62)

    with_core(test)


def test_one_that_an_operator_ended(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        leg = StuckLeg(core.clock, [])
        core.engine.transports["sandbox"] = StuckTransport(leg, core.clock)
        core.bot(ring_timeout_seconds=30)
        call_id = await core.placed(PAYS)
        await core.http.post(f"/api/v1/calls/{call_id}/cancel")
        await core.over()
        result = (await core.call(call_id))["result"]
        assert (result["end_reason"], result["phone_rang"], result["fault"]) == ("cancelled", False, None)

    with_core(test)


def test_a_line_that_hangs_up_before_it_was_answered(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        result, _, took = await result_of(core, StuckLeg(core.clock, [Ringing(), HungUp("gone")]))
        assert (result["end_reason"], result["phone_rang"], result["fault"]) == ("trunk_failure", True, "unknown")
        assert took == timedelta(0)

    with_core(test)


def test_an_invite_that_never_leaves(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        result, _, took = await result_of(core, StuckLeg(core.clock, []), takes=1e9)
        assert (result["end_reason"], result["may_have_been_dialled"]) == ("pipeline_failure", True)
        assert took == timedelta(seconds=32)

    with_core(test)


def test_a_line_that_never_finishes_a_sentence(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        leg = StuckLeg(core.clock, [Ringing(), Answered()], mute=True)
        result, _, took = await result_of(core, leg, max_call_duration_seconds=60)
        assert (result["end_reason"], result["phone_rang"], leg.hang_ups) == ("pipeline_failure", True, ["let go"])
        assert took == timedelta(seconds=180)

    with_core(test)
