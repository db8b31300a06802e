"""What a call with sound costs, beside bare RTP in the same run, on loopback.

    python -m bench.calls                 10, 25 and 50 calls at once for 15 seconds, and 5 interruptions
    python -m bench.calls 50 100 --seconds 30

`bare`: the media thread and nothing else; each call's frames are silence both ways. `calls`: SIP calls to sipp on which the bot speaks all
the time (tones: no speech provider, whose cost is its own) and that are recorded. Each in a process of its own, whose CPU and memory
count; the callees' sound is in another (tests/live/rtp_farm.py), which counts what is lost, and what is late: frames that come more
than 40 ms after the one before. It needs sipp (Debian: sip-tester) and the extra `sip`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from core.transports.base import Answered
from core.transports.sip.media import MediaSession
from core.transports.sip.sdp import Stream
from core.voice.media_thread import MediaThread
from core.voice.ports import FRAME, RATE, Frame
from tests.live.lab import lab, speech, tone
from tests.live.rtp_farm import Heard, rtp_farm
from tests.live.rtp_peer import RtpPeer, rtp_peer
from tests.live.sipp import hang_up_by_us, invite, receive, respond, run_sipp, sdp

INTERRUPTIONS = 5


def session() -> MediaSession:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    return MediaSession(sock)


class Meter:
    """CPU of this process since it was made, of one core, and its memory."""

    def __init__(self) -> None:
        self._process, self._cpu, self._at = psutil.Process(), psutil.Process().cpu_times(), time.monotonic()

    def read(self) -> dict[str, float]:
        now = self._process.cpu_times()
        spent = now.user + now.system - self._cpu.user - self._cpu.system
        return {"cpu": spent / (time.monotonic() - self._at), "mb": self._process.memory_info().rss / 2**20}


def bare(ports: list[int], seconds: float) -> dict[str, Any]:
    """The media thread with a session for each of these ports."""
    idle, thread = psutil.Process().memory_info().rss / 2**20, MediaThread("bench-media")
    for port in ports:
        one = session()
        one.stream = Stream("127.0.0.1", port, "PCMU", 0, None, sends=True, receives=True)
        thread.add(one)
    meter = Meter()
    time.sleep(seconds)
    measured = {**meter.read(), "idle_mb": idle, "late_ticks": thread.stats.late_ticks, "ticks": thread.stats.ticks}
    thread.stop()
    return measured


async def calls(port: int, count: int, seconds: float, folder: Path) -> dict[str, Any]:
    """That many calls on which the bot speaks."""
    async with lab(port, channels=count, recordings=folder) as here:
        await here.transport.listen("lab")
        idle = psutil.Process().memory_info().rss / 2**20
        legs = [await here.call() for _ in range(count)]
        for leg in legs:
            while await leg.next(30) != Answered():
                pass
        before = here.transport.media.stats.ticks, here.transport.media.stats.late_ticks
        saying = [asyncio.create_task(leg.say(" ".join(["word"] * round(seconds * 5)))) for leg in legs]
        meter = Meter()
        await asyncio.sleep(seconds)
        stats = here.transport.media.stats
        measured = {**meter.read(), "idle_mb": idle, "late_ticks": stats.late_ticks - before[1], "ticks": stats.ticks - before[0]}
        await asyncio.gather(*saying)
        first = sorted(leg.answer_to_first_audio or 0.0 for leg in legs)
        for leg in legs:
            await leg.hang_up()
        await asyncio.sleep(1)
    return {**measured, "first_p50": statistics.median(first), "first_p95": first[min(round(len(first) * 0.95), len(first) - 1)]}


def child(*arguments: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-m", "bench.calls", *arguments], check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def load(kind: str, count: int, seconds: float) -> dict[str, Any]:
    """One row of the table."""
    with tempfile.TemporaryDirectory() as name, rtp_farm(count) as farm:
        if kind == "bare":
            measured = child("bare", json.dumps(farm.ports), str(seconds))
        else:
            ports = Path(name) / "ports.csv"
            ports.write_text("SEQUENTIAL\n" + "".join(f"{port}\n" for port in farm.ports))
            body = sdp(0).replace("m=audio 0 ", "m=audio [field0] ")
            steps = [*invite(), respond(180, "Ringing"), respond(200, "OK", body=body, retransmit=True), receive("ACK"), *hang_up_by_us()]
            with run_sipp(Path(name), steps, "-inf", str(ports), calls=count, seconds=round(seconds) + 120) as sipp:
                measured = child("calls", str(sipp.port), str(count), str(seconds), name)
        return {**measured, **heard_in_all(farm.heard())}


def heard_in_all(heard: list[Heard]) -> dict[str, Any]:
    return {
        "packets": sum(one.packets for one in heard), "lost": sum(one.lost for one in heard), "late": sum(one.late for one in heard),
        "gap": max(one.longest_gap for one in heard),
    }  # fmt: skip


class FirstLoudFrame:
    """A bot that says a tone until it hears anything at all: what the network and the jitter buffer alone cost."""

    def __init__(self) -> None:
        self._frames, self._at = tone(1000, 0.5), 0
        self._stopped = False

    def exchange(self, heard: Frame) -> Frame | None:
        self._stopped = self._stopped or int(np.abs(heard.astype(int)).max()) > 1000
        self._at = (self._at + FRAME) % (RATE // 2)
        return None if self._stopped else self._frames[self._at : self._at + FRAME]


def stop_time(peer: RtpPeer, spoke: float) -> float:
    """Milliseconds from the callee's first sound to the bot's last."""
    limit = 40  # of 128: how far the value of a mu-law byte is from silence
    loud = [at for at, kind, payload in list(peer.arrived) if kind == 0 and any(min(b & 0x7F, 0x7F) < 0x7F - limit for b in payload)]
    return (max(loud) - spoke) * 1000


def interrupt_bare() -> float:
    thread, one = MediaThread("bench-media"), session()
    with rtp_peer() as peer:
        one.stream = Stream("127.0.0.1", peer.port, "PCMU", 0, None, sends=True, receives=True)
        one.end = FirstLoudFrame()
        thread.add(one)
        time.sleep(1.0)
        spoke = peer.now()
        peer.say(speech(600, 0.6))
        time.sleep(1.2)
        thread.stop()
        return stop_time(peer, spoke)


async def interrupt_call(folder: Path) -> float:
    with rtp_peer() as peer:
        steps = [*invite(), respond(200, "OK", body=sdp(peer.port), retransmit=True), receive("ACK"), *hang_up_by_us()]
        with run_sipp(folder, steps) as sipp:
            async with lab(sipp.port, recordings=folder) as here:
                leg = await here.call()
                while await leg.next(30) != Answered():
                    pass
                saying = asyncio.create_task(leg.say(" ".join(["word"] * 50)))
                await asyncio.sleep(1.0)
                spoke = peer.now()
                peer.say(speech(600, 0.6))
                await saying
                await asyncio.sleep(0.5)
                await leg.hang_up()
                sipp.finished()
        return stop_time(peer, spoke)


def main() -> None:
    """Print everything."""
    if len(sys.argv) > 1 and sys.argv[1] == "bare":
        print(json.dumps(bare(json.loads(sys.argv[2]), float(sys.argv[3]))))
        return
    if len(sys.argv) > 1 and sys.argv[1] == "calls":
        print(json.dumps(asyncio.run(calls(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), Path(sys.argv[5])))))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", nargs="*", type=int, default=[10, 25, 50])
    parser.add_argument("--seconds", type=float, default=15.0)
    given = parser.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print("       calls   CPU of a core   a call   MB a call   packets   lost    late   longest gap   first audio p50, p95")
    for count in given.counts:
        for kind in ("bare", "calls"):
            row = load(kind, count, given.seconds)
            first = f"{row['first_p50'] * 1000:.0f}, {row['first_p95'] * 1000:.0f} ms" if kind == "calls" else "-"
            print(
                f"{kind:<6}{count:>6}{row['cpu']:>15.0%}{row['cpu'] / count:>10.2%}{(row['mb'] - row['idle_mb']) / count:>11.2f}"
                f"{row['packets']:>11}{row['lost']:>7}{row['late'] / max(row['packets'], 1):>8.2%}{row['gap'] * 1000:>11.0f} ms   {first}",
                flush=True,
            )
    with tempfile.TemporaryDirectory() as name:
        for what, times in (
            ("bare, at the first loud frame", [interrupt_bare() for _ in range(INTERRUPTIONS)]),
            ("calls, once it is speech (100 ms)", [asyncio.run(interrupt_call(Path(name))) for _ in range(INTERRUPTIONS)]),
        ):
            times.sort()
            print(f"interrupted, {what}: the bot is silent after {statistics.median(times):.0f} ms, at most {times[-1]:.0f} ms", flush=True)
    print(f"load of the machine after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
