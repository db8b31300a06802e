"""A cache of synthesized sound by its words: openings are ready when the callee picks up."""

from __future__ import annotations

from collections import OrderedDict

from core.voice.ports import RATE, Frame

__all__ = ["Phrases"]


class Phrases:
    """The sound of words in one voice, up to a total length; the least recently used go first.

    Args:
        seconds: how much sound to keep; a minute takes 1 MB.
    """

    def __init__(self, seconds: float = 1200.0) -> None:
        self._most, self._samples = round(seconds * RATE), 0
        self._kept: OrderedDict[str, Frame] = OrderedDict()

    def get(self, text: str) -> Frame | None:
        """The sound of these words, if cached."""
        sound = self._kept.get(text)
        if sound is not None:
            self._kept.move_to_end(text)
        return sound

    def keep(self, text: str, sound: Frame) -> None:
        """Cache the sound of these words, unless it is longer than the whole cache."""
        if len(sound) > self._most:
            return
        if (before := self._kept.pop(text, None)) is not None:
            self._samples -= len(before)
        self._kept[text] = sound
        self._samples += len(sound)
        while self._samples > self._most:
            _, oldest = self._kept.popitem(last=False)
            self._samples -= len(oldest)
