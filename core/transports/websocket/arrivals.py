"""Evening out how the other side's sound arrives: in pieces of any length, in bursts, with gaps.

The media clock takes 20 ms at a time, whatever came. At first, and after a gap, a little is collected; what a faster clock on the
other side piles up for good is thrown away; so is what comes faster than it can ever be played.
"""

from __future__ import annotations

import threading
from typing import Final

import numpy as np

from core.voice.ports import FRAME, RATE, Frame

__all__ = ["Arrivals"]

_COLLECTED: Final = 3 * FRAME
_MOST: Final = 3 * RATE
_PATIENCE: Final = 3  # frames that a rest shorter than `_COLLECTED` is waited on for more
_LOOK_EVERY: Final = 250  # frames: five seconds
_EMPTY: Final[Frame] = np.zeros(0, dtype=np.int16)


class Arrivals:
    """The sound of one call. It is put in the event loop's thread, taken in the media thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sound: Frame = _EMPTY
        self._flowing = False
        self._waited = self._frames = 0
        self._least = _MOST
        self.dropped = 0
        """Samples that were thrown away."""
        self.gaps = 0
        """How often there was nothing to take in the middle of sound."""

    @property
    def waiting(self) -> int:
        """Samples that wait."""
        return len(self._sound)

    def put(self, sound: Frame) -> None:
        """Sound that came."""
        with self._lock:
            self._sound = np.concatenate((self._sound, sound))
            self._drop(len(self._sound) - _MOST)

    def take(self) -> Frame | None:
        """The next 20 ms; None if there are none."""
        with self._lock:
            if not self._flowing and not self._has_collected():
                return None
            if len(self._sound) < FRAME:
                self._flowing, self._waited = False, 0
                self.gaps += 1
                return None
            self._flowing = True
            frame, self._sound = self._sound[:FRAME], self._sound[FRAME:]
            self._shorten()
            return frame

    def _has_collected(self) -> bool:
        if len(self._sound) < FRAME:
            self._waited = 0
            return False
        self._waited += 1
        return len(self._sound) >= _COLLECTED or self._waited > _PATIENCE

    def _shorten(self) -> None:
        """What has been waiting all the time for five seconds only delays the rest."""
        self._frames += 1
        self._least = min(self._least, len(self._sound))
        if self._frames % _LOOK_EVERY == 0:
            self._drop(self._least - _COLLECTED)
            self._least = _MOST

    def _drop(self, samples: int) -> None:
        if samples > 0:
            self._sound = self._sound[samples:]
            self.dropped += samples
