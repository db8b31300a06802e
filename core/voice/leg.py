"""A leg for conversations, which speak text, made of a leg that carries sound and a voice."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator, Callable

from core.kernel.clock import Clock
from core.kernel.mailbox import Mailbox
from core.transports.base import Answered, Beep, Digit, Failed, Heard, HungUp, LegEvent, Playout, Ringing, TransferOutcome
from core.transports.events import LegEvents
from core.voice.errors import VoiceError
from core.voice.line import BeepHeard, Line, LineEvent, PlayoutEnded, Sound, SpeechBegan, SpeechEnded, SpeechSound
from core.voice.ports import RATE, AudioEvent, AudioLeg, Frame, Voice
from core.voice.recording import CallRecording

__all__ = ["VoiceLeg"]

log = logging.getLogger(__name__)

_WORDS_PER_SECOND = 2.6
"""How fast voices speak, for words that were not synthesized yet when the callee broke in."""
_LAST_WORDS_SECONDS = 3.0
"""How long the words of a callee who hangs up in the middle of them are waited for."""
_MOST_FAILURES = 3
_NOTHING = Playout("", completed=False, seconds=0.0)


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


class VoiceLeg:
    """A `Leg`.

    Args:
        audio: the leg that carries the sound.
        voice: what speaks and understands.
        clock: all waiting is done through it.
        call_id: for the log.
        recording: where both sides are recorded; it is begun at the answer.
    """

    def __init__(
        self,
        audio: AudioLeg,
        voice: Voice,
        clock: Clock,
        *,
        call_id: str,
        recording: Callable[[], CallRecording] | None = None,
    ) -> None:
        self._audio, self._voice, self._clock = audio, voice, clock
        self._call_id, self._open_recording = call_id, recording
        self._recording: CallRecording | None = None
        self._events: LegEvents[LegEvent] = LegEvents(clock)
        self._over = clock.signal()
        self._line: Line | None = None
        self._playout_over = clock.signal()
        self._sound: Sound | None = None
        self._utterance: _Utterance | None = None
        self._understanding: asyncio.Task[None] | None = None
        self._waiting = 0
        self._failures = 0
        self._pump = clock.spawn(self._follow(), name=f"events of call {call_id}")

    @property
    def speaking(self) -> bool:
        """Whether the callee speaks, or what it said is being understood."""
        return self._waiting > 0

    @property
    def answer_to_first_audio(self) -> float | None:
        """Seconds from the answer to our first sound; None until then."""
        return self._line.first_audio if self._line is not None else None

    async def next(self, timeout: float | None = None) -> LegEvent | None:
        """The next event; None when nothing happened for `timeout` clock seconds."""
        return await self._events.next(timeout)

    async def say(self, text: str) -> Playout:
        """Speak.

        Raises:
            VoiceError: the words could not be synthesized.
        """
        if self._line is None or self._over.is_set():
            return _NOTHING
        if not text.strip():
            return Playout("", completed=True, seconds=0.0)
        sound = self._sound = Sound()
        self._playout_over.clear()
        self._line.play(sound)
        try:
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

    async def hang_up(self, reason: str = "") -> None:
        """End the call; what was recorded is on the disk when this returns."""
        await self._audio.hang_up(reason)
        if self._recording is not None:
            self._recording.close()
            await asyncio.to_thread(self._recording.closed.wait, 5.0)

    async def transfer(self, destination: str) -> TransferOutcome:
        """Hand the callee over."""
        return await self._audio.transfer(destination)

    def _outcome(self, text: str, sound: Sound) -> Playout:
        seconds = sound.played / RATE
        if not sound.interrupted and not self._over.is_set():
            return Playout(text, completed=True, seconds=seconds)
        words = text.split()
        whole = max(sound.written, round(len(words) / _WORDS_PER_SECOND * RATE) if sound.played == sound.written else 1)
        spoken = " ".join(words[: math.floor(len(words) * sound.played / whole + 1e-6)])
        return Playout(spoken, completed=False, seconds=seconds)

    async def _follow(self) -> None:
        """Hand on what happens on the leg, until its last event."""
        while True:
            event: AudioEvent | None = await self._audio.next()
            match event:
                case None:
                    continue
                case Answered():
                    self._connect()
                    self._events.put(event)
                case Failed() | HungUp():
                    await self._end(event)
                    return
                case Ringing() | Digit():
                    self._events.put(event)

    def _connect(self) -> None:
        if self._open_recording is not None:
            self._recording = self._open_recording()
        self._line = Line(lambda event: self._audio.run_soon(lambda: self._take(event)), self._recording)
        self._audio.connect(self._line)

    async def _end(self, final: Failed | HungUp) -> None:
        self._over.set()
        self._playout_over.set()
        if self._utterance is not None:
            self._end_utterance(0.0)
        if self._understanding is not None:
            with contextlib.suppress(TimeoutError):
                async with self._clock.timeout(_LAST_WORDS_SECONDS):
                    await self._clock.join(self._understanding)
            self._clock.cancel(self._understanding)
        if self._recording is not None:
            self._recording.close()
        self._events.end(final)
        if (first := self.answer_to_first_audio) is not None:
            log.info("call %s: first audio %.0f ms after the answer", self._call_id, first * 1000)

    def _take(self, event: LineEvent) -> None:
        """What happened on the line, in the event loop's thread."""
        match event:
            case PlayoutEnded(sound):
                if sound is self._sound:
                    self._playout_over.set()
            case BeepHeard():
                self._events.put(Beep())
            case SpeechBegan() if not self._over.is_set():
                self._begin_utterance(event)
            case SpeechSound(frame):
                if self._utterance is not None:
                    self._utterance.put(frame)
            case SpeechEnded(seconds):
                if self._utterance is not None:
                    self._end_utterance(seconds)
            case _:
                pass

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
        """Recognize one utterance; utterances are told of in their order."""
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
            self._events.put(Failed(500, "speech recognition fails"))
        self._events.put(Heard(text, utterance.seconds, utterance.barged_in))
