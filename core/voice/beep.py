"""The tone of an answering machine after which it records. Pure.

A beep is one steady tone: nearly all the energy of 40 ms stands at one frequency, which stays the same for 0.14 to 1.4
seconds. Speech never does that for so long; ringback, dial and fax tones last longer.
"""

from __future__ import annotations

import numpy as np

from core.voice.activity import level
from core.voice.ports import FRAME, FRAME_SECONDS, RATE, Frame

__all__ = ["BeepDetector"]

_LOWEST, _HIGHEST = 350.0, 2200.0  # Hz
_SHARE = 0.85
_LOUDEST_NOISE = -38.0
_SWAY = 40.0  # Hz
_SHORTEST, _LONGEST = round(0.14 / FRAME_SECONDS), round(1.4 / FRAME_SECONDS)
_WINDOW = np.hanning(2 * FRAME)
_STEP = RATE / (2 * FRAME)


class BeepDetector:
    """Feed it every frame of the callee."""

    def __init__(self) -> None:
        self._before: Frame = np.zeros(FRAME, dtype=np.int16)
        self._tone: float | None = None
        self._frames = 0

    def feed(self, frame: Frame) -> bool:
        """Whether a beep has just ended."""
        tone = self._tone_of(frame)
        self._before = frame
        if tone is not None and self._tone is not None and abs(tone - self._tone) <= _SWAY:
            self._frames += 1
            return False
        ended = tone is None and _SHORTEST <= self._frames <= _LONGEST
        self._tone, self._frames = tone, 0 if tone is None else 1
        return ended

    def _tone_of(self, frame: Frame) -> float | None:
        """The frequency of a steady tone in the last 40 ms, in Hz."""
        if level(frame) < _LOUDEST_NOISE:
            return None
        power = np.abs(np.fft.rfft(np.concatenate((self._before, frame)) * _WINDOW)) ** 2
        peak = int(np.argmax(power))
        near = power[max(peak - 2, 0) : peak + 3]
        if near.sum() < _SHARE * power.sum():
            return None
        frequency = float((near * np.arange(max(peak - 2, 0), max(peak - 2, 0) + len(near))).sum() / near.sum()) * _STEP
        return frequency if _LOWEST <= frequency <= _HIGHEST else None
