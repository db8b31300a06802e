"""The common base of legs that carry sound: the events of the audio leg, the line, the recording, the end."""

from __future__ import annotations

import asyncio
import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from core.contracts.leg_events import LegEvents
from core.contracts.transport import (
    Answered,
    Beep,
    Digit,
    Failed,
    FaxTone,
    HungUp,
    KeepsLeftover,
    LegEvent,
    Playout,
    Ringing,
    TransferOutcome,
)
from core.kernel.clock import Clock
from core.voice.activity import ActivityDetector
from core.voice.line import BeepHeard, FaxHeard, Line, LineEvent, Sound
from core.voice.phrases import Phrases
from core.voice.ports import RATE, AudioEvent, AudioLeg
from core.voice.recording import CallRecording

__all__ = ["NOTHING", "SoundLeg"]

log = logging.getLogger(__name__)

_WORDS_PER_SECOND = 2.6
"""How fast voices speak, for words that were not fully synthesized when the callee interrupted."""
NOTHING = Playout("", completed=False, seconds=0.0)
"""Nothing was said: the call is over, or has not begun."""


class SoundLeg(ABC):
    """A `Leg` without synthesis and recognition, which a subclass adds.

    Args:
        audio: the leg that carries the sound.
        clock: all waiting is done through it.
        call_id: for the log.
        recording: where both sides are recorded, from the answer on.
        phrases: the cache of its voice's sound.
    """

    def __init__(
        self,
        audio: AudioLeg,
        clock: Clock,
        *,
        call_id: str,
        recording: Callable[[], CallRecording] | None = None,
        phrases: Phrases | None = None,
    ) -> None:
        self._audio, self._clock, self._call_id = audio, clock, call_id
        self._phrases = phrases or Phrases()
        self._preparing: dict[str, asyncio.Task[None]] = {}
        self._trouble: str | None = None
        self._open_recording = recording
        self._recording: CallRecording | None = None
        self._events: LegEvents[LegEvent] = LegEvents(clock)
        self._over = clock.signal()
        self._line: Line | None = None
        self._pump = clock.spawn(self._follow(), name=f"events of call {call_id}")

    @property
    @abstractmethod
    def speaking(self) -> bool:
        """Whether the callee is speaking, or its words are being recognized."""

    @abstractmethod
    async def say(self, text: str) -> Playout:
        """Speak.

        Raises:
            VoiceError: the words could not be synthesized.
        """

    def prepare(self, text: str) -> None:
        """These words are about to be said: synthesize them ahead. Never waits, never fails. Works on one text at a time."""
        if not text.strip() or text in self._preparing or self._phrases.get(text) is not None:
            return
        before = list(self._preparing.values())

        async def prepare() -> None:
            for task in before:
                await self._clock.join(task)
            await self._synthesize_ahead(text)

        self._preparing[text] = self._clock.spawn(prepare(), name=f"words of call {self._call_id} made ahead")

    @abstractmethod
    async def _synthesize_ahead(self, text: str) -> None:
        """Synthesize and cache these words. Never raises: they are synthesized again when they are to be said."""

    @property
    def leftover(self) -> dict[str, Any] | None:
        """What to store so that the call can be ended should this process die."""
        return self._audio.leftover if isinstance(self._audio, KeepsLeftover) else None

    @property
    def answer_to_first_audio(self) -> float | None:
        """Seconds from the answer to our first sound; None until then."""
        return self._line.first_audio if self._line is not None else None

    async def next(self, timeout: float | None = None) -> LegEvent | None:
        """The next event; None if nothing happened for `timeout` clock seconds."""
        return await self._events.next(timeout)

    async def hang_up(self, reason: str = "") -> None:
        """End the call; the recording is on the disk when this returns."""
        await self._audio.hang_up(reason)
        if self._recording is not None:
            self._recording.close()
            await asyncio.to_thread(self._recording.closed.wait, 5.0)

    async def transfer(self, destination: str) -> TransferOutcome:
        """Transfer the callee."""
        return await self._audio.transfer(destination)

    def _activity(self) -> ActivityDetector | None:
        """Detects when the callee speaks; None: the line's own detector."""
        return None

    def _take(self, event: LineEvent) -> None:
        """Handle what happened on the line, in the event loop's thread."""
        if isinstance(event, BeepHeard):
            self._events.put(Beep(tells_machine=event.tells_machine))
        elif isinstance(event, FaxHeard):
            self._events.put(FaxTone())

    @abstractmethod
    async def _last_words(self) -> None:
        """Transcribe what the callee was saying when the call ended, within a time limit."""

    def _closed(self) -> None:
        """Nothing more comes."""
        return

    async def _prepared(self, text: str) -> None:
        """Wait until these words are synthesized, if that is in progress."""
        if (task := self._preparing.pop(text, None)) is not None:
            await self._clock.join(task)

    def _fail(self, reason: str) -> None:
        """Synthesis or recognition has failed for good. A callee who has not picked up is not disturbed: the call is given up."""
        if self._over.is_set() or self._trouble is not None:
            return
        self._trouble = reason
        log.warning("call %s: %s", self._call_id, reason)
        if self._line is not None:
            self._events.put(Failed(500, reason, ours=True))
        else:
            self._clock.spawn(self._audio.hang_up(reason), name=f"giving up call {self._call_id}")

    def _outcome(self, text: str, sound: Sound, *, broken: bool = False) -> Playout:
        """How much of the words was played; `broken`: their synthesis failed on the way."""
        seconds = sound.played / RATE
        if not sound.interrupted and not self._over.is_set() and not broken:
            return Playout(text, completed=True, seconds=seconds)
        words = text.split()
        guess = round(len(words) / _WORDS_PER_SECOND * RATE)  # as long as the total length of the sound is not known
        whole = max(sound.written, 1) if sound.whole and not broken else max(sound.written, guess, 1)
        spoken = " ".join(words[: math.floor(len(words) * sound.played / whole + 1e-6)])
        return Playout(spoken, completed=False, seconds=seconds)

    async def _follow(self) -> None:
        """Pass on the events of the leg, until the last one."""
        while True:
            event: AudioEvent | None = await self._audio.next()
            match event:
                case None:
                    continue
                case Answered():
                    self._connect()
                    self._events.put(event)
                    if self._trouble is not None:  # the callee hung up before we gave up
                        self._events.put(Failed(500, self._trouble, ours=True))
                case Failed() | HungUp():
                    await self._end(event)
                    return
                case Ringing() | Digit():
                    self._events.put(event)

    def _connect(self) -> None:
        if self._open_recording is not None:
            self._recording = self._open_recording()
        self._line = Line(lambda event: self._audio.run_soon(lambda: self._take(event)), self._recording, self._activity())
        self._audio.connect(self._line)

    async def _end(self, final: Failed | HungUp) -> None:
        self._over.set()
        if self._trouble is not None and isinstance(final, Failed):
            final = Failed(500, self._trouble, spared=True, ours=True)
        await self._last_words()
        if self._recording is not None:
            self._recording.close()
        self._events.end(final)
        for task in self._preparing.values():
            self._clock.cancel(task)
        self._closed()
        if (first := self.answer_to_first_audio) is not None:
            log.info("call %s: first audio %.0f ms after the answer", self._call_id, first * 1000)
