"""A call whose news cannot be written down, because the database is away at that moment: what is known of the phone is not forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from core.calls.run import CallRun
from core.contracts.transport import Answered, Leg, PlaceOrder, Ringing
from core.transports.refused import RefusedLeg
from tests.core.api.support import PAYS, Core
from tests.core.calls.test_stuck_lines import StuckLeg

WithCore = Callable[..., Any]


class Line:
    """A transport whose calls have this to tell, or did not leave."""

    name, real = "sandbox", False

    def __init__(self, core: Core, events: list[Any]) -> None:
        self._core, self._events = core, events

    async def place(self, order: PlaceOrder) -> Leg:
        return StuckLeg(self._core.clock, self._events) if self._events else RefusedLeg("no way")


def away(*_: Any, **__: Any) -> None:
    raise OperationalError("UPDATE", {}, Exception("the database is away"))


@pytest.mark.parametrize("event", [Ringing(), Answered()])
def test_a_call_that_rang_has_rung(with_core: WithCore, monkeypatch: pytest.MonkeyPatch, event: Any) -> None:
    """It was charged to nobody, and dialled again at once."""
    monkeypatch.setattr(CallRun, "move", away)

    async def test(core: Core) -> None:
        core.engine.transports["sandbox"] = Line(core, [event])
        call_id = await core.placed(PAYS)
        await core.over()
        result = (await core.call(call_id))["result"]
        assert (result["disconnected_by"], result["phone_rang"], result["may_have_been_dialled"]) == ("error", True, False)

    with_core(test)


def test_a_call_that_left_and_of_which_nothing_is_known_may_have_been_dialled(with_core: WithCore, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("the opening cannot be made ready")

    monkeypatch.setattr(CallRun, "_prepare_opening", broken)

    async def test(core: Core) -> None:
        for events, doubtful in (([Ringing()], True), ([], False)):
            core.engine.transports["sandbox"] = Line(core, events)
            call_id = await core.placed(PAYS)
            await core.over()
            result = (await core.call(call_id))["result"]
            assert (result["phone_rang"], result["may_have_been_dialled"]) == (doubtful, doubtful)

    with_core(test)
