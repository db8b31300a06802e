"""The offline pair as a `Voice`: piper speaks, Whisper tiny.en listens. English only."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncGenerator, AsyncIterator

import numpy as np

from core.voice.offline.helper import Helper
from core.voice.offline.models import check_installed
from core.voice.offline.wire import Kind
from core.voice.ports import RATE, Frame

__all__ = ["OfflineVoice"]

_SHORTEST = RATE // 5
"""Shorter sound (in samples) has no words."""


class OfflineVoice:
    """A `Voice` in separate processes, shared by all calls. It starts loading at once.

    Args:
        listeners: number of processes that listen; each takes about half a second per utterance. None: one per two cores.

    Raises:
        core.voice.errors.VoiceUnavailable: a required package is not installed.
    """

    def __init__(self, listeners: int | None = None) -> None:
        check_installed()
        count = listeners or max(1, (os.cpu_count() or 1) // 2)
        self._speaker = Helper("core.voice.offline.speaker", "the offline voice")
        self._listeners = [Helper("core.voice.offline.listener", "the offline recognition") for _ in range(count)]
        self._helpers = (self._speaker, *self._listeners)
        self._turn = 0
        for helper in self._helpers:
            helper.start()

    def load(self) -> None:
        """Wait until the models are loaded; takes seconds.

        Raises:
            core.voice.errors.VoiceUnavailable: they cannot be.
        """
        for helper in self._helpers:
            helper.load()

    async def synthesize(self, text: str) -> AsyncGenerator[Frame, None]:
        """The words as sound, sentence by sentence.

        Raises:
            VoiceError: synthesis failed.
        """
        async with contextlib.aclosing(self._speaker.ask(Kind.TEXT, text.encode())) as answers:
            async for _, body in answers:
                if body:
                    yield np.frombuffer(body, dtype=np.int16)

    async def transcribe(self, speech: AsyncIterator[Frame]) -> str:
        """The words of one utterance, once it is over.

        Raises:
            VoiceError: recognition failed.
        """
        sound = b"".join([frame.astype("<i2").tobytes() async for frame in speech])
        if len(sound) < 2 * _SHORTEST:
            return ""
        self._turn = (self._turn + 1) % len(self._listeners)
        helpers = self._listeners[self._turn :] + self._listeners[: self._turn]
        return await self._words(min(helpers, key=lambda helper: helper.waiting), sound)

    async def _words(self, helper: Helper, sound: bytes) -> str:
        async with contextlib.aclosing(helper.ask(Kind.SOUND, sound)) as answers:
            return " ".join([body.decode() async for _, body in answers])

    def close(self) -> None:
        """End the processes."""
        for helper in self._helpers:
            helper.close()
