"""Classifies 20 ms of the callee's sound: silence, one steady tone, several steady tones, or something like speech. Pure.

A beep is one steady tone: nearly all the energy of 40 ms is at one frequency, which stays the same for 0.14 to 1.4 seconds. Speech never
does that; whole bursts of ringback, dial tones and fax tones last longer. `core.voice.machine_tones` decides whether a beep is
an answering machine's, from what was heard before and after it.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from core.voice.activity import level
from core.voice.ports import FRAME, FRAME_SECONDS, RATE, Frame

__all__ = ["BeepDetector", "Kind"]

Kind = Literal["quiet", "tone", "chord", "speech"]
"""`chord`: two steady tones at once, as in keys and busy tones."""

_LOWEST, _HIGHEST = 350.0, 2200.0  # Hz
_SHARE = 0.85
_SHARE_OF_TWO: Final = 0.9
_LOUDEST_NOISE = -38.0
_SWAY = 40.0  # Hz
_SHORTEST, _LONGEST = round(0.14 / FRAME_SECONDS), round(1.4 / FRAME_SECONDS)
_WINDOW = np.hanning(2 * FRAME)
_STEP = RATE / (2 * FRAME)


class BeepDetector:
    """Feed it every frame of the callee. After each, `kind`, `frequency` and `frames` say what was heard."""

    def __init__(self) -> None:
        self._before: Frame = np.zeros(FRAME, dtype=np.int16)
        self._pair: tuple[float, float] | None = None
        self.kind: Kind = "quiet"
        self.frequency: float | None = None
        """Of the current tone, in Hz; None if there is none."""
        self.frames = 0
        """How many frames the current tone has lasted."""
        self.ended: float | None = None
        """The frequency of the tone that ended with the last frame, whatever its length; None if none did."""
        self.lasted = 0
        """How many frames the ended tone lasted."""

    def feed(self, frame: Frame) -> bool:
        """Whether a tone of the length of a beep has just ended."""
        tone = self._look(frame)
        self._before = frame
        self.ended = None
        if tone is not None and self.frequency is not None and abs(tone - self.frequency) <= _SWAY:
            self.frames += 1
            return False
        if self.frequency is not None:
            self.ended, self.lasted = self.frequency, self.frames
        self.frequency, self.frames = tone, 0 if tone is None else 1
        return tone is None and self.ended is not None and _SHORTEST <= self.lasted <= _LONGEST

    def _look(self, frame: Frame) -> float | None:
        """The frequency of a steady tone in the last 40 ms, in Hz; sets `kind`."""
        if level(frame) < _LOUDEST_NOISE:
            self.kind, self._pair = "quiet", None
            return None
        power = np.abs(np.fft.rfft(np.concatenate((self._before, frame)) * _WINDOW)) ** 2
        whole = float(power.sum())
        first, share = _peak(power)
        if share >= _SHARE * whole and _LOWEST <= first <= _HIGHEST:
            self.kind, self._pair = "tone", None
            return first
        centre = round(first / _STEP)
        power[max(centre - 2, 0) : centre + 3] = 0.0
        second, more = _peak(power)
        pair = (min(first, second), max(first, second)) if share + more >= _SHARE_OF_TWO * whole else None
        steady = pair is not None and self._pair is not None and all(abs(a - b) <= _STEP for a, b in zip(pair, self._pair, strict=True))
        self.kind, self._pair = "chord" if steady else "speech", pair
        return None


def _peak(power: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float]:
    """The frequency of the strongest peak, in Hz, and its energy."""
    peak = int(np.argmax(power))
    low = max(peak - 2, 0)
    near = power[low : peak + 3]
    energy = float(near.sum())
    return (float((near * np.arange(low, low + len(near))).sum()) / energy * _STEP if energy > 0 else 0.0), energy
