"""Clocks: all of them wait alike; the virtual one jumps, in one order, and only when nobody works."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.kernel.clock import Clock, RealClock
from core.kernel.mailbox import Mailbox
from core.kernel.scaled_clock import ScaledClock
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


def on_scaled(test: Test, speed: float = 20_000) -> Any:
    async def main() -> Any:
        clock = ScaledClock(speed, START)
        try:
            return await clock.spawn(test(clock), name="test")
        finally:
            clock.close()

    return asyncio.run(asyncio.wait_for(main(), 30))


def elapsed(clock: Clock) -> float:
    return (clock.now() - START).total_seconds()


@pytest.fixture(params=[on_virtual, on_scaled, on_fast], ids=["virtual", "scaled", "real"])
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


Naps = list[list[int]]
MANY_NAPS = st.lists(st.lists(st.integers(0, 5), max_size=6), min_size=1, max_size=8)


def napping(sleeps: Naps) -> Test:
    """Workers that nap and note who woke when."""

    async def test(clock: Clock) -> list[tuple[int, float]]:
        log: list[tuple[int, float]] = []
        began = clock.now()

        async def worker(number: int, naps: list[int]) -> None:
            for nap in naps:
                await clock.sleep(nap)
                log.append((number, (clock.now() - began).total_seconds()))

        await clock.join(*[clock.spawn(worker(n, naps), name=f"worker {n}") for n, naps in enumerate(sleeps)])
        return log

    return test


@given(MANY_NAPS)
def test_virtual_tasks_take_their_turns_in_the_same_order_every_time(sleeps: list[list[int]]) -> None:
    test = napping(sleeps)
    first, second = on_virtual(test), on_virtual(test)
    assert first == second
    assert [at for _, at in first] == sorted(at for _, at in first)


@settings(max_examples=25)
@given(MANY_NAPS)
def test_a_scaled_clock_makes_the_steps_of_a_virtual_one_at_the_same_moments(sleeps: Naps) -> None:
    assert on_scaled(napping(sleeps), 1_000_000) == on_virtual(napping(sleeps))


def test_a_scaled_clock_waits_for_the_work() -> None:
    """At a factor that no machine keeps up with, work that takes long in real time takes no time of the clock's."""

    async def test(clock: Clock) -> list[float]:
        woke: list[float] = []
        began = elapsed(clock)

        async def sleeper() -> None:
            for _ in range(3):
                await clock.sleep(10)
                woke.append(elapsed(clock) - began)

        async def worker() -> float:
            await clock.sleep(5)
            for _ in range(20):
                await asyncio.sleep(0.001)  # real time, as a database or a model takes it: 1000 clock seconds at this factor
            return elapsed(clock) - began

        asleep, at_work = clock.spawn(sleeper(), name="sleeper"), clock.spawn(worker(), name="worker")
        await clock.join(asleep, at_work)
        return [at_work.result(), *woke]

    assert on_scaled(test, 1_000_000) == pytest.approx([5, 10, 20, 30])


def test_a_scaled_clock_goes_on_while_somebody_outside_is_waited_for() -> None:
    async def test(clock: Clock) -> list[str]:
        order: list[str] = []
        came = asyncio.Event()

        async def pushes() -> None:
            with clock.outside():
                await asyncio.wait_for(came.wait(), 20)  # for a CRM that takes its time
            order.append("pushed")

        async def sleeps() -> None:
            await clock.sleep(3600)
            order.append("slept")
            came.set()

        await clock.join(clock.spawn(pushes(), name="pushes"), clock.spawn(sleeps(), name="sleeps"))
        return order

    assert on_scaled(test, 1_000_000) == ["slept", "pushed"]


class RealTime:
    """Real time by hand."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def test_a_scaled_clock_catches_up_with_a_little_and_lets_go_of_more() -> None:
    async def main() -> None:
        real = RealTime()
        clock = ScaledClock(60, START, real)

        async def work(seconds: float) -> None:
            real.at += seconds

        def shown() -> float:
            return elapsed(clock)

        assert shown() == 0
        real.at += 1
        assert shown() == 60, "nothing is to be done: it goes on"
        await clock.join(clock.spawn(work(0.2), name="quick"))
        await asyncio.sleep(0.01)
        assert shown() == pytest.approx(72)
        await clock.join(clock.spawn(work(10), name="slow"))
        await asyncio.sleep(0.01)
        assert shown() == pytest.approx(72 + 15), "a quarter of a second"
        real.at += 1
        assert shown() == pytest.approx(72 + 15 + 60)
        clock.spawn(clock.sleep(30), name="sleeper")
        await asyncio.sleep(0.01)
        real.at += 10
        assert shown() == pytest.approx(72 + 15 + 60 + 30), "never past what is due"
        clock.close()

    asyncio.run(asyncio.wait_for(main(), 30))


def test_tasks_that_a_scaled_clock_does_not_know_may_wait_through_it() -> None:
    async def main() -> None:
        clock = ScaledClock(100_000, START)
        with pytest.raises(TimeoutError):
            async with clock.timeout(100):
                await clock.sleep(10_000)
        signal = clock.signal()
        other = asyncio.create_task(clock.sleep(50))
        assert not await signal.wait(100)
        await clock.join(other)
        assert elapsed(clock) >= 200
        clock.close()

    asyncio.run(asyncio.wait_for(main(), 30))


def test_time_never_goes_back_on_a_scaled_clock() -> None:
    async def main() -> None:
        clock, seen = ScaledClock(1000, START), []

        async def look() -> None:
            for _ in range(50):
                seen.append(clock.now())
                await clock.sleep(0.5)

        tasks = [clock.spawn(look(), name=f"{n}") for n in range(5)]
        while not all(task.done() for task in tasks):
            seen.append(clock.now())
            await asyncio.sleep(0)
        assert seen == sorted(seen)
        clock.close()

    asyncio.run(asyncio.wait_for(main(), 30))


@pytest.mark.parametrize("make", [lambda: RealClock(speed=0), lambda: ScaledClock(0, START)], ids=["real", "scaled"])
def test_a_clock_cannot_stand_still_or_run_backwards(make: Callable[[], Clock]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        make()
