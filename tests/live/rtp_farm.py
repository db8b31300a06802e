"""The sound of many callees, in a process of its own: so that what is measured of ours is not theirs.

    python -m tests.live.rtp_farm CALLEES

It prints its ports, one a line; each sends quiet noise every 20 ms to whoever sends to it, and what arrives is counted. When its input
ends it prints one JSON object: for each port that was sent to, what came, and ends.
"""

from __future__ import annotations

import contextlib
import json
import random
import selectors
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Farm", "Heard", "rtp_farm"]

_HEADER = struct.Struct("!BBHII")
_TICK = 0.02
_LATE = 0.04  # a frame that comes so long after the one before: a jitter buffer of 40 ms has run dry


@dataclass
class Heard:
    """What came to one callee: packets, those that never came by their numbers, those that came late, and the longest gap in seconds."""

    packets: int = 0
    lost: int = 0
    late: int = 0
    longest_gap: float = 0.0
    _sequence: int = field(default=-1, repr=False)
    _at: float = field(default=0.0, repr=False)

    def take(self, datagram: bytes, now: float) -> None:
        """A packet."""
        sequence = int.from_bytes(datagram[2:4], "big")
        if self._sequence >= 0:
            self.lost += max(((sequence - self._sequence) & 0xFFFF) - 1, 0)
            gap = now - self._at
            self.late += gap > _LATE
            self.longest_gap = max(self.longest_gap, gap)
        self._sequence, self._at = sequence, now
        self.packets += 1


class _Callee:
    def __init__(self, luck: random.Random) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        while True:
            self.socket.bind(("127.0.0.1", 0))
            if self.socket.getsockname()[1] % 2 == 0:
                break
            self.socket.close()
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.heard, self.to = Heard(), None  # type: tuple[Heard, tuple[str, int] | None]
        self._sequence, self._timestamp, self._ssrc = luck.getrandbits(15), luck.getrandbits(31), luck.getrandbits(32)

    def receive(self, now: float) -> None:
        while True:
            try:
                datagram, source = self.socket.recvfrom(2048)
            except OSError:
                return
            if source != self.to:  # another call, on the same port
                self.heard._sequence, self.to = -1, source
            self.heard.take(datagram, now)

    def send(self, payload: bytes) -> None:
        if self.to is not None:
            with contextlib.suppress(OSError):
                self.socket.sendto(_HEADER.pack(0x80, 0, self._sequence, self._timestamp, self._ssrc) + payload, self.to)
            self._sequence, self._timestamp = (self._sequence + 1) & 0xFFFF, (self._timestamp + 160) & 0xFFFFFFFF


def main(count: int) -> None:
    """Be that many callees."""
    luck = random.Random(5)
    callees = [_Callee(luck) for _ in range(count)]
    noise = [bytes(luck.choice((0xFE, 0xFF, 0x7E, 0x7F)) for _ in range(160)) for _ in range(50)]
    selector = selectors.DefaultSelector()
    for callee in callees:
        selector.register(callee.socket, selectors.EVENT_READ, callee)
    selector.register(sys.stdin, selectors.EVENT_READ, None)
    print(*(callee.socket.getsockname()[1] for callee in callees), sep="\n", flush=True)
    due, tick = time.monotonic() + _TICK, 0
    while True:
        for key, _ in selector.select(max(due - time.monotonic(), 0)):
            if key.data is None:
                heard = [{"port": callee.socket.getsockname()[1], **asdict(callee.heard)} for callee in callees if callee.heard.packets]
                print(json.dumps(heard), flush=True)
                return
            key.data.receive(time.monotonic())
        if time.monotonic() >= due:
            due = max(due + _TICK, time.monotonic())
            tick += 1
            for callee in callees:
                callee.send(noise[tick % len(noise)])


class Farm:
    """A farm that runs."""

    def __init__(self, process: subprocess.Popen[str], ports: list[int]) -> None:
        self.ports, self._process = ports, process

    def heard(self) -> list[Heard]:
        """What came to those that were called; it ends the farm."""
        written, _ = self._process.communicate("", timeout=20)
        lines: list[dict[str, Any]] = json.loads(written.splitlines()[-1])
        return [Heard(line["packets"], line["lost"], line["late"], line["longest_gap"]) for line in lines]


@contextmanager
def rtp_farm(count: int) -> Iterator[Farm]:
    """That many callees, in a process; it is ended with the block."""
    command = [sys.executable, "-m", "tests.live.rtp_farm", str(count)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield Farm(process, [int(process.stdout.readline()) for _ in range(count)])
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(5)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
