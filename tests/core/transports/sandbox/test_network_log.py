"""The callee's side's log: written before the ring, equal in every run, whole after a kill."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from core.contracts.transport import Ringing
from core.kernel.ids import Ids
from core.kernel.virtual_clock import VirtualClock
from core.transports.sandbox import SandboxNetwork, SandboxSettings, read_network_log
from core.transports.sandbox.log_reader import InviteCounter
from core.transports.sandbox.network_log import Arrival, NetworkLog
from tests.conftest import START
from tests.core.transports.sandbox.bots import hold, order, transport

Run = Callable[[Callable[[VirtualClock], Coroutine[Any, Any, Any]]], Any]
MANY = SandboxSettings(channels=1000, calls_per_second=1000)


def test_the_line_is_on_disk_before_the_ring_is_seen(in_virtual_time: Run, tmp_path: Path) -> None:
    async def test(clock: VirtualClock) -> None:
        sandbox = transport(clock, tmp_path)
        placing = sandbox.place(order("+12125550100", "attempt-1"))
        assert [line["event"] for line in read_network_log(tmp_path / "network.jsonl")] == ["opened"]
        leg = await placing
        after_placing = (tmp_path / "network.jsonl").read_bytes()
        assert b'"attempt-1"' in after_placing
        assert await leg.next(0) == Ringing()  # at once: no time passed
        assert clock.now() == START
        assert (tmp_path / "network.jsonl").read_bytes() == after_placing
        await leg.hang_up()

    in_virtual_time(test)
    opened, first, last = read_network_log(tmp_path / "network.jsonl")
    assert opened == {"time": "2026-03-04T10:00:00.000+00:00", "event": "opened", "sandbox": True, "run": ""}
    assert first.pop("ring_seconds") > 0
    assert first == {
        "time": "2026-03-04T10:00:00.000+00:00",
        "event": "invite",
        "sandbox": True,
        "run": "",
        "to": "+12125550100",
        "from": "+442079460000",
        "attempt": "attempt-1",
        "planned": "pays",
        "rings": True,
        "refused_by": None,
    }
    assert (last["event"], last["by"], last["sip_status"], last["talk_seconds"]) == ("ended", "caller", 487, 0.0)


def test_nothing_rings_when_the_line_cannot_be_written(in_virtual_time: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(clock: VirtualClock) -> None:
        sandbox = transport(clock, tmp_path, SandboxSettings(channels=1))

        def full(*_: object, **__: object) -> None:
            raise OSError("no space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(NetworkLog, "invite", full)
            with pytest.raises(OSError, match="no space"):
                await sandbox.place(order())
        assert sandbox.network.calls == 0
        assert await (await sandbox.place(order())).next() == Ringing()  # its channel is free again
        sandbox.network.close()

    in_virtual_time(test)


def test_the_same_attempt_twice_is_logged_twice(in_virtual_time: Run, tmp_path: Path) -> None:
    async def test(clock: VirtualClock) -> None:
        sandbox = transport(clock, tmp_path)
        for _ in range(2):
            await hold(clock, await sandbox.place(order(attempt="same")))

    in_virtual_time(test)
    invites = [line for line in read_network_log(tmp_path / "network.jsonl") if line["event"] == "invite"]
    assert [line["attempt"] for line in invites] == ["same", "same"]
    assert invites[0]["ring_seconds"] == invites[1]["ring_seconds"]


def run_many(in_virtual_time: Run, folder: Path, numbers: list[int], seed: int = 7) -> bytes:
    async def test(clock: VirtualClock) -> None:
        sandbox = transport(clock, folder, MANY, seed=seed)
        legs = [await sandbox.place(order(f"+9991234{number:05}", f"a{number}")) for number in numbers]
        await clock.join(*(clock.spawn(hold(clock, leg), "bot") for leg in legs))
        sandbox.network.close()

    in_virtual_time(test)
    return (folder / "network.jsonl").read_bytes()


def test_equal_seeds_and_attempts_give_equal_bytes(in_virtual_time: Run, tmp_path: Path) -> None:
    numbers = list(range(200))
    first = run_many(in_virtual_time, tmp_path / "1", numbers)
    assert first == run_many(in_virtual_time, tmp_path / "2", numbers)
    assert first != run_many(in_virtual_time, tmp_path / "3", numbers, seed=8)


def test_the_order_of_the_calls_changes_nothing_for_any_of_them(in_virtual_time: Run, tmp_path: Path) -> None:
    numbers = list(range(200))
    first = run_many(in_virtual_time, tmp_path / "1", numbers)
    other = run_many(in_virtual_time, tmp_path / "2", [*reversed(numbers[50:]), *numbers[:50]])
    assert first != other
    assert sorted(first.splitlines()) == sorted(other.splitlines())


_CALLER = """
import asyncio, sys
from pathlib import Path
from core.kernel.clock import RealClock
from tests.core.transports.sandbox.bots import order, transport
from core.transports.sandbox import SandboxSettings

async def main():
    sandbox = transport(RealClock(speed=600), Path(sys.argv[1]), SandboxSettings(channels=10**9, calls_per_second=10**9))
    number = 0
    while True:
        number += 1
        attempt = f"{sys.argv[2]}-{number}"
        leg = await sandbox.place(order(f"+9991234{number % 100000:05}", attempt))
        print(attempt, flush=True)
        if number % 20 == 0:
            await asyncio.sleep(0)

asyncio.run(main())
"""


def test_killed_processes_that_share_the_log_leave_only_whole_lines(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", _CALLER, str(tmp_path), name], stdout=subprocess.PIPE, text=True)
        for name in ("first", "second")
    ]
    acknowledged = set()
    for process, count in zip(processes, (300, 700), strict=True):
        assert process.stdout is not None
        acknowledged |= {process.stdout.readline().strip() for _ in range(count)}
    for process in processes:
        process.kill()
        process.communicate()
    raw = (tmp_path / "network.jsonl").read_bytes()
    assert raw.endswith(b"\n")
    lines = [json.loads(line) for line in raw.splitlines()]
    assert {"first-1", "second-1"} <= acknowledged
    assert acknowledged <= {line["attempt"] for line in lines if line["event"] == "invite"}


def test_a_line_torn_by_a_power_cut_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "network.jsonl"
    path.write_bytes(b'{"event": "invite", "to": "+99912')
    log = NetworkLog(path, "run")
    log.answered(START, Arrival("+12125550100", None, "a1"))
    log.close()
    log.close()
    assert [line["event"] for line in read_network_log(path)] == ["answered"]


def test_invites_are_counted_as_the_log_grows(tmp_path: Path) -> None:
    log = NetworkLog(tmp_path / "network.jsonl", "run")
    counter = InviteCounter(log.path, lambda number: number.endswith("28"))

    def invite(number: str, **more: Any) -> None:
        log.invite(START, Arrival(number, None, "a"), planned="pays", rings=True, ring_seconds=1.0, **more)

    invite("+12125550128")
    invite("+12125550128", refused_by="trunk")
    invite("+12125550129")
    assert counter.count("+12125550128") == 1
    invite("+12125550128")
    log.answered(START, Arrival("+12125550128", None, "a"))
    assert counter.count("+12125550128") == 2
    assert counter.count("+12125550129") == 0
    log.close()


def test_a_process_of_real_calls_has_a_log_once_a_call_is_on_the_sandbox(in_virtual_time: Run, tmp_path: Path) -> None:
    log = tmp_path / "network.jsonl"

    async def test(clock: VirtualClock) -> None:
        unused, used = (SandboxNetwork(clock, Ids(1), MANY, log, log_when_used=True) for _ in range(2))
        unused.close()
        assert not log.exists()
        leg = used.place(order("+12125550100", "attempt-1"))
        await leg.hang_up()
        used.close()

    in_virtual_time(test)
    assert [line["event"] for line in read_network_log(log)] == ["opened", "invite", "ended"]
