"""Hosts that are apps in this process: their requests are answered in the calling task."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import httpx

from core.kernel.failures import without_values

__all__ = ["AsgiApp", "Router", "logged"]

log = logging.getLogger(__name__)

AsgiApp = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[MutableMapping[str, Any]]], Callable[[MutableMapping[str, Any]], Awaitable[None]]],
    Awaitable[None],
]


class Router(httpx.AsyncBaseTransport):
    """Requests to a mounted host go to its app, all others out."""

    def __init__(self, apps: Mapping[str, httpx.AsyncBaseTransport], outside: httpx.AsyncBaseTransport) -> None:
        self._apps, self._outside = apps, outside

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The reply of the host's app, or of the network."""
        return await self._apps.get(request.url.host, self._outside).handle_async_request(request)

    async def aclose(self) -> None:
        """Close the network connections."""
        await self._outside.aclose()


def logged(app: AsgiApp, host: str) -> AsgiApp:
    """The app, with its failures logged: the transport turns them into a 500 and drops them."""

    async def run(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        try:
            await app(scope, receive, send)
        except Exception as error:
            log.error("the app at %s failed: %s", host, without_values(error))
            raise

    return run
