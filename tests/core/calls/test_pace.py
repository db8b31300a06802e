"""The rate of a trunk on a clock that does not stand still while the work is done: what is set is reached, and not exceeded."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.calls.run import CallRun
from core.kernel.database import Database
from core.kernel.virtual_clock import VirtualClock
from core.trunks.departures import Departures
from core.trunks.pacing import interval
from tests.conftest import START
from tests.core.api.support import Core, open_core

RATES = [2.0, 5.0, 10.0, 20.0]
SECONDS = 5


class CreepingClock(VirtualClock):
    """Goes on by two thirds of a millisecond whenever somebody looks at it, as a real one does while the work is done."""

    def now(self) -> datetime:
        self._now += 667
        return super().now()


def on_a_creeping_clock(database: Database, folder: Path, test: Any, **sandbox: Any) -> list[datetime]:
    """Run `test(core)`. Returns when the INVITEs came to the sandbox's carrier, which has refused none."""

    async def main() -> None:
        clock = CreepingClock(START)

        async def whole() -> None:
            async with open_core(database, clock, folder, **{"seats": 500, "channels": 500, **sandbox}) as core:
                await test(core)

        try:
            await clock.spawn(whole(), "test")
        finally:
            clock.close()

    asyncio.run(asyncio.wait_for(main(), 60))
    lines = [json.loads(line) for line in (folder / "network.jsonl").read_text(encoding="utf-8").splitlines()]
    assert not [line for line in lines if line.get("refused_by")]
    return sorted(datetime.fromisoformat(line["time"]) for line in lines if line["event"] == "invite")


def phones(count: int) -> list[str]:
    """So many numbers that are busy: the call is over at once."""
    return [f"+9991{n:06d}07" for n in range(count)]


def rate_of(left: list[datetime]) -> float:
    return (len(left) - 1) / (left[-1] - left[0]).total_seconds()


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("prefetch", [0.0, 1.0])
def test_a_trunk_reaches_the_rate_that_is_set(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rate: float, prefetch: float
) -> None:
    """Also if each call's CRM takes a second: a call takes its turn when it can use it."""

    async def slow_crm(run: CallRun) -> None:
        await run.engine.clock.sleep(prefetch)

    if prefetch:
        monkeypatch.setattr(CallRun, "_prefetch", slow_crm)

    async def test(core: Core) -> None:
        if prefetch:
            core.bot(prefetch={"url": "https://crm.example/lead"})

        async def dial(phone: str, after: float) -> httpx.Response:
            await core.clock.sleep(after)
            return await core.dial(phone)

        count = int(rate * SECONDS)
        answers = await core.together(*(dial(phone, number / rate) for number, phone in enumerate(phones(count))))
        assert [answer.status_code for answer in answers] == [200] * count

    left = on_a_creeping_clock(database, tmp_path, test, calls_per_second=rate)
    assert 0.95 * rate <= rate_of(left) <= 1.02 * rate


@pytest.mark.parametrize("rate", [0.1, 1.0, 20.0])
def test_on_an_idle_trunk_a_call_leaves_at_once(database: Database, tmp_path: Path, rate: float) -> None:
    waits = []

    async def test(core: Core) -> None:
        for phone in phones(3):
            began = core.clock.now()
            assert (await core.dial(phone)).status_code == 200
            waits.append(core.clock.now() - began)
            await core.clock.sleep(2 / rate)

    on_a_creeping_clock(database, tmp_path, test, calls_per_second=rate)
    assert max(waits) < timedelta(milliseconds=100)


def test_calls_that_are_late_leave_in_their_turn_and_no_window_holds_more(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every tenth call is held up by less than half a second: the rate does not suffer, and what follows keeps its distance."""
    rate, count, late = 20.0, 100, iter(range(1000))

    async def held_up(run: CallRun) -> None:
        if next(late) % 10 == 0:
            await run.engine.clock.sleep(0.3)

    monkeypatch.setattr(CallRun, "_prefetch", held_up)

    async def test(core: Core) -> None:
        async def dial(phone: str, after: float) -> httpx.Response:
            await core.clock.sleep(after)
            return await core.dial(phone)

        answers = await core.together(*(dial(phone, number / rate) for number, phone in enumerate(phones(count))))
        assert [answer.status_code for answer in answers] == [200] * count

    left = on_a_creeping_clock(database, tmp_path, test, calls_per_second=rate)
    assert rate_of(left) >= 0.95 * rate
    assert all(last - first >= timedelta(seconds=1) for first, last in zip(left, left[20:], strict=False))
    assert all(later - earlier >= interval(rate) * 0.7 for earlier, later in pairwise(left))


def test_what_has_left_keeps_the_next_at_its_distance() -> None:
    departures = Departures()
    assert departures.soonest("lab", 2, START) == START
    departures.note("lab", 2, START)
    departures.note("lab", 2, START + timedelta(seconds=0.9))
    soonest = departures.soonest("lab", 2, START + timedelta(seconds=0.95))
    assert soonest == START + timedelta(seconds=0.9) + interval(2) * 0.75  # not too close to the last one
    departures.note("lab", 2, START + timedelta(seconds=1.1))
    assert departures.soonest("lab", 2, START + timedelta(seconds=1.5)) == START + timedelta(seconds=1.91)  # the third within a second
    assert departures.soonest("lab", 2, START - timedelta(hours=1)) == START - timedelta(hours=1)  # the clock was set back
    assert departures.soonest("other", 2, START) == START
