"""A callback is promised for a time at which the rule packs allow a call."""

from __future__ import annotations

from datetime import UTC, datetime

from core.bots.config import BotConfig
from core.calls.callbacks import clock_of
from core.kernel.hours import next_all_open

EVENING = datetime(2026, 3, 11, 0, 30, tzinfo=UTC)  # 20:30 in Miami
MIAMI = "+13055550100"


def test_the_hours_in_which_a_callee_may_be_called_back_are_those_of_their_state() -> None:
    sells = BotConfig.model_validate({"name": "b", "purpose": "marketing"})
    serves = BotConfig.model_validate({"name": "b", "purpose": "service"})
    assert next_all_open(clock_of(sells, MIAMI, None, EVENING).open, EVENING) == datetime(2026, 3, 11, 12, tzinfo=UTC)
    assert next_all_open(clock_of(serves, MIAMI, None, EVENING).open, EVENING) == EVENING
