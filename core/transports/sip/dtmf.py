"""Keys pressed on the phone, as telephone events in RTP (RFC 4733). Pure.

An event is one key: its packets share a timestamp, each says how long the key has been down so far, and the last, sent
three times because packets get lost, is marked as the end.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["KEYS", "DigitReceiver", "DigitSender", "EventPacket", "KeyLimit", "key_tone"]

KEYS = "0123456789*#ABCD"
"""The keys in the order of their event codes, 0 to 15."""

_PAYLOAD = struct.Struct("!BBH")
_FRAME = 160  # samples in 20 ms
_FRAMES_DOWN = 5  # 100 ms: the shortest that every gateway takes is 40 to 70 ms
_ENDS = 3
_GAP_FRAMES = 3  # between two keys
_VOLUME = 10  # dBm0 below zero
_REMEMBERED = 8
_ROWS, _LOW, _HIGH = ("123A", "456B", "789C", "*0#D"), (697, 770, 852, 941), (1209, 1336, 1477, 1633)
_MOST_AT_ONCE = 20.0
_PER_TICK = 0.4  # 20 a second: a machine that dials needs 13
_TONE = 7000.0  # about -10 dBm0 each


def key_tone(key: str, since: int) -> np.ndarray[Any, np.dtype[np.int16]]:
    """20 ms of the two tones of a key (Q.23), from so many samples after it went down: for a side that has no telephone events."""
    row = next(number for number, keys in enumerate(_ROWS) if key in keys)
    column = _ROWS[row].index(key)
    turns = 2 * np.pi * (np.arange(_FRAME) + since) / 8000
    return ((np.sin(turns * _LOW[row]) + np.sin(turns * _HIGH[column])) * _TONE).astype(np.int16)


class DigitReceiver:
    """Makes keys of the packets of one stream: each key once, whichever of its packets get lost or come twice."""

    def __init__(self) -> None:
        self._seen: deque[int] = deque(maxlen=_REMEMBERED)

    def receive(self, timestamp: int, payload: bytes) -> str | None:
        """The key that this packet is the first of; None for its further packets and for what is not a key."""
        if len(payload) < _PAYLOAD.size or timestamp in self._seen:
            return None
        self._seen.append(timestamp)
        return KEYS[payload[0]] if payload[0] < len(KEYS) else None


class KeyLimit:
    """How many keys of a caller are taken: twenty at once, and twenty a second. What nobody can press is a flood, and is dropped.

    `tick` is called every 20 ms; two threads that ask at once may be let in one key too many.
    """

    def __init__(self) -> None:
        self._left = _MOST_AT_ONCE

    def tick(self) -> None:
        """20 ms have passed."""
        self._left = min(self._left + _PER_TICK, _MOST_AT_ONCE)

    def admit(self) -> bool:
        """Whether one more key is taken; it is counted then."""
        if self._left < 1:
            return False
        self._left -= 1
        return True


@dataclass(frozen=True)
class EventPacket:
    """What one packet of a key carries; `starts` marks the first one, `since` is how many samples ago the key went down."""

    payload: bytes
    starts: bool
    since: int


class DigitSender:
    """The packets of keys that are to be sent, one every 20 ms."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._frame = 0

    def press(self, keys: str) -> None:
        """Press keys one after another.

        Raises:
            ValueError: if one of them is not on a phone.
        """
        if wrong := [key for key in keys.upper() if key not in KEYS]:
            raise ValueError(f"there is no key {wrong[0]!r} on a phone")
        self._waiting.extend(keys.upper())

    @property
    def pressing(self) -> bool:
        """Whether a key is down, or waits."""
        return bool(self._waiting)

    def next(self) -> EventPacket | None:
        """The packet of this frame; None if no key is down: voice goes on then."""
        if not self._waiting:
            return None
        frame = self._frame
        self._frame += 1
        if frame >= _FRAMES_DOWN - 1 + _ENDS:  # the pause after a key
            if frame >= _FRAMES_DOWN - 1 + _ENDS + _GAP_FRAMES - 1:
                self._waiting.popleft()
                self._frame = 0
            return None
        ends = frame >= _FRAMES_DOWN - 1
        duration = min(frame + 1, _FRAMES_DOWN) * _FRAME
        payload = _PAYLOAD.pack(KEYS.index(self._waiting[0]), (0x80 if ends else 0) | _VOLUME, duration)
        return EventPacket(payload, starts=frame == 0, since=frame * _FRAME)
