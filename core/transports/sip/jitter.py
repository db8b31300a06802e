"""The jitter buffer: what arrives in bursts, twice, late or never is played evenly, a little later. Pure.

It is a window of samples on the sender's own time line, so packets of any length (10 to 60 ms) and senders that fall
silent between words are alike to it. Playing begins when `TARGET` has been gathered. A sender whose clock is fast fills
the window: above `MOST` the oldest audio is skipped. One that is slow, or that fell silent, empties it: then it is
gathered anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.transports.sip.rtp import RtpPacket, forward

__all__ = ["FRAME", "MOST", "TARGET", "JitterBuffer", "JitterStats"]

FRAME = 160
"""Samples that are played at once: 20 ms."""
TARGET = 2 * FRAME
"""What is gathered before playing begins: 40 ms."""
MOST = 10 * FRAME
"""What is kept at most, on average: 200 ms."""
_WINDOW = 50 * FRAME  # what is farther ahead belongs to a new time line
_STARVED_FRAMES = 3


@dataclass
class JitterStats:
    """What happened to the packets of one stream. `lost` counts gaps in the numbering, later filled or not."""

    received: int = 0
    lost: int = 0
    late: int = 0
    restarts: int = 0


class JitterBuffer:
    """Packets of one stream in, frames of `FRAME` bytes out (one byte is one sample).

    Args:
        silence: the byte to play where nothing came.
    """

    def __init__(self, silence: int) -> None:
        self.stats = JitterStats()
        self._silence = silence
        self._audio = bytearray()  # from the sample that is played next
        self._there = bytearray()  # 1 for each sample that came
        self._head = 0
        self._ssrc: int | None = None
        self._sequence = 0
        self._gathering = True
        self._starved = 0

    def put(self, packet: RtpPacket) -> None:
        """Take a packet of voice."""
        self.stats.received += 1
        if packet.ssrc != self._ssrc:
            self._restart(packet)
        step = forward(self._sequence, packet.sequence, 16)
        if step > 0:
            self.stats.lost += step - 1
            self._sequence = packet.sequence
        if self._gathering and not self._audio:
            self._head = packet.timestamp
        place, payload = forward(self._head, packet.timestamp, 32), packet.payload
        if not -_WINDOW <= place <= _WINDOW:
            self._restart(packet)
            place = 0
        if place < 0 and self._gathering and len(self._audio) - place <= _WINDOW:  # came before the first one: reordered
            self._audio[:0], self._there[:0] = bytes([self._silence]) * -place, bytes(-place)
            self._head, place = packet.timestamp, 0
        if place < 0:
            payload = payload[-place:]
            place = 0
            if not payload:
                self.stats.late += 1
                return
        end = place + len(payload)
        if end > len(self._audio):
            missing = end - len(self._audio)
            self._audio += bytes([self._silence]) * missing
            self._there += bytes(missing)
        self._audio[place:end] = payload
        self._there[place:end] = b"\x01" * len(payload)
        if len(self._audio) > MOST:
            self._drop(len(self._audio) - TARGET)

    def pop(self) -> bytes | None:
        """The next frame to be played; None while there is nothing to play."""
        if self._gathering:
            if len(self._audio) < TARGET:
                return None
            self._gathering = False
        if self._there.find(1, 0, FRAME) < 0:
            self._starved += 1
            if self._starved >= _STARVED_FRAMES and self._there.find(1) < 0:
                self._audio.clear()
                self._there.clear()
                self._gathering = True
                self._starved = 0
                return None
        else:
            self._starved = 0
        frame = bytes(self._audio[:FRAME])
        self._drop(FRAME)
        return frame + bytes([self._silence]) * (FRAME - len(frame))

    @property
    def depth(self) -> int:
        """Samples that wait."""
        return len(self._audio)

    def _drop(self, samples: int) -> None:
        del self._audio[:samples], self._there[:samples]
        self._head = (self._head + samples) & 0xFFFFFFFF

    def _restart(self, packet: RtpPacket) -> None:
        """Another stream, or the same one on a new time line: begin again with this packet."""
        if self._ssrc is not None:
            self.stats.restarts += 1
        self._ssrc, self._head, self._sequence = packet.ssrc, packet.timestamp, packet.sequence
        self._audio.clear()
        self._there.clear()
        self._gathering, self._starved = True, 0
