"""The sound of the other side: a socket that sends and receives RTP in a thread of its own, every 20 ms."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from core.transports.sip.codec_names import Codec
from core.transports.sip.g711 import decode, encode
from core.voice.ports import FRAME, Frame

__all__ = ["RtpPeer", "rtp_peer"]


class RtpPeer:
    """What was sent to it, and what it sends to whoever sent to it first.

    Attributes:
        arrived: (seconds since the start, payload type, payload) of every packet.
    """

    def __init__(self, sock: socket.socket, codec: Codec) -> None:
        self._socket, self._codec = sock, codec
        self.arrived: list[tuple[float, int, bytes]] = []
        self.port = int(sock.getsockname()[1])
        self._queue: list[tuple[int, bytes, int]] = []  # payload type, payload, how far the timestamp goes on
        self._stop, self._paused = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self.began = time.monotonic()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def say(self, sound: Frame) -> None:
        """Send sound, after what waits already."""
        kind = 0 if self._codec == "PCMU" else 8
        whole = sound[: len(sound) - len(sound) % FRAME]
        with self._lock:
            self._queue += [(kind, encode(whole[at : at + FRAME], self._codec), FRAME) for at in range(0, len(whole), FRAME)]

    def press(self, code: int) -> None:
        """Send a key, with the end repeated."""
        packets = [(code, 0x0A, 160), (code, 0x0A, 320), (code, 0x8A, 480), (code, 0x8A, 480), (code, 0x8A, 480)]
        with self._lock:
            self._queue += [(101, struct.pack("!BBH", *packet), 0) for packet in packets[:-1]]
            self._queue.append((101, struct.pack("!BBH", *packets[-1]), 5 * FRAME))

    def pause(self) -> None:
        """Send nothing any more."""
        self._paused.set()

    def heard(self, since: float = 0.0) -> Frame:
        """What was sent to it, from so many seconds on."""
        kind = 0 if self._codec == "PCMU" else 8
        payloads = [payload for at, received, payload in list(self.arrived) if received == kind and at >= since]
        return decode(b"".join(payloads), self._codec) if payloads else np.zeros(0, dtype=np.int16)

    def now(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.began

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        sequence, timestamp, to = 100, 5000, None
        due = time.monotonic()
        while not self._stop.wait(max(due - time.monotonic(), 0)):
            due += 0.02
            while True:
                try:
                    data, to = self._socket.recvfrom(2048)
                except BlockingIOError:
                    break
                self.arrived.append((self.now(), data[1] & 0x7F, data[12:]))
            if to is None or self._paused.is_set():
                continue
            with self._lock:
                quiet = encode(np.zeros(FRAME, dtype=np.int16), self._codec)
                kind, payload, step = self._queue.pop(0) if self._queue else (0 if self._codec == "PCMU" else 8, quiet, FRAME)
            self._socket.sendto(struct.pack("!BBHII", 0x80, kind, sequence & 0xFFFF, timestamp, 77) + payload, to)
            sequence, timestamp = sequence + 1, timestamp + step


@contextmanager
def rtp_peer(codec: Codec = "PCMU") -> Iterator[RtpPeer]:
    """A peer on a free port of loopback."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    peer = RtpPeer(sock, codec)
    try:
        yield peer
    finally:
        peer.stop()
