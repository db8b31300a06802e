"""The sound of one SIP call. Each tick of the media thread takes what has arrived, plays one frame of it to our end, and sends one
frame of ours.
"""

from __future__ import annotations

import contextlib
import random
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from core.transports.sip.dtmf import KEYS, DigitReceiver, DigitSender, KeyLimit, key_tone
from core.transports.sip.g711 import SILENCE, decode, encode
from core.transports.sip.jitter import FRAME, JitterBuffer, JitterStats
from core.transports.sip.rtp import COMFORT_NOISE, RtpPacket, pack_rtp, parse_rtp
from core.transports.sip.sdp import OUR_EVENTS, STATIC, Stream
from core.transports.sip.source import Source
from core.voice.media_thread import TICK
from core.voice.ports import AudioEnd, Frame

__all__ = ["MediaSession"]

_MOST_PACKETS = 25  # of the call itself in one tick
_MOST_DATAGRAMS = 300  # with what is not of it: that costs little, and would delay the call's own if it stayed
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
        self.key_limit = KeyLimit()
        """Asked before a key of theirs is taken, whichever way it came."""
        self._socket = sock
        self._keys_in, self._keys_out = DigitReceiver(), DigitSender()
        self._asked_keys: deque[str] = deque()
        self._buffer: JitterBuffer | None = None
        self._codec = ""
        self._to: tuple[str, int] | None = None
        self._source = Source(0)
        self._left: int | None = None
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
        """Call `on_silence` after `seconds` without a packet (0: never). Suspended while the call is on hold."""
        self._unheard, self._most_unheard = 0, round(seconds / TICK)

    def tick(self) -> None:
        """Take what came, exchange a frame, send one."""
        self.key_limit.tick()
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
        seen, self._stream_seen = self._stream_seen, stream
        if seen is None or (seen.address, seen.port) != (stream.address, stream.port):
            self._left = None if self._to is None else self._to[1]
            self._to, self._source = (stream.address, stream.port), Source(stream.port)
        self._marker = True

    def _drain(self, stream: Stream | None) -> None:
        taken = 0
        for _ in range(_MOST_DATAGRAMS):
            try:
                datagram, source = self._socket.recvfrom(_LONGEST_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:  # an ICMP message about a datagram of ours
                continue
            if stream is None:
                continue
            packet = parse_rtp(datagram) if source[0] == stream.address else None
            if packet is None or packet.payload_type not in _known(stream) or not self._source.takes(source[1], packet.ssrc):
                self.refused += 1
                continue
            self._unheard = 0
            self._take(stream, packet)
            if source[1] != self._left:  # stragglers from the port that they have moved away from do not lead us back there
                self._to = (source[0], source[1])  # behind a NAT it is not the port that they wrote
            taken += 1
            if taken == _MOST_PACKETS:
                return

    def _miss(self, stream: Stream) -> None:
        """Count the ticks since the last packet."""
        self._source.tick()
        self._unheard = self._unheard + 1 if stream.receives else 0
        if self._unheard == self._most_unheard:
            self._most_unheard = 0
            self.on_silence()

    def _take(self, stream: Stream, packet: RtpPacket) -> None:
        if packet.payload_type in _events(stream):
            if (key := self._keys_in.receive(packet.timestamp, packet.payload)) is not None:
                self.on_digit(key)
        elif packet.payload_type != COMFORT_NOISE and len(packet.payload) <= 10 * FRAME:
            assert self._buffer is not None
            codec = stream.codec if packet.payload_type == stream.payload_type else STATIC[packet.payload_type]
            if codec != stream.codec:  # they may send whatever both have, in any packet
                packet = replace(packet, payload=encode(decode(packet.payload, codec), stream.codec))
            self._buffer.put(packet)

    def _send(self, stream: Stream, ours: Frame | None) -> None:
        if not stream.sends or self._to is None:
            self._marker = True
            return
        event = self._keys_out.next()
        if event is not None and stream.events is None:  # they have no telephone events: the tones of the key, as any phone plays them
            ours, event = key_tone(KEYS[event.payload[0]], event.since), None
        if event is not None and stream.events is not None:
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


def _events(stream: Stream) -> set[int]:
    """The payload types that their keys come under: the one that they wrote, or the one that we did. RFC 3264 wants the latter."""
    events = {OUR_EVENTS} if stream.events is None else {stream.events, OUR_EVENTS}
    return events - {stream.payload_type}


def _known(stream: Stream) -> set[int]:
    """The payload types that can be theirs."""
    return {stream.payload_type, COMFORT_NOISE, *STATIC} | _events(stream)
