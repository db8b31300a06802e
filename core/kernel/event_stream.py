"""Server-sent events (text/event-stream), for the API of either package."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

__all__ = ["HEARTBEAT", "RETRY", "EventStream", "sse"]

RETRY: Final = "retry: 3000\n\n"
"""The first line of a stream: how many milliseconds to wait before reconnecting."""
HEARTBEAT: Final = ": heartbeat\n\n"
"""A comment that keeps proxies from closing an idle connection."""


def sse(kind: str, number: int, data: Any) -> str:
    """One event in its wire format."""
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"


class EventStream(Response):
    """Sends events from the calling task, which the clock knows, and leaves no other task behind."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[str]) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send the stream."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for event in self._events:
            await send({"type": "http.response.body", "body": event.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
