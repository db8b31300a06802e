"""The first call of a process does not hold its event loop up: what it would load was loaded before."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.needs("livekit_agents")

_PROGRAM = """
import asyncio, time
from core.voice.checks import prewarm

prewarm(offline=False)

async def main():
    gaps = []

    async def tick():
        last = time.monotonic()
        while True:
            await asyncio.sleep(0.005)
            now = time.monotonic()
            gaps.append(now - last - 0.005)
            last = now

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0.1)
    from core.voice.session.warmth import warm_up
    from core.voice.voices import shared_vad

    await warm_up(shared_vad())  # a call from its making to its end
    ticking.cancel()
    print(max(gaps))

asyncio.run(main())
"""
_MOST = 0.25
_COLD = 0.6
"""What a process that has loaded nothing is held up for, at the very least: livekit-agents takes two seconds and more."""


def _longest_gap(program: str) -> float:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    return float(done.stdout.split()[-1])


def test_the_first_call_finds_everything_loaded() -> None:
    gaps = []
    for _ in range(3):  # on a busy machine a process may wait for its turn so long: what loading takes, it takes each time
        gaps.append(_longest_gap(_PROGRAM))
        if gaps[-1] < _MOST:
            break
    print(f"longest gap of the event loop in the first call: {min(gaps) * 1000:.0f} ms")
    assert min(gaps) < _MOST, gaps


def test_without_that_it_would_not() -> None:
    assert _longest_gap(_PROGRAM.replace("prewarm(offline=False)", "")) > _COLD
