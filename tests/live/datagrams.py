"""What comes to a socket of the tests' own peers."""

from __future__ import annotations

import socket
from collections.abc import Iterator

__all__ = ["arriving"]


def arriving(sock: socket.socket) -> Iterator[tuple[bytes, tuple[str, int]]]:
    """Datagrams and where they come from, until the socket is closed; it has a timeout, or nobody would see that."""
    while True:
        try:
            yield sock.recvfrom(65535)
        except TimeoutError:
            continue
        except OSError:
            return
