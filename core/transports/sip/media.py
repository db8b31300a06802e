"""The sound of one SIP call. Each tick of the media thread takes what has arrived, plays one frame of it to our end, and sends one
frame of ours.
"""

from __future__ import annotations

import contextlib
import random
import socket
from collections import deque
from collections.abc import Callable

import numpy as np

from core.transports.sip.dtmf import DigitReceiver, DigitSender
from core.transports.sip.g711 import SILENCE, decode, encode
from core.transports.sip.jitter import FRAME, JitterBuffer, JitterStats
from core.transports.sip.rtp import RtpPacket, pack_rtp, parse_rtp
from core.transports.sip.sdp import Stream
from core.voice.media_thread import TICK
from core.voice.ports import AudioEnd, Frame

__all__ = ["MediaSession"]

_MOST_DATAGRAMS = 25  # of one call in one tick
_LONGEST_DATAGRAM = 2048
_QUIET: Frame = np.zeros(FRAME, dtype=np.int16)


class MediaSession:
    """The sound of one call.

    Attributes are set from other threads as a whole: `stream` by signalling (None: nothing agreed yet), `end` by the
    call's leg, `on_digit` (called in the media thread for each key that the callee presses) and `on_silence` (called in it
    once, see `watch`) before the session is added.

    Args:
        sock: a bound UDP socket that does not block; the session closes it.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.stream: Stream | None = None
        self.end: AudioEnd | None = None
        self.on_digit: Callable[[str], None] = lambda _: None
        self.on_silence: Callable[[], None] = lambda: None
        self.sent = self.refused = 0
        """Packets that were sent, and datagrams that were not the callee's."""
        self._socket = sock
        self._keys_in, self._keys_out = DigitReceiver(), DigitSender()
        self._asked_keys: deque[str] = deque()
        self._buffer: JitterBuffer | None = None
        self._codec = ""
        self._to: tuple[str, int] | None = None
        self._stream_seen: Stream | None = None
        self._sequence, self._ssrc = random.getrandbits(16), random.getrandbits(32)
        self._timestamp = random.getrandbits(32)
        self._marker = True
        self._unheard = self._most_unheard = 0  # ticks

    @property
    def port(self) -> int:
        """The local port."""
        return int(self._socket.getsockname()[1])

    @property
    def jitter(self) -> JitterStats:
        """What happened to the packets that came."""
        return self._buffer.stats if self._buffer else JitterStats()

    def press(self, keys: str) -> None:
        """Send keys, from the next tick on. From any thread.

        Raises:
            ValueError: if one of them is not on a phone.
        """
        DigitSender().press(keys)  # checked here, where somebody hears of it
        self._asked_keys.append(keys)

    def watch(self, seconds: float) -> None:
        """From now on call `on_silence` when not one packet has come for so long; 0: never. While we are on hold nobody is missed."""
        self._unheard, self._most_unheard = 0, round(seconds / TICK)

    def tick(self) -> None:
        """Take what came, exchange a frame, send one."""
        stream = self.stream
        if stream is None:
            self._drain(None)
            return
        if stream is not self._stream_seen:
            self._change(stream)
        self._drain(stream)
        self._miss(stream)
        played = self._buffer.pop() if self._buffer and stream.receives else None
        heard = _QUIET if played is None else decode(played, stream.codec)
        ours = self.end.exchange(heard) if self.end is not None else None
        while self._asked_keys:
            self._keys_out.press(self._asked_keys.popleft())
        self._send(stream, ours)
        self._timestamp = (self._timestamp + FRAME) & 0xFFFFFFFF

    def close(self) -> None:
        """Close the socket. In the media thread."""
        self._socket.close()

    def _change(self, stream: Stream) -> None:
        """Something else was agreed: at first, or on a re-INVITE."""
        if self._buffer is None or stream.codec != self._codec:
            self._buffer = JitterBuffer(SILENCE[stream.codec])
            self._codec = stream.codec
        self._to = (stream.address, stream.port)
        self._stream_seen = stream
        self._marker = True

    def _drain(self, stream: Stream | None) -> None:
        for _ in range(_MOST_DATAGRAMS):
            try:
                datagram, source = self._socket.recvfrom(_LONGEST_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:  # an ICMP message about a datagram of ours
                continue
            if stream is None:
                continue
            if source[0] != stream.address or (packet := parse_rtp(datagram)) is None:
                self.refused += 1
                continue
            self._unheard = 0
            self._take(stream, packet)
            self._to = (source[0], source[1])  # behind a NAT it is not the port that they wrote

    def _miss(self, stream: Stream) -> None:
        """Count the ticks since the last packet."""
        self._unheard = self._unheard + 1 if stream.receives else 0
        if self._unheard == self._most_unheard:
            self._most_unheard = 0
            self.on_silence()

    def _take(self, stream: Stream, packet: RtpPacket) -> None:
        if packet.payload_type == stream.payload_type:
            assert self._buffer is not None
            if len(packet.payload) <= 10 * FRAME:
                self._buffer.put(packet)
        elif packet.payload_type == stream.events and (key := self._keys_in.receive(packet.timestamp, packet.payload)) is not None:
            self.on_digit(key)

    def _send(self, stream: Stream, ours: Frame | None) -> None:
        if not stream.sends or self._to is None:
            self._marker = True
            return
        event = self._keys_out.next() if stream.events is not None else None
        if event is not None:
            assert stream.events is not None
            timestamp = (self._timestamp - event.since) & 0xFFFFFFFF
            packet = RtpPacket(stream.events, event.starts, self._sequence, timestamp, self._ssrc, event.payload)
        else:
            payload = bytes([SILENCE[stream.codec]]) * FRAME if ours is None else encode(ours, stream.codec)
            packet = RtpPacket(stream.payload_type, self._marker, self._sequence, self._timestamp, self._ssrc, payload)
            self._marker = False
        self._sequence = (self._sequence + 1) & 0xFFFF
        with contextlib.suppress(OSError):  # a full buffer, an unreachable host: a lost packet, like any
            self._socket.sendto(pack_rtp(packet), self._to)
            self.sent += 1
