"""A bad network between us and the other side: a UDP relay that loses and repeats what it is told to.

Each side believes that the relay is the other one: the addresses within the messages are replaced as they pass.
"""

from __future__ import annotations

import re
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.live.sipp import free_port

__all__ = ["Fate", "Relay", "lose_first", "relay"]

Fate = Callable[[str, bytes], int]
"""How often a message arrives: told its kind (`INVITE`, `ACK`, `180 INVITE`, `200 BYE`) and the message; 0: it is lost."""

_STATUS = re.compile(rb"SIP/2\.0 (\d{3})")
_CSEQ = re.compile(rb"(?im)^CSeq:\s*\d+\s+([A-Z]+)")


def kind_of(message: bytes) -> str:
    """What a message is."""
    status, method = _STATUS.match(message), _CSEQ.search(message)
    of = method[1].decode() if method else "?"
    return f"{status[1].decode()} {of}" if status else of


def lose_first(*kinds: str) -> Fate:
    """The first message of each of these kinds is lost."""
    still = set(kinds)

    def fate(kind: str, _: bytes) -> int:
        if kind in still:
            still.discard(kind)
            return 0
        return 1

    return fate


class Relay:
    """A relay between us, whoever sends to `port` first, and the other side at `behind`.

    Attributes:
        seen: the kinds of all messages that reached the relay, in their order, lost ones as well.
        messages: those messages.
    """

    def __init__(self, behind: int, fate: Fate) -> None:
        self.port, self.seen, self.messages = free_port(), [], []  # type: tuple[int, list[str], list[bytes]]
        self._behind, self._fate = behind, fate
        self._ours, self._theirs = self._open(self.port), self._open(free_port())
        self._us: tuple[str, int] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @staticmethod
    def _open(port: int) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", port))
        return sock

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()
        self._ours.close()
        self._theirs.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            for sock in select.select([self._ours, self._theirs], [], [], 0.1)[0]:
                try:
                    message, source = sock.recvfrom(65536)
                except OSError:
                    continue
                if sock is self._ours:
                    self._us = source
                if self._us is not None:
                    self._pass_on(message, from_us=sock is self._ours)

    def _pass_on(self, message: bytes, *, from_us: bool) -> None:
        assert self._us is not None
        kind, theirs = kind_of(message), self._theirs.getsockname()[1]
        self.seen.append(kind)
        self.messages.append(message)
        for ours, stands_for in ((self._us[1], theirs), (self.port, self._behind)):
            old, new = (ours, stands_for) if from_us else (stands_for, ours)
            message = message.replace(f"127.0.0.1:{old}".encode(), f"127.0.0.1:{new}".encode())
        sock, to = (self._theirs, ("127.0.0.1", self._behind)) if from_us else (self._ours, self._us)
        for _ in range(self._fate(kind, message)):
            sock.sendto(message, to)


@contextmanager
def relay(behind: int, fate: Fate) -> Iterator[Relay]:
    """A relay in front of this port; it is ended with the block."""
    here = Relay(behind, fate)
    try:
        yield here
    finally:
        here.stop()
