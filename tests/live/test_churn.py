"""Thousands of short calls, one after the other: nothing of them is left, neither files nor ports nor memory nor seats.

`DIALLER_LIVE_CALLS` says how many the transport carries; 2,000 if it says nothing. They leave at 20 a second, or as fast as it can.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from pathlib import Path

import psutil

from core.contracts.transport import Answered, HungUp
from tests.live.lab import Lab, lab, live
from tests.live.runs import lab_campaign, records, running
from tests.live.sipp import invite, pause, receive, request, respond, run_sipp, sdp
from tests.web.run.folders import profile_numbers

CALLS = int(os.environ.get("DIALLER_LIVE_CALLS", "2000"))
PER_SECOND = 20
WARM = 800  # calls before the first look: SIP dialogs are remembered for 32 s, so that messages that come again are known
CAMPAIGN_CALLS = 150
MOST_BYTES_A_CALL = 30_000  # the allocator's own; what is really kept shows in the number of objects


def short_call() -> list[str]:
    again = '<recv request="INVITE" optional="true" next="answer"></recv>'  # a machine that stands still for a moment sends it twice
    answer = ['<label id="answer"/>', respond(200, "OK", body=sdp(40000), retransmit=True), again, receive("ACK")]
    return [*invite(), respond(180, "Ringing"), *answer, pause(0.3), request("BYE", 1), '<recv response="200"></recv>']


async def call_and_wait(here: Lab) -> None:
    leg = await here.call()
    event = await leg.next(30)
    answered = False
    while not isinstance(event, HungUp):
        assert event is not None, "nothing happened for 30 seconds"
        answered = answered or event == Answered()
        event = await leg.next(30)
    assert answered
    await leg.hang_up()


def held(process: psutil.Process) -> tuple[int, int, int, int]:
    """Files, UDP ports, bytes of memory and objects."""
    gc.collect()
    return process.num_fds(), len(process.net_connections("udp")), process.memory_info().rss, len(gc.get_objects())


def test_nothing_is_left_of_short_calls(tmp_path: Path) -> None:
    process = psutil.Process()

    async def scenario() -> None:
        with run_sipp(tmp_path, short_call(), calls=CALLS, seconds=400) as sipp:
            async with lab(sipp.port, channels=200, recordings=tmp_path / "recordings") as here:
                await here.transport.listen("lab")
                before = held(process)
                calls: set[asyncio.Task[None]] = set()
                warm, began = before, time.monotonic()
                for number in range(CALLS):
                    await here.clock.sleep(began + number / PER_SECOND - time.monotonic())
                    if number == WARM:
                        warm = held(process)
                    calls.add(here.clock.spawn(call_and_wait(here), name=f"call {number}"))
                    for task in [task for task in calls if task.done()]:
                        calls.discard(task)
                        task.result()
                await asyncio.gather(*calls)
                sipp.finished(30)
                await here.clock.sleep(1.0)
                after = held(process)
                assert here.transport._trunks["lab"].load.calls == 0
                assert here.transport.media._sessions == set()
                print(f"{CALLS} calls in {time.monotonic() - began:.0f} s; files, ports, memory, objects: {before}, {warm}, {after}")
                assert after[0] <= before[0] + 5
                assert after[1] <= before[1] + 1
                if CALLS > 2 * WARM:
                    assert after[2] - warm[2] <= (CALLS - WARM) * MOST_BYTES_A_CALL
                    assert after[3] <= warm[3] * 1.2

    live(scenario, seconds=450)
    assert len(list((tmp_path / "recordings").glob("*.wav"))) == CALLS


def test_a_campaign_of_short_calls_leaves_no_seats(tmp_path: Path) -> None:
    """The whole of `dialler run`: calls, results and recordings are all there, and no seat is taken any more."""
    with run_sipp(tmp_path, short_call(), calls=CAMPAIGN_CALLS, seconds=300) as sipp:
        numbers = profile_numbers(CAMPAIGN_CALLS)
        folder = lab_campaign(tmp_path / "campaign", numbers, sipp.port, channels=50, per_second=PER_SECOND)
        with running(folder, tmp_path) as run:
            run.wait(270)
        sipp.finished(30)
    said = records(tmp_path)
    assert [call.state for call in said.calls] == ["done"] * CAMPAIGN_CALLS
    assert said.seats_taken == 0
    assert said.workers_left == 0
    recordings = list(tmp_path.rglob("*.wav"))
    assert len(recordings) == CAMPAIGN_CALLS
    assert not [file for file in recordings if file.parent.name == "spool"]  # all of them are where they are kept
