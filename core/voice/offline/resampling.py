"""Converts between sample rates with libswresample (PyAV). Used only in the speech processes."""

from __future__ import annotations

import av
import numpy as np

from core.voice.ports import Frame

__all__ = ["Resampler"]


class Resampler:
    """One sound, piece by piece."""

    def __init__(self, from_rate: int, to_rate: int) -> None:
        self._rate, self._resampler = from_rate, av.AudioResampler("s16", "mono", to_rate)

    def push(self, piece: Frame) -> Frame:
        """Convert the next piece; returns the output that is ready."""
        frame = av.AudioFrame.from_ndarray(piece.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = self._rate
        return self._joined(self._resampler.resample(frame))

    def rest(self) -> Frame:
        """End of the sound: returns the rest."""
        return self._joined(self._resampler.resample(None))

    @staticmethod
    def _joined(frames: list[av.AudioFrame]) -> Frame:
        if not frames:
            return np.zeros(0, dtype=np.int16)
        return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(np.int16)
