"""Voice activity by the energy of frames over the noise of the line. Pure.

It follows the line's noise, fast downwards and slowly upwards; a frame well above it is speech. Telephone networks suppress echo and noise,
so this is usually enough; anything with the same interface can replace it.
"""

from __future__ import annotations

import math
from typing import Literal, Protocol

import numpy as np

from core.voice.ports import FRAME_SECONDS, Frame

__all__ = ["Activity", "ActivityDetector", "EnergyDetector", "level"]

Activity = Literal["began", "ended"]

_FULL_SCALE = 32768.0
_QUIETEST = -96.0


def level(frame: Frame) -> float:
    """The level of a frame in dB relative to full scale: 0 at most, -96 for silence."""
    power = float(np.mean(frame.astype(np.float64) ** 2)) / _FULL_SCALE**2
    return max(10 * math.log10(power), _QUIETEST) if power > 0 else _QUIETEST


class ActivityDetector(Protocol):
    """Detects when somebody begins and stops speaking."""

    def feed(self, frame: Frame) -> Activity | None:
        """Take the next frame of 20 ms. Returns what changed with it."""


class EnergyDetector:
    """An `ActivityDetector`.

    Args:
        begin_seconds: shortest speech that counts; anything shorter is a click.
        end_seconds: silence after which a turn counts as over.
        above_noise: dB above the noise of the line at which a frame is speech.
        quietest: level in dB relative to full scale below which nothing is speech.
    """

    def __init__(self, *, begin_seconds: float = 0.1, end_seconds: float = 0.7, above_noise: float = 12.0, quietest: float = -42.0) -> None:
        self._begin, self._end = round(begin_seconds / FRAME_SECONDS), round(end_seconds / FRAME_SECONDS)
        self._above, self._quietest = above_noise, quietest
        self._noise = -60.0
        self._loud = self._quiet = 0
        self._speaking = False

    def feed(self, frame: Frame) -> Activity | None:
        """Take the next frame of 20 ms. Returns what changed with it."""
        loudness = level(frame)
        threshold = max(self._noise + self._above, self._quietest)
        is_loud = loudness > (threshold - 3 if self._speaking else threshold)
        if loudness < self._noise:
            self._noise += (loudness - self._noise) * 0.2
        else:
            self._noise += min(0.01 if self._speaking else 0.04, loudness - self._noise)  # dB a frame: 0.5 or 2 a second
        if is_loud:
            self._loud, self._quiet = self._loud + 1, 0
        else:
            self._quiet += 1
            if self._quiet > 2:
                self._loud = 0
        if not self._speaking and self._loud >= self._begin:
            self._speaking = True
            return "began"
        if self._speaking and self._quiet >= self._end:
            self._speaking, self._loud = False, 0
            return "ended"
        return None
