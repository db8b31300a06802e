"""The live stream: what changed in the topics that a browser watches."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from core.kernel.event_stream import EventStream
from web.console.accounts.sessions import find_visitor
from web.console.guard import COOKIE
from web.console.live.stream import live_events
from web.console.pages import ThePage
from web.console.rights import Right
from web.console.routing import Screen

__all__ = ["screen"]

screen = Screen()


@screen.get("/live", Right.ACCOUNT)
async def stream(page: ThePage, topic: Annotated[list[str], Query(max_length=200)] = []) -> Response:  # noqa: B006 (FastAPI copies it)
    """Server-sent events, until the browser goes, the session ends or the process stops."""
    console = page.console
    token = page.request.cookies.get(COOKIE, "")
    with console.db.read() as connection:
        topics = console.hub.watchable(connection, page.visitor, topic)

    def may_stay() -> bool:
        with console.db.read() as connection:
            return find_visitor(connection, token, console.wall()) is not None

    return EventStream(live_events(console.hub, topics, page.request.is_disconnected, may_stay))
