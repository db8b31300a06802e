"""The test call of `dialler trunks check`: what it says of each end."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from core.contracts.leg_events import LegEvents
from core.contracts.transport import Answered, Failed, LegEvent, PlaceOrder, Ringing
from core.kernel.clock import Clock
from core.transports.check_call import place_check_call

RING_SECONDS = 20.0


class Line:
    """A transport whose calls go as they are told to: (seconds, event)."""

    name, real = "line", True

    def __init__(self, clock: Clock, script: list[tuple[float, LegEvent]]) -> None:
        self._clock, self._script = clock, script
        self._events: LegEvents[LegEvent] = LegEvents(clock)
        self.ended_at: float | None = None

    async def place(self, order: PlaceOrder) -> Any:
        self._began = self._clock.now().timestamp()

        async def happen() -> None:
            for seconds, event in self._script:
                await self._clock.sleep(seconds)
                if self.ended_at is None:
                    self._events.put(event)

        self._clock.spawn(happen(), name="what happens on the line")
        return self

    async def next(self, timeout: float | None = None) -> LegEvent | None:
        return await self._events.next(timeout)

    async def hang_up(self, reason: str = "") -> None:
        self.ended_at = self._clock.now().timestamp() - self._began
        self._events.put(Failed(487, "Request Terminated"))


@pytest.mark.parametrize(
    ("script", "works", "said", "ended_at"),
    [
        ([(1, Ringing()), (3, Answered())], True, "The test call was answered, and ended after two seconds.", 6.0),
        ([(1, Ringing())], True, "The test call rang, and nobody answered.", RING_SECONDS),
        ([], False, "The test call did not ring in time.", RING_SECONDS),
        ([(1, Ringing()), (1, Failed(486, "Busy Here"))], True, "The callee is busy: 486 Busy Here.", None),
        ([(1, Failed(486, "Busy Here"))], True, "The callee is busy: 486 Busy Here.", None),
        ([(1, Failed(600, "Busy Everywhere"))], True, "The callee is busy: 600 Busy Everywhere.", None),
        ([(1, Failed(603, "Decline"))], True, "The callee declined: 603 Decline.", None),
        ([(1, Failed(480, "Gone"))], True, "The callee cannot be reached: 480 Gone.", None),
        ([(1, Ringing()), (1, Failed(480, "No Answer"))], True, "The callee cannot be reached: 480 No Answer.", None),
        ([(1, Ringing()), (1, Failed(503, "Lost"))], True, "The test call rang, and was not answered: 503 Lost.", None),
        ([(1, Failed(503, "Busy", cause=17))], True, "The callee is busy: 503 Busy.", None),
        ([(1, Failed(480, "Full", cause=34))], False, "The test call failed: 480 Full.", None),
        (
            [(1, Failed(408, "the trunk does not answer", from_trunk=True))],
            False,
            "The test call failed: 408 the trunk does not answer.",
            None,
        ),
        ([(1, Failed(403, "Forbidden"))], False, "The test call failed: 403 Forbidden.", None),
        ([(1, Failed(404, "Not Found"))], False, "The test call failed: 404 Not Found.", None),
        ([(1, Failed(488, "Not Acceptable Here"))], False, "The test call failed: 488 Not Acceptable Here.", None),
    ],
)
def test_what_a_test_call_tells(
    in_virtual_time: Callable[[Callable[[Clock], Coroutine[Any, Any, None]]], None],
    script: list[tuple[float, LegEvent]],
    works: bool,
    said: str,
    ended_at: float | None,
) -> None:
    async def scenario(clock: Clock) -> None:
        line = Line(clock, script)
        report = await place_check_call(line, clock, PlaceOrder("c", "a", "+12025550142", None, "line"), RING_SECONDS)
        assert (report.works, report.sentences[0]) == (works, said)
        assert line.ended_at == ended_at
        if said.startswith("The test call failed"):
            assert report.sentences[1].endswith(".")  # and what it means

    in_virtual_time(scenario)
