"""What a call is like on our end: speaking, hanging up at any moment, transfer, no litter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.contracts.transport import Answered, Failed, Heard, HungUp, Leg, Playout, Ringing
from core.kernel.clock import RealClock
from core.kernel.virtual_clock import VirtualClock
from core.transports.sandbox import SandboxSettings, read_network_log
from tests.core.transports.sandbox.bots import PAYMENT, Saw, hold, order, transport

START = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
Run = Callable[[Callable[[VirtualClock], Coroutine[Any, Any, Any]]], Any]


async def answered(leg: Leg) -> None:
    assert await leg.next() == Ringing()
    assert await leg.next() == Answered()


def test_speech_takes_time(in_virtual_time: Run, tmp_path: Path) -> None:
    async def test(clock: VirtualClock) -> None:
        leg = await transport(clock, tmp_path).place(order())
        await answered(leg)
        before = clock.now()
        line = "one two three four five six seven eight nine ten eleven twelve thirteen"
        assert await leg.say(line) == Playout(line, completed=True, seconds=5.0)
        assert (clock.now() - before).total_seconds() == 5.0
        assert await leg.say("  ") == Playout("", completed=True, seconds=0.0)
        heard = await leg.next(20)
        assert isinstance(heard, Heard)
        assert heard.seconds == len(heard.text.split()) / 2.6
        await leg.hang_up()

    in_virtual_time(test)


def test_it_is_known_that_the_callee_speaks(in_virtual_time: Run, tmp_path: Path) -> None:
    async def test(clock: VirtualClock) -> None:
        leg = await transport(clock, tmp_path).place(order("+12125550110"))
        await answered(leg)
        assert await leg.next(2) is None
        assert leg.speaking
        await leg.next()
        assert not leg.speaking
        await leg.hang_up()

    in_virtual_time(test)


def test_callees_say_hello_when_nobody_speaks_and_then_hang_up(in_virtual_time: Run, tmp_path: Path) -> None:
    async def test(clock: VirtualClock) -> None:
        leg = await transport(clock, tmp_path).place(order())
        await answered(leg)
        words = []
        while not isinstance(event := await leg.next(), HungUp):
            assert isinstance(event, Heard)
            words.append(event.text)
        assert words == ["Hello?", "Hello? Is anybody there?"]

    in_virtual_time(test)


def test_lines_said_in_a_row_are_answered_once(in_virtual_time: Run, tmp_path: Path) -> None:
    async def test(clock: VirtualClock) -> None:
        leg = await transport(clock, tmp_path).place(order())
        await answered(leg)
        await leg.say("Hello, this is Acme.")
        await leg.say("Am I speaking with Rahul Sharma?")
        heard = await leg.next(20)
        assert isinstance(heard, Heard)
        assert heard.text.startswith("Yes")
        assert await leg.next(5) is None
        await leg.hang_up()

    in_virtual_time(test)


def test_hanging_up_stops_our_own_line(in_virtual_time: Run, tmp_path: Path) -> None:
    async def test(clock: VirtualClock) -> None:
        leg = await transport(clock, tmp_path).place(order())
        await answered(leg)

        async def speak() -> Playout:
            return await leg.say("one two three four five six seven eight nine ten")

        speaking = clock.spawn(speak(), "speaking")
        await clock.sleep(2)
        await leg.hang_up()
        await clock.join(speaking)
        assert speaking.result() == Playout("one two three four five", completed=False, seconds=2.0)
        assert await leg.say("more") == Playout("", completed=False, seconds=0.0)
        assert not (await leg.transfer("+12125550199")).succeeded

    in_virtual_time(test)


def test_the_last_event_stays_the_last(in_virtual_time: Run, tmp_path: Path) -> None:
    async def test(clock: VirtualClock) -> None:
        leg = await transport(clock, tmp_path).place(order("+12125550109"))
        assert await leg.say("too early") == Playout("", completed=False, seconds=0.0)
        for _ in range(3):
            await leg.hang_up()
        assert await leg.next() == Ringing()
        for _ in range(3):
            assert await leg.next() == Failed(487, "Request Terminated")

    in_virtual_time(test)


@pytest.mark.parametrize(("destination", "succeeds"), [("sip:desk@example.com", True), ("+12125550107", False)])
def test_transfer(in_virtual_time: Run, tmp_path: Path, destination: str, succeeds: bool) -> None:
    async def test(clock: VirtualClock) -> None:
        leg = await transport(clock, tmp_path).place(order())
        await answered(leg)
        assert (await leg.transfer(destination)).succeeded is succeeds
        if succeeds:
            assert await leg.next() == HungUp("transferred")
        await leg.hang_up()

    in_virtual_time(test)
    assert list(read_network_log(tmp_path / "network.jsonl"))[-1]["by"] == ("transfer" if succeeds else "caller")


def test_the_network_cuts_a_call_that_nobody_ends(in_virtual_time: Run, tmp_path: Path) -> None:
    async def test(clock: VirtualClock) -> Saw:
        leg = await transport(clock, tmp_path, SandboxSettings(longest_call_seconds=500)).place(order("+12125550113"))
        return await hold(clock, leg, PAYMENT[:1] + ("Go on.",) * 99, longest=10_000)

    assert in_virtual_time(test).end == HungUp("network")


def test_closing_the_network_ends_every_call(in_virtual_time: Run, tmp_path: Path) -> None:
    async def test(clock: VirtualClock) -> None:
        sandbox = transport(clock, tmp_path)
        ringing, talking = await sandbox.place(order("+12125550109", "a1")), await sandbox.place(order("+12125550100", "a2"))
        await answered(talking)
        sandbox.network.close()
        assert await talking.next() == HungUp("network")
        assert await ringing.next() == Ringing()
        assert await ringing.next() == Failed(503, "Service Unavailable")
        with pytest.raises(RuntimeError, match="closed"):
            await sandbox.place(order())
        sandbox.network.close()

    in_virtual_time(test)
    assert [line["by"] for line in read_network_log(tmp_path / "network.jsonl") if line["event"] == "ended"] == ["network"] * 2


def test_500_calls_leave_no_task_and_no_timer(in_virtual_time: Run, tmp_path: Path) -> None:
    async def test(clock: VirtualClock) -> None:
        sandbox = transport(clock, tmp_path, SandboxSettings(channels=500, calls_per_second=500))
        legs = [await sandbox.place(order(f"+9991234{number:05}", f"a{number}")) for number in range(500)]
        await clock.join(*(clock.spawn(hold(clock, leg), "bot") for leg in legs))
        await clock.sleep(0)
        assert sandbox.network.calls == 0
        assert [task for task in asyncio.all_tasks() if "sandbox" in task.get_name()] == []
        assert [entry for entry in clock._queue if entry.action is not None] == []
        sandbox.network.close()

    in_virtual_time(test)


def test_it_also_runs_on_a_scaled_clock(tmp_path: Path) -> None:
    async def test() -> Saw:
        clock = RealClock(speed=2000, start=START)
        sandbox = transport(clock, tmp_path)
        return await hold(clock, await sandbox.place(order("+12125550107")))

    assert asyncio.run(test()).end == Failed(486, "Busy Here")


@settings(max_examples=150, deadline=None)
@given(digits=st.integers(0, 99), seed=st.integers(0, 2**32), moment=st.floats(0, 150), twice=st.booleans())
def test_hung_up_at_any_moment_a_call_ends_exactly_once(digits: int, seed: int, moment: float, twice: bool) -> None:
    async def test(clock: VirtualClock, folder: Path) -> tuple[Saw, int]:
        sandbox = transport(clock, folder, seed=seed)
        leg = await sandbox.place(order(f"+121255501{digits:02}"))

        async def end() -> None:
            await clock.sleep(moment)
            for _ in range(1 + twice):
                await leg.hang_up("cancelled")

        ending = clock.spawn(end(), "ending")
        saw = await hold(clock, leg)
        await clock.join(ending)
        return saw, sandbox.network.calls

    async def main(folder: Path) -> tuple[Saw, int]:
        clock = VirtualClock(START)
        try:
            return await clock.spawn(test(clock, folder), "test")
        finally:
            clock.close()

    with TemporaryDirectory() as folder:
        saw, calls = asyncio.run(main(Path(folder)))
        opened, *lines = read_network_log(Path(folder) / "network.jsonl")
    assert opened["event"] == "opened"
    assert calls == 0
    assert sum(isinstance(event, Failed | HungUp) for event in saw.events) == 1
    was_answered = Answered() in saw.events
    assert isinstance(saw.end, HungUp if was_answered else Failed)
    assert [line["event"] for line in lines] == ["invite", *["answered"] * was_answered, "ended"]
    assert (lines[-1]["sip_status"] == 200) is was_answered
    assert lines[-1]["talk_seconds"] >= 0
    assert lines[0]["rings"] is (Ringing() in saw.events)
    if isinstance(saw.end, Failed):
        assert lines[-1]["sip_status"] == saw.end.sip_status
