"""An extension: its keys after a pause, and the opening after they have been pressed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from core.calls.answer import put_through
from core.contracts.leg_events import LegEvents
from core.contracts.transport import EXTENSION_ANSWERS, KEY_SECONDS, Heard, HungUp, PlaceOrder
from core.kernel.numbers import NumberError, parse_number
from core.kernel.virtual_clock import VirtualClock
from core.transports.audio_leg import TransportLeg

InVirtualTime = Callable[[Callable[[VirtualClock], Any]], Any]


class Pressing(TransportLeg):
    """A leg that notes its keys and when they were pressed."""

    pressed: tuple[str, float] | None = None

    def press(self, keys: str) -> None:
        self.pressed = keys, self._clock.now().timestamp()

    def answer(self) -> None:
        self._put_answer()


class Talking:
    """What `put_through` needs of a leg."""

    def __init__(self, clock: VirtualClock) -> None:
        self.events: LegEvents[Any] = LegEvents(clock)

    async def next(self, timeout: float | None = None) -> Any:
        return await self.events.next(timeout)


def test_keys_come_after_the_pause(in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        leg, began = Pressing(clock), clock.now().timestamp()
        leg.keys_on_answer, leg.pause_before_keys = "12", 2.0
        leg.answer()
        assert leg.pressed is None
        await clock.sleep(3)
        assert leg.pressed == ("12", began + 2)

    in_virtual_time(scene)


def test_the_bot_waits_for_the_extension_and_no_longer_than_the_call(in_virtual_time: InVirtualTime) -> None:
    order = PlaceOrder("c", "a", "+12025550142;ext=12", None, "t", extension_pause=1.5)
    assert order.extension_seconds == 1.5 + 2 * KEY_SECONDS + EXTENSION_ANSWERS
    assert PlaceOrder("c", "a", "+12025550142", None, "t").extension_seconds == 0

    async def scene(clock: VirtualClock) -> None:
        leg, began = Talking(clock), clock.now()
        leg.events.put(Heard("Thank you for calling.", 2.0))
        await put_through(leg, order.extension_seconds, clock)  # type: ignore[arg-type]
        assert (clock.now() - began).total_seconds() == order.extension_seconds
        leg.events.end(HungUp())
        await put_through(leg, 60, clock)  # type: ignore[arg-type]
        assert (clock.now() - began).total_seconds() == order.extension_seconds
        assert isinstance(await leg.next(), HungUp)

    in_virtual_time(scene)


@pytest.mark.parametrize(
    "written",
    [
        "+1 202 555 0101,,123",
        "+1 202 555 0101 w123",
        "+12025550101,123#",
        "+1 (202) 555-0101 x123",
        "+12025550101;ext=123",
        "202 555 0101 ext. 123",
    ],
)
def test_forms_of_an_extension(written: str) -> None:
    assert parse_number(written, "US").key == "+12025550101;ext=123"


@pytest.mark.parametrize("written", ["202,5550100", "+12025550101, +12025550102", "+1 202 555 0101,2025550102"])
def test_two_numbers_are_no_extension(written: str) -> None:
    with contextlib.suppress(NumberError):
        assert ";ext=" not in parse_number(written, "US").key
