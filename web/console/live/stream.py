"""The stream of one browser: `GET /console/live?topic=...&topic=...`, as server-sent events.

event: changed    a topic has changed (also first, for each topic that is known): {"topic", "number", "figures"}
event: beat       every few seconds: the stream is alive, and the session too
event: ended      the session has ended, or the process stops: {"why"}
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from core.kernel.event_stream import sse
from web.console.live.hub import Hub

__all__ = ["BEAT", "live_events"]

BEAT: Final = 5.0
_LOOKS: Final = 1.0
_RETRY: Final = "retry: 1500\n\n"


async def live_events(
    hub: Hub, topics: list[str], gone: Callable[[], Awaitable[bool]], may_stay: Callable[[], bool], *, wait: float = _LOOKS
) -> AsyncIterator[str]:
    """The events, each in its wire format.

    Args:
        hub: what tells of changes.
        topics: what is watched.
        gone: whether the client has gone.
        may_stay: whether the session goes on; asked with every beat.
        wait: seconds after which to look whether the client is still there.
    """
    loop, number = asyncio.get_running_loop(), 0
    yield _RETRY
    with hub.subscribe(topics) as subscription:
        beat_at = loop.time()
        while True:
            if loop.time() >= beat_at:
                if not may_stay():
                    yield sse("ended", number + 1, {"why": "session"})
                    return
                number, beat_at = number + 1, loop.time() + BEAT
                yield sse("beat", number, {})
            try:
                told = await asyncio.wait_for(subscription.queue.get(), wait)
            except TimeoutError:
                if await gone():
                    return
                continue
            if told is None:
                yield sse("ended", number + 1, {"why": "stopped"})
                return
            number += 1
            yield sse("changed", number, {"topic": told.topic, "number": told.number, "figures": told.figures})
