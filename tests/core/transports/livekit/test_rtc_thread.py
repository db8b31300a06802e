"""The ticks of the thread of the sound; its time is an argument."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from core.transports.livekit import rtc_thread
from core.transports.livekit.rtc_thread import RtcThread
from core.voice.ports import FRAME_SECONDS


@pytest.mark.parametrize("frames", [1.0, 1.5, 20.0])
def test_ticks_that_take_a_frame_or_longer_leave_room_for_the_rest_of_the_thread(monkeypatch: pytest.MonkeyPatch, frames: float) -> None:
    start, now, ticks = [0.0], FRAME_SECONDS, 0  # the first tick is due at once
    monkeypatch.setattr(rtc_thread, "time", SimpleNamespace(monotonic=lambda: start.pop() if start else now))

    class Slow:
        def tick(self) -> None:
            nonlocal now, ticks
            ticks += 1
            if ticks < 100:  # by then whoever waits has waited long enough
                now += frames * FRAME_SECONDS

    async def whole() -> int:
        thread = RtcThread()
        thread.add(Slow())
        now_ticking = asyncio.ensure_future(thread._tick())
        for _ in range(5):  # a handler of the rtc library, say, in five steps
            await asyncio.sleep(0)
        now_ticking.cancel()
        return ticks

    assert asyncio.run(whole()) <= 5
