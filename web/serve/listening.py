"""The socket that an HTTP server of ours listens on, and the server's settings."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn

__all__ = ["config_for", "listen"]

_KEEP_ALIVE_SECONDS = 75
"""Longer than clients keep an idle connection, so that it is they who close it: a request that meets our closing is lost."""


def listen(host: str, port: int) -> socket.socket:
    """A TCP socket that listens; `port` 0 takes a free one.

    Its connections send at once what is written (TCP_NODELAY). An answer is written in two parts, head and body, and by
    default the second one waits for the client's acknowledgement of the first, which clients delay by 40 ms. asyncio
    would set the option itself, but not for connections of a socket that was made like this one.

    Raises:
        OSError: nothing can listen there.
    """
    listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def config_for(app: Any, **more: Any) -> uvicorn.Config:
    """The settings of a server for this app; no log of its own, since paths have phone numbers in them."""
    return uvicorn.Config(
        app, **{"log_config": None, "access_log": False, "lifespan": "off", "timeout_keep_alive": _KEEP_ALIVE_SECONDS, **more}
    )
