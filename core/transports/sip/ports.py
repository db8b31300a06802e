"""The UDP ports of the sound of calls."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading

__all__ = ["NoPortLeft", "PortRange"]


class NoPortLeft(OSError):
    """Every port of the range is in use."""


class PortRange:
    """Even ports from `first` to `last`, taken in turn, so that one is not used again at once: packets of the call before may
    still come.

    Args:
        address: the local address that they are bound to.
        first: the lowest port.
        last: the highest one.
    """

    def __init__(self, address: str, first: int, last: int) -> None:
        self._address = address
        self._ports = range(first + first % 2, last + 1, 2)
        self._next = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._ports)

    def free(self, wanted: int) -> int:
        """How many could be opened now; counted up to `wanted`.

        Raises:
            OSError: none can ever be, for the address is not one of this machine's.
        """
        found = 0
        for port in self._ports:
            if found >= wanted:
                break
            with socket.socket(socket.AF_INET6 if ":" in self._address else socket.AF_INET, socket.SOCK_DGRAM) as sock:
                try:
                    sock.bind((self._address, port))
                except OSError as error:
                    if error.errno == errno.EADDRNOTAVAIL:
                        raise
                    continue
                found += 1
        return found

    def open(self) -> socket.socket:
        """A bound socket that does not block.

        Raises:
            NoPortLeft: see there.
        """
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        with self._lock:
            for _ in self._ports:
                port = self._ports[self._next % len(self._ports)]
                self._next += 1
                sock = socket.socket(family, socket.SOCK_DGRAM)
                with contextlib.suppress(OSError):
                    sock.bind((self._address, port))
                    sock.setblocking(False)
                    return sock
                sock.close()
        raise NoPortLeft(f"no UDP port of {self._ports[0]}-{self._ports[-1]} is free: give the trunk more RTP ports, or fewer channels")
