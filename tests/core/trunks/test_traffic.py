"""What is remembered of the calls on a trunk costs little, however many are remembered."""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.trunks.limits import Limit, Limits
from core.trunks.traffic import Judgement, Load, Traffic
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


def slow_trunk() -> tuple[Traffic, Limits]:
    """A trunk whose carrier takes 2 calls a second, as is known, and has taken ten of them."""
    traffic, held = Traffic(), Limit(2.0, 2.0, START + timedelta(hours=1), 30.0, START - timedelta(minutes=1))
    for place in range(10):
        left_at = START + timedelta(seconds=place / 2)
        traffic.leaves(f"before {place}", f"+120255501{place:02d}", left_at)
        traffic.carried(f"before {place}", left_at + timedelta(milliseconds=100))
        traffic.over(f"before {place}")
    return traffic, Limits(rate=held, lowered_at=START - timedelta(minutes=1))


def judged(traffic: Traffic, limits: Limits, call_id: str, left_at: datetime, *, callees: bool = False) -> Judgement | None:
    """A call to one number is refused at once, and nothing else happens."""
    traffic.leaves(call_id, "+12025550150", left_at)
    traffic.refused(call_id, 480, 0)
    return traffic.judge(call_id, left_at + timedelta(seconds=3), limits, last_word=True, callees=callees)


def test_a_refusal_at_a_known_limit_is_the_limits_once_for_each_number() -> None:
    traffic, limits = slow_trunk()
    at = START + timedelta(seconds=5)
    assert judged(traffic, limits, "first", at) == Judgement("limit")
    assert judged(traffic, limits, "second", at + timedelta(seconds=30)) == Judgement("callee"), "the phone is switched off"


def test_a_callee_that_is_busy_at_a_known_limit_is_busy() -> None:
    traffic, limits = slow_trunk()
    assert judged(traffic, limits, "busy", START + timedelta(seconds=5), callees=True) == Judgement("callee")


def test_a_refusal_far_below_a_known_limit_is_the_callees() -> None:
    traffic, limits = slow_trunk()
    assert judged(traffic, limits, "alone", START + timedelta(seconds=8)) == Judgement("callee")
