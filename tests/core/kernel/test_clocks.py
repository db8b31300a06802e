"""Clocks: all of them wait alike; the virtual one jumps, in one order, and only when nobody works."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kernel.clock import Clock, RealClock
from core.kernel.mailbox import Mailbox
from core.kernel.virtual_clock import VirtualClock
from tests.conftest import START

Test = Callable[[Clock], Coroutine[Any, Any, Any]]


def on_virtual(test: Test) -> Any:
    async def main() -> Any:
        clock = VirtualClock(START)
        try:
            return await clock.spawn(test(clock), name="test")
        finally:
            clock.close()

    return asyncio.run(asyncio.wait_for(main(), 30))


def on_fast(test: Test) -> Any:
    async def main() -> Any:
        clock = RealClock(speed=2000, start=START)
        return await clock.spawn(test(clock), name="test")

    return asyncio.run(asyncio.wait_for(main(), 30))


def elapsed(clock: Clock) -> float:
    return (clock.now() - START).total_seconds()


@pytest.fixture(params=[on_virtual, on_fast], ids=["virtual", "scaled"])
def run(request: pytest.FixtureRequest) -> Callable[[Test], Any]:
    return request.param  # type: ignore[no-any-return]


def test_sleep_takes_its_time(run: Callable[[Test], Any]) -> None:
    async def test(clock: Clock) -> float:
        await clock.sleep(90)
        await clock.sleep_until(START + timedelta(seconds=120))
        await clock.sleep(-5)
        return elapsed(clock)

    assert run(test) >= 120


def test_a_signal_wakes_every_waiter_and_stays_set(run: Callable[[Test], Any]) -> None:
    async def test(clock: Clock) -> list[bool]:
        signal = clock.signal()
        waiters = [clock.spawn(signal.wait(), name=f"waiter {n}") for n in range(3)]
        await clock.sleep(1)
        signal.set()
        await clock.join(*waiters)
        assert await signal.wait(0)
        signal.clear()
        return [waiter.result() for waiter in waiters] + [await signal.wait(5)]

    assert run(test) == [True, True, True, False]


def test_a_timeout_ends_the_block_and_nothing_else(run: Callable[[Test], Any]) -> None:
    async def test(clock: Clock) -> str:
        try:
            async with clock.timeout(10):
                await clock.sleep(100_000)
        except TimeoutError:
            async with clock.timeout(100_000):
                await clock.sleep(1)
            return "timed out"
        return "slept"

    assert run(test) == "timed out"


def test_a_cancelled_task_ends(run: Callable[[Test], Any]) -> None:
    async def test(clock: Clock) -> bool:
        task = clock.spawn(clock.sleep(10_000_000), name="sleeper")
        await clock.sleep(1)
        clock.cancel(task)
        await clock.join(task)
        return task.cancelled()

    assert run(test)


def test_a_task_cancelled_before_its_first_step_leaves_nothing_behind(run: Callable[[Test], Any]) -> None:
    async def test(clock: Clock) -> bool:
        task = clock.spawn(clock.sleep(1), name="never began")
        clock.cancel(task)
        await clock.join(task)
        return task.cancelled()

    assert run(test)


def test_a_failure_nobody_awaits_is_logged(run: Callable[[Test], Any], caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise LookupError("nothing there")

    async def test(clock: Clock) -> None:
        await clock.join(clock.spawn(fail(), name="doomed"))

    with caplog.at_level(logging.ERROR):
        run(test)
    assert "doomed" in caplog.text
    assert "nothing there" in caplog.text


def test_a_mailbox_keeps_the_order_and_times_out(run: Callable[[Test], Any]) -> None:
    async def test(clock: Clock) -> list[int | None]:
        box: Mailbox[int] = Mailbox(clock)

        async def fill() -> None:
            for item in (1, 2, 3):
                await clock.sleep(10)
                box.put(item)

        task = clock.spawn(fill(), name="fill")
        got = [await box.get(), await box.get(), await box.get(), await box.get(timeout=5)]
        await clock.join(task)
        return got

    assert run(test) == [1, 2, 3, None]


def test_virtual_time_does_not_wait() -> None:
    async def test(clock: Clock) -> float:
        await clock.sleep(365 * 86_400)
        return elapsed(clock)

    assert on_virtual(test) == 365 * 86_400


def test_virtual_time_stands_still_while_a_task_waits_for_something_real() -> None:
    async def test(clock: Clock) -> float:
        async def real() -> float:
            await asyncio.sleep(0.05)  # stands for a socket
            return elapsed(clock)

        sleeper, busy = clock.spawn(clock.sleep(5), name="sleeper"), clock.spawn(real(), name="real")
        await clock.join(busy, sleeper)
        return busy.result()

    assert on_virtual(test) == 0


def test_a_task_that_the_virtual_clock_did_not_start_may_not_wait_through_it() -> None:
    async def main() -> None:
        clock = VirtualClock(START)
        try:
            with pytest.raises(RuntimeError, match="not started by spawn"):
                await clock.sleep(1)
            with clock.hold():
                await clock.sleep(1)
            assert elapsed(clock) == 1
        finally:
            clock.close()

    asyncio.run(main())


@given(st.lists(st.lists(st.integers(0, 5), max_size=6), min_size=1, max_size=8))
def test_virtual_tasks_take_their_turns_in_the_same_order_every_time(sleeps: list[list[int]]) -> None:
    async def test(clock: Clock) -> list[tuple[int, float]]:
        log: list[tuple[int, float]] = []

        async def worker(number: int, naps: list[int]) -> None:
            for nap in naps:
                await clock.sleep(nap)
                log.append((number, elapsed(clock)))

        await clock.join(*[clock.spawn(worker(n, naps), name=f"worker {n}") for n, naps in enumerate(sleeps)])
        return log

    first, second = on_virtual(test), on_virtual(test)
    assert first == second
    assert [at for _, at in first] == sorted(at for _, at in first)


def test_a_clock_cannot_stand_still_or_run_backwards() -> None:
    with pytest.raises(ValueError, match="above 0"):
        RealClock(speed=0)
