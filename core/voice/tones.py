"""A voice of tones: every word is a tone, and only keys are understood. For trying out a trunk before setting up a speech provider.

Nobody would mistake it for speech, and whatever a callee says counts as heard without words.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, AsyncIterator

import numpy as np

from core.voice.ports import RATE, Frame

__all__ = ["TonesVoice"]

_WORD_SECONDS, _GAP_SECONDS = 0.28, 0.1
_LOUDNESS = 7000
_NOTES = (392.0, 440.0, 494.0, 523.0, 587.0)  # Hz


class TonesVoice:
    """A `Voice` of tones."""

    async def synthesize(self, text: str) -> AsyncGenerator[Frame, None]:
        """A tone and a gap for each word, about 2.6 words a second."""
        times = np.arange(round(_WORD_SECONDS * RATE)) / RATE
        envelope = np.sin(math.pi * times / _WORD_SECONDS)
        gap = np.zeros(round(_GAP_SECONDS * RATE), dtype=np.int16)
        for word in text.split():
            note = _NOTES[len(word) % len(_NOTES)]
            yield (_LOUDNESS * envelope * np.sin(2 * math.pi * note * times)).astype(np.int16)
            yield gap

    async def transcribe(self, speech: AsyncIterator[Frame]) -> str:
        """Nothing: there is no recognition."""
        async for _ in speech:
            pass
        return ""
