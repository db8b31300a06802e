"""Many calls in one process: every one is heard, and nothing of them is left afterwards."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import psutil

from core.contracts.transport import Answered, HungUp
from core.voice.leg import VoiceLeg
from tests.live.lab import lab, live
from tests.live.rtp_farm import rtp_farm
from tests.live.sipp import hang_up_by_us, invite, receive, respond, run_sipp, sdp

CALLS = 50
SECONDS = 8


def callees(folder: Path, ports: list[int]) -> tuple[str, ...]:
    """The options that give sipp a port for the sound of each call."""
    file = folder / "ports.csv"
    file.write_text("SEQUENTIAL\n" + "".join(f"{port}\n" for port in ports))
    return "-inf", str(file)


def test_fifty_calls_at_once(tmp_path: Path) -> None:
    """With sound in both directions. What is lost and what is late is counted on both sides; the bounds are those of a busy machine."""
    body = sdp(0).replace("m=audio 0 ", "m=audio [field0] ")
    steps = [*invite(), respond(180, "Ringing"), respond(200, "OK", body=body, retransmit=True), receive("ACK")]
    process = psutil.Process()
    words = " ".join(["word"] * (SECONDS * 5))

    async def scenario() -> None:
        with rtp_farm(CALLS) as farm, run_sipp(tmp_path, [*steps, *hang_up_by_us()], *callees(tmp_path, farm.ports), calls=CALLS) as sipp:
            async with lab(sipp.port, channels=CALLS) as here:
                await here.transport.listen("lab")
                before = process.num_fds(), threading.active_count()
                legs = [await here.call() for _ in range(CALLS)]
                for leg in legs:
                    assert Answered() in await here.events(leg, 2)
                playouts = await asyncio.gather(*(leg.say(words) for leg in legs))
                assert all(playout.completed for playout in playouts)
                heard_by_us = [jitter_of(leg) for leg in legs]
                for leg in legs:
                    await leg.hang_up()
                for leg in legs:
                    assert await here.events(leg, 1) == [HungUp("caller hung up")]
                sipp.finished()
                await here.clock.sleep(0.5)
                stats = here.transport.media.stats
                assert process.num_fds() <= before[0] + 2
                assert threading.active_count() <= before[1] + 1  # the media thread
            heard = farm.heard()
        sent, lost, late = sum(one.packets for one in heard), sum(one.lost for one in heard), sum(one.late for one in heard)
        received, missed = sum(one[0] for one in heard_by_us), sum(one[1] for one in heard_by_us)
        figures = f"to them {sent} packets, {lost} lost, {late} late, longest gap {max(one.longest_gap for one in heard) * 1000:.0f} ms; "
        figures += f"to us {received} packets, {missed} lost; {stats}"
        print(figures)
        assert len(heard) == CALLS, figures
        assert min(one.packets for one in heard) >= SECONDS * 50 * 0.9, figures
        assert lost <= sent * 0.01, figures
        assert min(one[0] for one in heard_by_us) >= SECONDS * 50 * 0.5, figures
        assert missed <= received * 0.01, figures
        assert late <= sent * 0.1, figures
        assert stats.skipped_ticks <= stats.ticks * 0.1, figures

    live(scenario)


def jitter_of(leg: VoiceLeg) -> tuple[int, int]:
    """How many packets came to us on a call, and how many were lost."""
    session = getattr(leg._audio, "_session")  # noqa: B009 - of this transport, not of every audio leg
    return session.jitter.received, session.jitter.lost
