"""Many calls in one process: every one is heard, and nothing of them is left afterwards."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import psutil

from core.transports.base import Answered, HungUp
from tests.live.lab import lab, live
from tests.live.sipp import free_port, hang_up_by_us, invite, receive, respond, run_sipp, sdp

CALLS = 50


def test_fifty_calls_at_once(tmp_path: Path) -> None:
    steps = [*invite(), respond(180, "Ringing"), respond(200, "OK", body=sdp(free_port()), retransmit=True), receive("ACK")]
    process = psutil.Process()

    async def scenario() -> None:
        with run_sipp(tmp_path, [*steps, *hang_up_by_us()], calls=CALLS) as sipp:
            async with lab(sipp.port, channels=CALLS) as here:
                await here.transport.listen("lab")
                before = process.num_fds(), threading.active_count()
                legs = [await here.call() for _ in range(CALLS)]
                for leg in legs:
                    assert Answered() in await here.events(leg, 2)
                playouts = await asyncio.gather(*(leg.say("one two three four five") for leg in legs))
                assert all(playout.completed for playout in playouts)
                for leg in legs:
                    await leg.hang_up()
                for leg in legs:
                    assert await here.events(leg, 1) == [HungUp("caller hung up")]
                sipp.finished()
                await here.clock.sleep(0.2)
                stats = here.transport.media.stats
                assert stats.ticks > 50
                assert stats.skipped_ticks < stats.ticks / 10, stats
                assert process.num_fds() <= before[0] + 2
                assert threading.active_count() <= before[1] + 1  # the media thread

    live(scenario)
