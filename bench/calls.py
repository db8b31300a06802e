"""Measures the cost of calls with sound, beside bare RTP in the same run, on loopback.

    python -m bench.calls                        10, 25 and 50 calls at once for 20 seconds, and 5 interruptions of each kind
    python -m bench.calls 50 100 --seconds 30
    python -m bench.calls 4 8 --kinds bare,offline

The kinds of load, each in a separate process; its CPU and memory are counted, including those of its speech processes:

bare      only the media thread: each call's frames are silence both ways
tones     recorded SIP calls to sipp on which the bot speaks all the time, in tones
session   the same on an AgentSession: the callee talks, its turns are recognized, and the bot answers, again in tones, so that no speech
          provider's cost is included
offline   the same with the offline voices: piper speaks, Whisper listens

The callees' sound is in another process (tests/live/rtp_farm.py), which counts lost and late frames (more than 40 ms after the previous
one). `answer after`: from the end of the callee's words to the first sound of the bot's answer. It needs sipp
(Debian: sip-tester) and requirements/live.txt.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.call_loads import KINDS, load_of
from bench.interruptions import interrupt_bare, interrupt_call
from tests.live.rtp_farm import Heard, rtp_farm
from tests.live.sipp import hang_up_by_us, invite, receive, respond, run_sipp, sdp

INTERRUPTIONS = 5
QUESTION = "Good morning. Could you tell me when my next payment is due?"


def child(kind: str, target: str, count: int, seconds: float, folder: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.call_loads", kind, target, str(count), str(seconds), folder]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def row_of(kind: str, count: int, seconds: float, question: Path) -> dict[str, Any]:
    """One row of the table."""
    with tempfile.TemporaryDirectory() as name, rtp_farm(count, question if kind in {"session", "offline"} else None) as farm:
        if kind == "bare":
            measured = child(kind, json.dumps(farm.ports), count, seconds, name)
        else:
            ports = Path(name) / "ports.csv"
            ports.write_text("SEQUENTIAL\n" + "".join(f"{port}\n" for port in farm.ports))
            body = sdp(0).replace("m=audio 0 ", "m=audio [field0] ")
            steps = [*invite(), respond(180, "Ringing"), respond(200, "OK", body=body, retransmit=True), receive("ACK"), *hang_up_by_us()]
            with run_sipp(Path(name), steps, "-inf", str(ports), calls=count, seconds=round(seconds) + 180) as sipp:
                measured = child(kind, str(sipp.port), count, seconds, name)
        return {**measured, **heard_in_all(farm.heard())}


def heard_in_all(heard: list[Heard]) -> dict[str, Any]:
    return {
        "packets": sum(one.packets for one in heard), "lost": sum(one.lost for one in heard), "late": sum(one.late for one in heard),
        "gap": max(one.longest_gap for one in heard), "answers": [seconds for one in heard for seconds in one.answers],
    }  # fmt: skip


def middle_and_high(seconds: Sequence[float]) -> str:
    """The median and the 95th percentile, in milliseconds."""
    if not seconds:
        return "-"
    ordered = sorted(seconds)
    return f"{statistics.median(ordered) * 1000:.0f}, {ordered[min(round(len(ordered) * 0.95), len(ordered) - 1)] * 1000:.0f}"


def printed(kind: str, count: int, row: dict[str, Any]) -> str:
    """A row of the table."""
    cells = (
        kind, count, f"{row['cpu']:.0%}", f"{row['cpu'] / count:.2%}", f"{(row['mb'] - row['idle_mb']) / count:.2f}", f"{row['mb']:.0f}",
        f"{row['lost']} of {row['packets']}", f"{row['late'] / max(row['packets'], 1):.2%}", f"{row['gap'] * 1000:.0f} ms",
        middle_and_high(row.get("first", [])), f"{middle_and_high(row['answers'])} ({len(row['answers'])})" if row["answers"] else "-",
    )  # fmt: skip
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", nargs="*", type=int, default=[10, 25, 50])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--kinds", default="bare,tones,session", help="of: " + ", ".join(KINDS))
    parser.add_argument("--interruptions", type=int, default=INTERRUPTIONS)
    given = parser.parse_args()
    kinds = given.kinds.split(",")
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print("| | calls at once | CPU of a core | a call | MB a call | MB in all | packets lost | late | longest gap ", end="")
    print("| first audio p50, p95 ms | answer after p50, p95 ms (how many) |\n|---|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        question = Path(name) / "question.ulaw"
        if {"session", "offline"} & set(kinds) or given.interruptions:
            question.write_bytes(asyncio.run(load_of(QUESTION)))
        for count in given.counts:
            for kind in kinds:
                print(printed(kind, count, row_of(kind, count, given.seconds, question)), flush=True)
        words = question.read_bytes() if given.interruptions else b""
        for what, measure in (
            ("bare: at the first loud frame", interrupt_bare),
            ("tones: once it is speech (100 ms of it)", lambda: asyncio.run(interrupt_call(Path(name), words, session=False))),
            ("session: once AgentSession takes it for one (500 ms of speech)",
             lambda: asyncio.run(interrupt_call(Path(name), words, session=True))),
        ):  # fmt: skip
            times = sorted(measure() for _ in range(given.interruptions))
            if times:
                print(
                    f"\ninterrupted, {what}: the bot is silent after {statistics.median(times):.0f} ms, at most {times[-1]:.0f} ms", end=""
                )
    print(f"\n\nload of the machine after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
