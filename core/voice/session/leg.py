"""A leg whose turn-taking is livekit-agents' AgentSession: it detects when the callee speaks, gets the words recognized, and stops our
speech when the callee interrupts.

The session has no model: our brain stays outside, text in and text out. Each turn of the callee becomes a `Heard`, each `say` a speech of
the session.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

import numpy as np
from livekit import rtc
from livekit.agents import Agent, AgentSession, APIConnectOptions, CloseEvent, ErrorEvent, UserStateChangedEvent, llm
from livekit.agents.types import NOT_GIVEN
from livekit.agents.voice import SpeechHandle
from livekit.agents.voice.agent_session import SessionConnectOptions
from livekit.agents.voice.events import AgentEvent, EventTypes

from core.contracts.transport import Failed, Heard, HungUp, Playout
from core.kernel.clock import Clock
from core.voice.activity import ActivityDetector
from core.voice.errors import VoiceError
from core.voice.line import LineEvent, PlayoutEnded, Sound
from core.voice.ports import FRAME, FRAME_SECONDS, RATE, AudioLeg, BufferedAudioLeg, Frame
from core.voice.recording import CallRecording
from core.voice.session.parts import SessionParts
from core.voice.session.patience import Patience
from core.voice.session.sound import Ear, LineInput, LineOutput, pieces
from core.voice.session.trouble import refused, words_of
from core.voice.sound_leg import NOTHING, SoundLeg

__all__ = ["SessionLeg"]

log = logging.getLogger(__name__)

_CONNECT = APIConnectOptions(max_retry=1, retry_interval=0.3, timeout=5.0)
_WORDS_SECONDS, _WHOLE_WORDS_SECONDS = 4.0, 12.0
"""How long the words of an utterance may take after its end; then it counts as heard without words. Recognition of whole utterances, which
starts only then, takes longer, and reports by itself when there are no words.
"""
_LAST_WORDS_SECONDS = 3.0
"""How long to wait for the words of a callee who hangs up while speaking."""
_PREPARE_SECONDS = 20.0
_FIGURES = frozenset({"metrics_collected", "session_usage_updated"})
_LOOK_SECONDS = 0.25
"""Seconds between checks of a speech that is being synthesized or played."""
_GIVEN_UP_SECONDS = 3.0
"""How long the session may take to release a speech that was given up."""
_UNHEARD_TURNS, _UNHEARD_SECONDS = 3, 3.0
"""After this many consecutive turns, and this much speech, without a word from a streaming recognition, it counts as failed."""
_HALVES = {"stt_error": "speech recognition", "tts_error": "speech synthesis"}


class _Listener(Agent):
    """The session's agent: it passes on what the callee said."""

    def __init__(self, heard: Callable[[str], None]) -> None:
        super().__init__(instructions="")
        self._heard = heard

    async def on_user_turn_completed(self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage) -> None:  # noqa: ARG002
        self._heard(new_message.text_content or "")


class _Session(AgentSession[None]):
    """Without the metrics that livekit collects for a session and keeps until its end."""

    def emit(self, event: EventTypes, arg: AgentEvent) -> None:
        """Record and emit an event, unless it is an unused metric."""
        if event not in _FIGURES:
            super().emit(event, arg)


class SessionLeg(SoundLeg):
    """A `Leg`. It runs in real time.

    Args:
        audio: the leg that carries the sound.
        parts: the session's parts.
        clock: a clock in real time.
        call_id: for the log.
        recording: where both sides are recorded, from the answer on.
    """

    def __init__(
        self, audio: AudioLeg, parts: SessionParts, clock: Clock, *, call_id: str, recording: Callable[[], CallRecording] | None = None
    ) -> None:
        super().__init__(audio, clock, call_id=call_id, recording=recording, phrases=parts.phrases)
        self._resting, self._speech = parts.resting, parts.begin(self._no_words)
        self._input, self._output = LineInput(), LineOutput()
        turns = parts.turns
        self._session = _Session(
            stt=self._speech.stt,
            tts=self._speech.tts,
            vad=parts.vad(),
            turn_handling={
                "turn_detection": "vad",
                "endpointing": {"mode": "fixed", "min_delay": turns.shortest_pause, "max_delay": turns.longest_pause},
                "interruption": {
                    "enabled": turns.interruptible,
                    "mode": "vad",
                    "min_duration": turns.interruption_seconds,
                    "min_words": turns.interruption_words,
                    "discard_audio_if_uninterruptible": False,
                    "resume_false_interruption": False,
                    "false_interruption_timeout": None,
                },
                "preemptive_generation": {"enabled": False},
            },
            user_away_timeout=None,
            aec_warmup_duration=None,
            transcription_timeout=_WORDS_SECONDS if self._speech.stt.capabilities.streaming else _WHOLE_WORDS_SECONDS,
            session_close_transcript_timeout=0.1,
            conn_options=SessionConnectOptions(stt_conn_options=_CONNECT, tts_conn_options=_CONNECT, max_unrecoverable_errors=3),
        )
        self._session.output.audio = self._output
        if isinstance(audio, BufferedAudioLeg):
            self._output.on_cleared = audio.clear
        self._session.input.audio = self._input
        self._session.on("user_state_changed", self._on_user_state)
        self._session.on("user_transcription_timeout", lambda _: self._unheard())
        self._session.on("error", self._on_error)
        self._session.on("close", self._on_close)
        self._callee_speaks = self._turn_open = False
        self._began = self._seconds = 0.0
        self._unheard_turns, self._unheard_seconds = 0, 0.0
        self._saying = self._barged_in = False
        self._speech_error: str | None = None
        self._turn_over = asyncio.Event()
        self._call_over = asyncio.Event()
        self._closing: asyncio.Task[None]
        self._starting = clock.spawn(self._start(), name=f"session of call {call_id}")

    @property
    def speaking(self) -> bool:
        """Whether the callee is speaking, or its words are being recognized."""
        return self._callee_speaks or self._turn_open

    async def say(self, text: str) -> Playout:
        """Speak.

        Raises:
            VoiceError: none of the words could be synthesized. If some were, the call's failure is its next event.
        """
        await self._clock.join(self._starting)
        await self._prepared(text)
        if self._line is None or self._over.is_set():
            return NOTHING
        if not text.strip():
            return Playout("", completed=True, seconds=0.0)
        self._output.clear_buffer()
        self._speech_error, self._output.sound, self._saying = None, None, True
        kept = self._phrases.get(text)
        try:
            await self._spoken(
                self._session.say(
                    text,
                    audio=pieces(kept) if kept is not None else NOT_GIVEN,
                    allow_interruptions=NOT_GIVEN if self._trouble is None else False,  # a callee who is no longer heard is told so
                    add_to_chat_ctx=False,
                )
            )
        except RuntimeError as error:  # the session has closed itself, or is about to
            if self._over.is_set():
                return NOTHING
            raise VoiceError(f"the session no longer speaks: {error}") from error
        finally:
            self._saying = False
        sound = self._output.sound
        if sound is not None:
            await self._played_out(sound)
        broken = self._speech_error is not None and kept is None and not self._over.is_set()
        if broken and (sound is None or not sound.played):
            self._trouble = self._trouble or self._speech_error
            raise VoiceError(self._speech_error)
        if sound is None:
            return NOTHING
        playout = self._outcome(text, sound, broken=broken)
        if broken:
            self._fail(self._speech_error or "")
            return playout
        self._barged_in = self._barged_in or (sound.interrupted and not self._over.is_set())
        return playout

    async def _spoken(self, handle: SpeechHandle) -> None:
        """Wait until a speech is over or must be given up."""
        over = asyncio.ensure_future(self._call_over.wait())
        done = asyncio.ensure_future(handle.wait_for_playout())
        patience = Patience(time.monotonic())
        try:
            while not over.done() and not done.done():
                await asyncio.wait({over, done}, timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                given_up = patience.look(time.monotonic(), self._output.sound, callee_speaks=self.speaking)
                if given_up is None or over.done() or done.done():
                    continue
                if given_up == "stuck" and self._speech_error is None:
                    self._speech_error = f"speech synthesis fails: {self._speech.speaks} sends no sound"
                handle.interrupt(force=True)
                await asyncio.wait({over, done}, timeout=_GIVEN_UP_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                return
        finally:
            for waiting in (over, done):
                waiting.cancel()

    async def _played_out(self, sound: Sound) -> None:
        """If the synthesis failed, the session releases a speech whose sound is still playing: let the callee hear it to the end."""
        while self._output.playing and not self._call_over.is_set() and sound.written - sound.played >= FRAME:  # noqa: ASYNC110 - frames tell nobody
            await asyncio.sleep(FRAME_SECONDS)
        self._output.clear_buffer()

    async def closed(self) -> None:
        """Wait until the session of an ended call has released everything."""
        while not isinstance(await self.next(), Failed | HungUp):
            pass
        await self._clock.join(self._closing)

    def _activity(self) -> ActivityDetector:
        return Ear(lambda frame: self._audio.run_soon(lambda: self._input.put(frame)))

    def _connect(self) -> None:
        super()._connect()
        self._output.line = self._line

    def _take(self, event: LineEvent) -> None:
        if isinstance(event, PlayoutEnded):
            self._output.ended(event.sound)
        else:
            super()._take(event)

    async def _last_words(self) -> None:
        self._call_over.set()
        self._output.clear_buffer()
        if self.speaking:
            self._turn_over.clear()
            self._input.put_silence(2.0)
            with contextlib.suppress(TimeoutError):
                async with self._clock.timeout(_LAST_WORDS_SECONDS):
                    await self._turn_over.wait()

    def _closed(self) -> None:
        self._input.end()
        self._closing = self._clock.spawn(self._close(), name=f"end of session of call {self._call_id}")

    async def _start(self) -> None:
        try:
            await self._session.start(_Listener(self._heard), record=False)
        except Exception as error:  # whatever keeps a session from starting ends the call, with a reason
            log.error("call %s: the voice session did not start: %s", self._call_id, type(error).__name__)
            self._fail("the voice session did not start")

    async def _close(self) -> None:
        await self._clock.join(self._starting)
        try:
            with contextlib.suppress(RuntimeError):
                await self._session.aclose()
        finally:
            await self._speech.close()

    async def _synthesize_ahead(self, text: str) -> None:
        sound: list[Frame] = []
        resampler: rtc.AudioResampler | None = None
        try:
            async with asyncio.timeout(_PREPARE_SECONDS), self._speech.tts.synthesize(text, conn_options=_CONNECT) as stream:
                async for piece in stream:
                    if resampler is None and piece.frame.sample_rate != RATE:
                        resampler = rtc.AudioResampler(piece.frame.sample_rate, RATE)
                    frames = [piece.frame] if resampler is None else resampler.push(piece.frame)
                    sound.extend(np.frombuffer(frame.data, dtype=np.int16) for frame in frames)
            if resampler is not None:
                sound.extend(np.frombuffer(frame.data, dtype=np.int16) for frame in resampler.flush())
        except Exception as error:  # it is synthesized again when it is to be said
            words = words_of("speech synthesis", self._speech.speaks, error)
            log.warning("call %s: words were not synthesized ahead: %s", self._call_id, words)
            if refused(error):
                self._refuse(words)
            return
        if sound:
            self._phrases.keep(text, np.concatenate(sound))

    def _heard(self, text: str) -> None:
        """A turn of the callee is over."""
        if text:
            self._unheard_turns, self._unheard_seconds = 0, 0.0
        seconds = self._seconds if self._seconds > 0 else 0.0
        sound = self._output.sound
        barged_in = self._barged_in or (self._saying and sound is not None and sound.interrupted)
        self._turn_open, self._barged_in, self._seconds = False, False, 0.0
        self._turn_over.set()
        self._events.put(Heard(text, seconds, barged_in))

    def _no_words(self) -> None:
        """The callee has made a sound without words."""
        if self._turn_open and not self._callee_speaks:
            self._heard("")

    def _unheard(self) -> None:
        """Recognition has reported neither words nor their absence."""
        if self._turn_open and not self._callee_speaks:
            self._unheard_turns += 1
            self._unheard_seconds += self._seconds
        self._no_words()
        if self._unheard_turns >= _UNHEARD_TURNS and self._unheard_seconds >= _UNHEARD_SECONDS:
            self._fail(f"speech recognition fails: {self._speech.listens} does not answer")

    def _refuse(self, words: str) -> None:
        """The provider rejects our key: this call has failed, and the next ones need not try."""
        self._resting.rest(words)
        self._fail(words)

    def _on_user_state(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._callee_speaks = self._turn_open = True
            self._began = event.created_at
        elif self._callee_speaks:
            self._callee_speaks = False
            self._seconds += max(event.created_at - self._began, 0.0)

    def _on_error(self, event: ErrorEvent) -> None:
        error = event.error
        kind, recoverable = getattr(error, "type", ""), getattr(error, "recoverable", True)
        cause = getattr(error, "error", None)
        provider = self._speech.speaks if kind == "tts_error" else self._speech.listens
        what = _HALVES.get(kind, "the voice session")
        words = words_of(what, provider, cause)
        log.warning("call %s: %s%s", self._call_id, words, "; it is tried again" if recoverable else "")
        if recoverable or self._over.is_set() or kind not in _HALVES:
            return
        if refused(cause):
            self._resting.rest(words)
        if kind == "tts_error":
            self._speech_error = words
        else:
            self._fail(words)

    def _on_close(self, event: CloseEvent) -> None:
        if not self._over.is_set():
            log.error("call %s: the voice session has closed: %s", self._call_id, event.reason.value)
            self._fail("the voice session has closed")
