"""The sound of many callees, in a process of its own: so that what is measured of ours is not theirs.

    python -m tests.live.rtp_farm CALLEES [SPEECH]

It prints its ports, one a line; each sends quiet noise every 20 ms to whoever sends to it, and what arrives is counted. With SPEECH, a file
of mu-law bytes, each callee says it again and again, with a pause after it, and how long it waits for an answer is measured. When its
input ends it prints one JSON object: for each port that was sent to, what came, and ends.
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
from pathlib import Path
from typing import Any

__all__ = ["Farm", "Heard", "rtp_farm"]

_HEADER = struct.Struct("!BBHII")
_TICK = 0.02
_PAUSE = 8.0  # seconds that a callee is silent after its speech
_LATE = 0.04  # a frame that comes so long after the one before: a jitter buffer of 40 ms has run dry


@dataclass
class Heard:
    """What came to one callee: packets, those that never came by their numbers, those that came late, and the longest gap in seconds.

    `answers` are the seconds from the end of its speech to the first sound that came.
    """

    packets: int = 0
    lost: int = 0
    late: int = 0
    longest_gap: float = 0.0
    answers: list[float] = field(default_factory=list)
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


def _loud(payload: bytes) -> bool:
    """Whether there is sound in mu-law bytes: the values of silence are the highest seven bits."""
    return any((byte & 0x7F) < 0x57 for byte in payload)


class _Callee:
    def __init__(self, luck: random.Random, speech: list[bytes]) -> None:
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
        self._speech, self._pause = speech, round(_PAUSE / _TICK)
        self._at = -round(luck.uniform(4, 8) / _TICK)  # not all at once, and after the opening
        self._asked: float | None = None

    def receive(self, now: float) -> None:
        while True:
            try:
                datagram, source = self.socket.recvfrom(2048)
            except OSError:
                return
            if source != self.to:  # another call, on the same port
                self.heard._sequence, self.to = -1, source
            self.heard.take(datagram, now)
            if self._asked is not None and _loud(datagram[12:]):
                self.heard.answers.append(now - self._asked)
                self._asked = None

    def send(self, noise: bytes, now: float) -> None:
        if self.to is not None:
            payload = self._says(now) or noise
            with contextlib.suppress(OSError):
                self.socket.sendto(_HEADER.pack(0x80, 0, self._sequence, self._timestamp, self._ssrc) + payload, self.to)
            self._sequence, self._timestamp = (self._sequence + 1) & 0xFFFF, (self._timestamp + 160) & 0xFFFFFFFF

    def _says(self, now: float) -> bytes | None:
        if not self._speech:
            return None
        at, self._at = self._at, self._at + 1
        if at == len(self._speech):
            self._asked = now
        if self._at == len(self._speech) + self._pause:
            self._at = 0
        return self._speech[at] if 0 <= at < len(self._speech) else None


def main(count: int, speech: bytes = b"") -> None:
    """Be that many callees."""
    luck = random.Random(5)
    said = [speech[at : at + 160] for at in range(0, len(speech) - 159, 160)]
    callees = [_Callee(luck, said) for _ in range(count)]
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
                callee.send(noise[tick % len(noise)], time.monotonic())


class Farm:
    """A farm that runs."""

    def __init__(self, process: subprocess.Popen[str], ports: list[int]) -> None:
        self.ports, self._process = ports, process

    def heard(self) -> list[Heard]:
        """What came to those that were called; it ends the farm."""
        written, _ = self._process.communicate("", timeout=20)
        lines: list[dict[str, Any]] = json.loads(written.splitlines()[-1])
        return [Heard(line["packets"], line["lost"], line["late"], line["longest_gap"], line["answers"]) for line in lines]


@contextmanager
def rtp_farm(count: int, speech: Path | None = None) -> Iterator[Farm]:
    """That many callees, in a process; it is ended with the block. They say what is in the file of mu-law bytes, if there is one."""
    command = [sys.executable, "-m", "tests.live.rtp_farm", str(count), *([str(speech)] if speech else [])]
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
    main(int(sys.argv[1]), Path(sys.argv[2]).read_bytes() if len(sys.argv) > 2 else b"")
