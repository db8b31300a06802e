"""A TCP relay in front of PostgreSQL that can swallow packets, or be gone: what an outage is to a client."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator
from typing import Literal

__all__ = ["Relay", "relay_to"]

Mode = Literal["pass", "swallow", "refuse"]


class Relay:
    """Relays to a Unix socket. `swallow` keeps every connection open and lets nothing through; `refuse` closes them all.

    Args:
        target: the path of the server's socket.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self.mode: Mode = "pass"
        self._listener: socket.socket | None = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._stop = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._stop = True
        self._thread.join(5)
        for one in list(self._pairs):
            self._drop(one)
        if self._listener is not None:
            self._listener.close()
        self._selector.close()

    def _run(self) -> None:
        while not self._stop:
            if self.mode == "swallow":
                threading.Event().wait(0.02)
                continue
            if self.mode == "refuse" and self._listener is not None:
                self._selector.unregister(self._listener)
                self._listener.close()
                self._listener = None
                for one in list(self._pairs):
                    self._drop(one)
            if self.mode == "pass" and self._listener is None:
                self._listener = socket.create_server(("127.0.0.1", self.port))
                self._selector.register(self._listener, selectors.EVENT_READ)
            for key, _ in self._selector.select(0.02):
                found = key.fileobj
                assert isinstance(found, socket.socket)
                if found is self._listener:
                    self._accept(found)
                else:
                    self._relay(found)

    def _accept(self, listener: socket.socket) -> None:
        client, _ = listener.accept()
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._target)
        for one, other in ((client, server), (server, client)):
            self._pairs[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _relay(self, one: socket.socket) -> None:
        if one not in self._pairs:
            return
        try:
            data = one.recv(65536)
            if data:
                self._pairs[one].sendall(data)
                return
        except OSError:
            pass
        self._drop(one)

    def _drop(self, one: socket.socket) -> None:
        other = self._pairs.pop(one, None)
        if other is None:
            return
        self._pairs.pop(other, None)
        for each in (one, other):
            self._selector.unregister(each)
            each.close()


@contextlib.contextmanager
def relay_to(target: str) -> Iterator[Relay]:
    """A relay within the block."""
    relay = Relay(target)
    try:
        yield relay
    finally:
        relay.close()
