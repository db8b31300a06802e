"""How long the callee waits for the first sound stands in the record of every call with sound."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from core.calls.store import events_of
from core.contracts.transport import Answered, HungUp, Leg, PlaceOrder, Ringing
from tests.core.api.support import PAYS, Core
from tests.core.calls.test_stuck_lines import StuckLeg

WithCore = Callable[..., Any]


class SpeakingLeg(StuckLeg):
    """Its first sound comes 0.3 seconds after the answer."""

    answer_to_first_audio = 0.3

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.prepared: list[str] = []

    def prepare(self, text: str) -> None:
        self.prepared.append(text)


def test_it_is_kept_with_the_moment_at_which_it_came(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        leg = SpeakingLeg(core.clock, [Ringing(), Answered(), HungUp()])

        class Line:
            name, real = "sandbox", False

            async def place(self, order: PlaceOrder) -> Leg:
                return leg

        core.engine.transports["sandbox"] = Line()
        core.bot(opening_message="Hello there.")
        call_id = await core.placed(PAYS)
        await core.over()
        assert (await core.call(call_id))["answer_to_first_audio_seconds"] == 0.3
        assert leg.prepared[0].startswith("This is an automated assistant. Hello there.")
        with core.db.read() as connection:
            moments = {event.kind: event.at for event in events_of(connection, call_id)}
        assert moments["first_audio"] - moments["answered"] == timedelta(seconds=0.3)

    with_core(test)
