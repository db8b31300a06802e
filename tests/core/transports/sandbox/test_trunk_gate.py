"""The limits of trunks are never exceeded."""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contracts.transport import Failed
from core.kernel.virtual_clock import VirtualClock
from core.transports.sandbox import TrunkLimits, read_network_log
from core.transports.sandbox.trunk_gate import TrunkGate
from tests.conftest import START
from tests.core.transports.sandbox.bots import hold, order, transport

Run = Callable[[Callable[[VirtualClock], Coroutine[Any, Any, Any]]], Any]


@given(
    channels=st.integers(1, 6),
    rate=st.floats(0.1, 8),
    steps=st.lists(st.tuples(st.sampled_from([0.0, 0.05, 0.3, 1.0, 7.0]), st.booleans()), max_size=80),
)
def test_limits(channels: int, rate: float, steps: list[tuple[float, bool]]) -> None:
    gate = TrunkGate(TrunkLimits(channels, rate))
    most = max(1, math.floor(rate))
    now = START
    begun: list[datetime] = []
    for seconds, release in steps:
        now += timedelta(seconds=seconds)
        if release and gate.in_use:
            gate.release()
        recent = [moment for moment in begun if now - moment < timedelta(seconds=most / rate)]
        refusal = gate.admit(now)
        full, too_fast = gate.in_use - (refusal is None) >= channels, len(recent) >= most
        assert refusal == ("Service Unavailable" if full else "CPS limit" if too_fast else None)
        if refusal is None:
            begun.append(now)
        assert gate.in_use <= channels


def test_a_clock_set_back_blocks_nobody() -> None:
    gate = TrunkGate(TrunkLimits(10, 1))
    assert gate.admit(START) is None
    assert gate.admit(START - timedelta(hours=1)) is None


def test_calls_beyond_the_limits_are_refused_and_never_ring(in_virtual_time: Run, tmp_path: Path) -> None:
    async def test(clock: VirtualClock) -> list[Any]:
        sandbox = transport(clock, tmp_path, trunks={"small": TrunkLimits(3, 2)})
        ends = []
        for number in range(4):
            leg = await sandbox.place(order("+12125550109", f"a{number}", "small"))
            ends.append(await leg.next())
            await clock.sleep(0.3)
        await clock.sleep(10)
        for number in range(4, 6):
            leg = await sandbox.place(order("+12125550109", f"a{number}", "small"))
            ends.append(await leg.next())
        sandbox.network.set_trunk("small", TrunkLimits(100, 100))
        ends.append(await (await sandbox.place(order("+12125550109", "a6", "small"))).next())
        ends.append(await (await sandbox.place(order("+12125550109", "a7", "other"))).next())
        assert not leg.speaking
        assert not (await leg.say("Hello")).completed
        assert not (await leg.transfer("+12125550100")).succeeded
        await leg.hang_up()
        assert isinstance(await leg.next(), Failed)
        sandbox.network.close()
        return ends

    ends = in_virtual_time(test)
    cps, busy = Failed(503, "CPS limit", from_trunk=True), Failed(503, "Service Unavailable", from_trunk=True)
    assert [end if isinstance(end, Failed) else None for end in ends] == [None, None, cps, cps, None, busy, None, None]
    refused = [line for line in read_network_log(tmp_path / "network.jsonl") if line.get("refused_by")]
    assert [(line["attempt"], line["planned"], line["rings"], line["ring_seconds"]) for line in refused] == [
        ("a2", "CPS limit", False, None),
        ("a3", "CPS limit", False, None),
        ("a5", "Service Unavailable", False, None),
    ]


def test_channels_are_given_back_however_a_call_ends(in_virtual_time: Run, tmp_path: Path) -> None:
    async def test(clock: VirtualClock) -> None:
        sandbox = transport(clock, tmp_path, trunks={"main": TrunkLimits(1, 1)})
        for number in range(60):
            saw = await hold(clock, await sandbox.place(order(f"+1212555{100 + number % 100:04}", f"a{number}")))
            assert saw.end != Failed(503, "Service Unavailable", from_trunk=True)
            await clock.sleep(1)

    in_virtual_time(test)


@pytest.mark.parametrize("limits", [(0, 1.0), (1, 0.0), (1, -1.0), (1, math.inf), (1, math.nan)])
def test_limits_that_make_no_sense(limits: tuple[int, float]) -> None:
    with pytest.raises(ValueError, match="trunk"):
        TrunkLimits(*limits)
