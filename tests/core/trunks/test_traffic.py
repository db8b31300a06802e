"""What is remembered of the calls on a trunk costs little, however many are remembered."""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.trunks.traffic import Load, Traffic
from tests.conftest import START


class Counting(OrderedDict[str, Any]):
    """Counts the values that are looked at."""

    seen = 0

    def values(self) -> Any:
        return Values(self)


class Values:
    def __init__(self, calls: Counting) -> None:
        self.calls = calls

    def __iter__(self) -> Iterator[Any]:
        return self._counted(iter(OrderedDict.values(self.calls)))

    def __reversed__(self) -> Iterator[Any]:
        return self._counted(reversed(OrderedDict.values(self.calls)))

    def _counted(self, values: Iterator[Any]) -> Iterator[Any]:
        for value in values:
            self.calls.seen += 1
            yield value


def test_a_call_that_leaves_looks_at_the_last_second_only() -> None:
    traffic, now = Traffic(), START
    calls = traffic._calls = Counting()
    for number in range(2000):
        now += timedelta(milliseconds=200)
        traffic.leaves(str(number), "+12025550120", now)
        traffic.carried(str(number), now)
    assert calls.seen < 2000 * 12
    assert len(calls) == 2000


@pytest.mark.parametrize("seed", range(20))
def test_the_load_is_that_of_all_calls_that_are_remembered(seed: int) -> None:
    """Against the same told by counting them all, whatever becomes of the calls, in whatever order."""
    dice, traffic, now = random.Random(seed), Traffic(), START
    calls = dict[str, tuple[datetime, str, bool]]()
    for number in range(300):
        now += timedelta(milliseconds=dice.choice([1, 50, 300, 2000]))
        out = [(at, over) for at, fate, over in calls.values() if fate in {"out", "carried"}]
        gap = min(((now - at).total_seconds() for at, _ in out), default=float("inf"))
        expected = Load(sum(not over for _, over in out), sum(now - at < timedelta(seconds=1) for at, _ in out), max(gap, 0.001))
        traffic.leaves(str(number), "+12025550120", now)
        calls[str(number)] = (now, "out", False)
        assert traffic.load_of(str(number)) == expected
        for _ in range(dice.randrange(3)):
            call_id = dice.choice(list(calls))
            at, fate, over = calls[call_id]
            match dice.choice(["carried", "over", "failed", "refused"]):
                case "carried" if fate == "out":
                    traffic.carried(call_id, now)
                    calls[call_id] = (at, "carried", over)
                case "over":
                    traffic.over(call_id)
                    calls[call_id] = (at, fate, True)
                case "failed" if fate == "out":
                    traffic.failed(call_id)
                    calls[call_id] = (at, "neither", True)
                case "refused" if fate == "out":
                    traffic.refused(call_id, 503, 0)
                    calls[call_id] = (at, "refused", True)
        assert traffic.out() == sum(not over for _, _, over in calls.values())
