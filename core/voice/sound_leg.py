"""What every leg made of sound has in common: the events of its audio leg, its line, its recording, its end."""

from __future__ import annotations

import asyncio
import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Callable

from core.kernel.clock import Clock
from core.transports.base import Answered, Beep, Digit, Failed, HungUp, LegEvent, Playout, Ringing, TransferOutcome
from core.transports.events import LegEvents
from core.voice.activity import ActivityDetector
from core.voice.line import BeepHeard, Line, LineEvent, Sound
from core.voice.ports import RATE, AudioEvent, AudioLeg
from core.voice.recording import CallRecording

__all__ = ["NOTHING", "SoundLeg"]

log = logging.getLogger(__name__)

_WORDS_PER_SECOND = 2.6
"""How fast voices speak, for words that were not synthesized yet when the callee broke in."""
NOTHING = Playout("", completed=False, seconds=0.0)
"""Nothing was said: the call is over, or has not begun."""


class SoundLeg(ABC):
    """A `Leg` but for what speaks and listens, which a subclass knows.

    Args:
        audio: the leg that carries the sound.
        clock: all waiting is done through it.
        call_id: for the log.
        recording: where both sides are recorded; it is begun at the answer.
    """

    def __init__(self, audio: AudioLeg, clock: Clock, *, call_id: str, recording: Callable[[], CallRecording] | None = None) -> None:
        self._audio, self._clock, self._call_id = audio, clock, call_id
        self._open_recording = recording
        self._recording: CallRecording | None = None
        self._events: LegEvents[LegEvent] = LegEvents(clock)
        self._over = clock.signal()
        self._line: Line | None = None
        self._pump = clock.spawn(self._follow(), name=f"events of call {call_id}")

    @property
    @abstractmethod
    def speaking(self) -> bool:
        """Whether the callee speaks, or what it said is being understood."""

    @abstractmethod
    async def say(self, text: str) -> Playout:
        """Speak.

        Raises:
            VoiceError: the words could not be synthesized.
        """

    @abstractmethod
    def prepare(self, text: str) -> None:
        """These words are about to be said: have their sound ready. Never waits, never fails."""

    @property
    def answer_to_first_audio(self) -> float | None:
        """Seconds from the answer to our first sound; None until then."""
        return self._line.first_audio if self._line is not None else None

    async def next(self, timeout: float | None = None) -> LegEvent | None:
        """The next event; None when nothing happened for `timeout` clock seconds."""
        return await self._events.next(timeout)

    async def hang_up(self, reason: str = "") -> None:
        """End the call; what was recorded is on the disk when this returns."""
        await self._audio.hang_up(reason)
        if self._recording is not None:
            self._recording.close()
            await asyncio.to_thread(self._recording.closed.wait, 5.0)

    async def transfer(self, destination: str) -> TransferOutcome:
        """Hand the callee over."""
        return await self._audio.transfer(destination)

    def _activity(self) -> ActivityDetector | None:
        """What tells the line when the callee speaks; None: the line's own."""
        return None

    def _take(self, event: LineEvent) -> None:
        """What happened on the line, in the event loop's thread."""
        if isinstance(event, BeepHeard):
            self._events.put(Beep())

    @abstractmethod
    async def _last_words(self) -> None:
        """The call is over, but for what the callee was saying: have it understood, within bounds."""

    def _closed(self) -> None:
        """Nothing more comes."""
        return

    def _outcome(self, text: str, sound: Sound) -> Playout:
        """What became of words whose sound this was."""
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
        self._line = Line(lambda event: self._audio.run_soon(lambda: self._take(event)), self._recording, self._activity())
        self._audio.connect(self._line)

    async def _end(self, final: Failed | HungUp) -> None:
        self._over.set()
        await self._last_words()
        if self._recording is not None:
            self._recording.close()
        self._events.end(final)
        self._closed()
        if (first := self.answer_to_first_audio) is not None:
            log.info("call %s: first audio %.0f ms after the answer", self._call_id, first * 1000)
