"""The listening socket of an HTTP server of ours, and the server's settings."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

__all__ = ["config_for", "listen"]

_KEEP_ALIVE_SECONDS = 75
"""Longer than clients keep an idle connection, so that they close it first: a request sent while we close is lost."""


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; `port` 0 picks a free one.

    Its connections send immediately (TCP_NODELAY). A response is written in two parts, head and body; by default the second one waits for
    the client's acknowledgement of the first, which clients delay by 40 ms. asyncio sets the option itself, but not for connections of a
    socket created this way.

    Raises:
        OSError: the address cannot be listened on.
    """
    listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


_MOST_SOCKET_BYTES = 65_536
_PING_SECONDS = 20.0
_CLOSING_SECONDS = 10.0
_FIRST_REQUEST_SECONDS = 20.0


class _Http(AutoHTTPProtocol):  # type: ignore[misc, valid-type] # uvicorn chooses one of two classes
    """HTTP with a time limit for the first request: uvicorn keeps a connection that never sends one for ever, and file descriptors are
    scarce.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Give the client a few seconds for the head of its first request."""
        super().connection_made(transport)
        self.loop.call_later(_FIRST_REQUEST_SECONDS, self._give_up)

    def _give_up(self) -> None:
        if self.cycle is None and self.transport.get_protocol() is self:  # otherwise it has sent one, or become a WebSocket
            self.transport.abort()


class _WebSockets(WebSocketsSansIOProtocol):
    """WebSockets that are sure to close: uvicorn first sends everything, which a client that does not read can delay for ever."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the kernel's send buffer small, too: then a client that does not read shows after seconds of sound, not after a minute."""
        super().connection_made(transport)
        if (sock := transport.get_extra_info("socket")) is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOST_SOCKET_BYTES)

    async def run_asgi(self) -> None:
        """Run the app, then give the client a few seconds to read the rest."""
        await super().run_asgi()
        self.loop.call_later(_CLOSING_SECONDS, self._abort)

    def keepalive_timeout(self) -> None:
        """The client is gone: it did not answer a ping."""
        super().keepalive_timeout()
        self._abort()

    def _abort(self) -> None:
        transport: asyncio.Transport = self.transport
        transport.abort()


def config_for(app: Any, **more: Any) -> uvicorn.Config:
    """The settings of a server for this app. No access log: paths contain phone numbers, and queries contain tokens."""
    settings = {
        "log_config": None,
        "log_level": "warning",
        "access_log": False,
        "lifespan": "off",
        "timeout_keep_alive": _KEEP_ALIVE_SECONDS,
        "http": _Http,
        "ws": _WebSockets,
        "ws_max_size": _MOST_SOCKET_BYTES,
        "ws_ping_interval": _PING_SECONDS,
        "ws_ping_timeout": _PING_SECONDS,
        "ws_per_message_deflate": False,  # a small message could expand to a very large one
    }
    return uvicorn.Config(app, **{**settings, **more})
