"""A leg that takes turns by voice energy: for voices of tones, and wherever AgentSession is not installed.

It runs on any clock, so the line is tested with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable

import numpy as np

from core.contracts.transport import Heard, Playout
from core.kernel.clock import Clock
from core.kernel.mailbox import Mailbox
from core.voice.errors import VoiceError
from core.voice.line import LineEvent, PlayoutEnded, Sound, SpeechBegan, SpeechEnded, SpeechSound
from core.voice.phrases import Phrases
from core.voice.ports import AudioLeg, BufferedAudioLeg, Frame, Voice
from core.voice.recording import CallRecording
from core.voice.sound_leg import NOTHING, SoundLeg

__all__ = ["VoiceLeg"]

log = logging.getLogger(__name__)

_LAST_WORDS_SECONDS = 3.0
"""How long to wait for the words of a callee who hangs up while speaking."""
_MOST_FAILURES = 3


class _Utterance:
    """The sound of one utterance on its way to recognition."""

    def __init__(self, clock: Clock, barged_in: bool) -> None:
        self.barged_in, self.seconds = barged_in, 0.0
        self._frames: Mailbox[Frame | None] = Mailbox(clock)

    def put(self, frame: Frame) -> None:
        self._frames.put(frame)

    def end(self, seconds: float) -> None:
        self.seconds = seconds
        self._frames.put(None)

    async def sound(self) -> AsyncIterator[Frame]:
        while (frame := await self._frames.get()) is not None:
            yield frame


class VoiceLeg(SoundLeg):
    """A `Leg`.

    Args:
        audio: the leg that carries the sound.
        voice: speech synthesis and recognition.
        clock: all waiting is done through it.
        call_id: for the log.
        recording: where both sides are recorded, from the answer on.
        phrases: the cache of this voice's sound.
    """

    def __init__(
        self,
        audio: AudioLeg,
        voice: Voice,
        clock: Clock,
        *,
        call_id: str,
        recording: Callable[[], CallRecording] | None = None,
        phrases: Phrases | None = None,
    ) -> None:
        super().__init__(audio, clock, call_id=call_id, recording=recording, phrases=phrases)
        self._voice = voice
        self._playout_over = clock.signal()
        self._sound: Sound | None = None
        self._utterance: _Utterance | None = None
        self._understanding: asyncio.Task[None] | None = None
        self._waiting = 0
        self._failures = 0

    @property
    def speaking(self) -> bool:
        """Whether the callee is speaking, or its words are being recognized."""
        return self._waiting > 0

    async def say(self, text: str) -> Playout:
        """Speak.

        Raises:
            VoiceError: the words could not be synthesized.
        """
        await self._prepared(text)
        if self._line is None or self._over.is_set():
            return NOTHING
        if not text.strip():
            return Playout("", completed=True, seconds=0.0)
        sound = self._sound = Sound()
        self._playout_over.clear()
        self._line.play(sound)
        try:
            if (kept := self._phrases.get(text)) is not None:
                sound.write(kept)
            else:
                async with contextlib.aclosing(self._voice.synthesize(text)) as stream:
                    async for piece in stream:
                        sound.write(piece)
                        if self._playout_over.is_set():
                            break
            sound.finish()
            await self._playout_over.wait()
        finally:
            self._sound = None
            if not self._playout_over.is_set():
                self._line.stop()
        return self._outcome(text, sound)

    async def _synthesize_ahead(self, text: str) -> None:
        try:
            async with contextlib.aclosing(self._voice.synthesize(text)) as stream:
                pieces = [piece async for piece in stream]
        except VoiceError as error:  # it is synthesized again when it is to be said
            log.warning("call %s: words were not synthesized ahead: %s", self._call_id, error)
            return
        if pieces:
            self._phrases.keep(text, np.concatenate(pieces))

    async def _last_words(self) -> None:
        self._playout_over.set()
        if self._utterance is not None:
            self._end_utterance(0.0)
        if self._understanding is not None:
            with contextlib.suppress(TimeoutError):
                async with self._clock.timeout(_LAST_WORDS_SECONDS):
                    await self._clock.join(self._understanding)
            self._clock.cancel(self._understanding)

    def _take(self, event: LineEvent) -> None:
        """Handle what happened on the line, in the event loop's thread."""
        match event:
            case PlayoutEnded(sound):
                if sound is self._sound:
                    self._playout_over.set()
            case SpeechBegan() if not self._over.is_set():
                if event.barged_in and isinstance(self._audio, BufferedAudioLeg):
                    self._audio.clear()
                self._begin_utterance(event)
            case SpeechSound(frame):
                if self._utterance is not None:
                    self._utterance.put(frame)
            case SpeechEnded(seconds):
                if self._utterance is not None:
                    self._end_utterance(seconds)
            case _:
                super()._take(event)

    def _begin_utterance(self, began: SpeechBegan) -> None:
        self._waiting += 1
        self._utterance = utterance = _Utterance(self._clock, began.barged_in)
        for frame in began.before:
            utterance.put(frame)
        before = self._understanding
        self._understanding = self._clock.spawn(self._understand(utterance, before), name=f"speech on call {self._call_id}")

    def _end_utterance(self, seconds: float) -> None:
        assert self._utterance is not None
        self._utterance.end(seconds)
        self._utterance = None

    async def _understand(self, utterance: _Utterance, before: asyncio.Task[None] | None) -> None:
        """Recognize one utterance; utterances are reported in their order."""
        try:
            text = await self._voice.transcribe(utterance.sound())
            self._failures = 0
        except VoiceError as error:
            self._failures += 1
            text = ""
            log.warning("call %s: an utterance was not understood: %s", self._call_id, error)
        if before is not None:
            await self._clock.join(before)
        self._waiting -= 1
        if self._failures >= _MOST_FAILURES:
            self._fail("speech recognition fails")
        self._events.put(Heard(text, utterance.seconds, utterance.barged_in))
