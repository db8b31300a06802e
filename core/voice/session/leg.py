"""A leg whose turns livekit-agents' AgentSession takes: it hears when the callee speaks, has it understood, and stops us when it breaks in.

The session has no model: our brain stays outside, text in and text out. Each turn of the callee becomes a `Heard`, each `say` a
speech of the session.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

import numpy as np
from livekit import rtc
from livekit.agents import Agent, AgentSession, APIConnectOptions, CloseEvent, ErrorEvent, UserStateChangedEvent, llm
from livekit.agents.types import NOT_GIVEN
from livekit.agents.voice.agent_session import SessionConnectOptions
from livekit.agents.voice.events import AgentEvent, EventTypes

from core.kernel.clock import Clock
from core.transports.base import Failed, Heard, Playout
from core.voice.activity import ActivityDetector
from core.voice.errors import VoiceError
from core.voice.line import LineEvent, PlayoutEnded
from core.voice.ports import RATE, AudioLeg, BufferedAudioLeg, Frame
from core.voice.recording import CallRecording
from core.voice.session.parts import SessionParts
from core.voice.session.sound import Ear, LineInput, LineOutput, pieces
from core.voice.sound_leg import NOTHING, SoundLeg

__all__ = ["SessionLeg"]

log = logging.getLogger(__name__)

_CONNECT = APIConnectOptions(max_retry=2, retry_interval=0.3, timeout=8.0)
_WORDS_SECONDS, _WHOLE_WORDS_SECONDS = 4.0, 12.0
"""How long the words of an utterance may take after its end; then it counts as heard without words. Recognition of whole utterances, which
begins then, takes longer, and tells by itself when there are none."""
_LAST_WORDS_SECONDS = 3.0
"""How long the words of a callee who hangs up in the middle of them are waited for."""
_TURN_SECONDS = 10.0
"""How long we wait for the callee to fall silent before what we had to say counts as not said."""
_PREPARE_SECONDS = 20.0
_FIGURES = frozenset({"metrics_collected", "session_usage_updated"})


class _Listener(Agent):
    """The session's agent: it hands on what the callee said."""

    def __init__(self, heard: Callable[[str], None]) -> None:
        super().__init__(instructions="")
        self._heard = heard

    async def on_user_turn_completed(self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage) -> None:  # noqa: ARG002
        self._heard(new_message.text_content or "")


class _Session(AgentSession[None]):
    """Without the figures that livekit collects of a session and keeps all of to its end."""

    def emit(self, event: EventTypes, arg: AgentEvent) -> None:
        """Keep and tell an event, unless it is one of the figures that nobody asks for."""
        if event not in _FIGURES:
            super().emit(event, arg)


class SessionLeg(SoundLeg):
    """A `Leg`. It runs in real time.

    Args:
        audio: the leg that carries the sound.
        parts: what speaks and listens.
        clock: a clock in real time.
        call_id: for the log.
        recording: where both sides are recorded; it is begun at the answer.
    """

    def __init__(
        self, audio: AudioLeg, parts: SessionParts, clock: Clock, *, call_id: str, recording: Callable[[], CallRecording] | None = None
    ) -> None:
        super().__init__(audio, clock, call_id=call_id, recording=recording)
        self._phrases, self._speech = parts.phrases, parts.begin(self._no_words)
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
        self._session.on("user_transcription_timeout", lambda _: self._no_words())
        self._session.on("error", self._on_error)
        self._session.on("close", self._on_close)
        self._callee_speaks = self._turn_open = False
        self._began = self._seconds = 0.0
        self._saying = self._barged_in = False
        self._speech_error: str | None = None
        self._turn_over = asyncio.Event()
        self._call_over = asyncio.Event()
        self._preparing: asyncio.Task[None] | None = None
        self._starting = clock.spawn(self._start(), name=f"session of call {call_id}")

    @property
    def speaking(self) -> bool:
        """Whether the callee speaks, or what it said is being understood."""
        return self._callee_speaks or self._turn_open

    def prepare(self, text: str) -> None:
        """Synthesize these words while the phone rings."""
        if text.strip() and self._phrases.get(text) is None and self._preparing is None:
            self._preparing = self._clock.spawn(self._prepare(text), name=f"opening of call {self._call_id}")

    async def say(self, text: str) -> Playout:
        """Speak.

        Raises:
            VoiceError: the words could not be synthesized.
        """
        await self._clock.join(self._starting)
        if self._preparing is not None:
            await self._clock.join(self._preparing)
            self._preparing = None
        if self._line is None or self._over.is_set():
            return NOTHING
        if not text.strip():
            return Playout("", completed=True, seconds=0.0)
        self._speech_error, self._output.sound, self._saying = None, None, True
        kept = self._phrases.get(text)
        try:
            handle = self._session.say(text, audio=pieces(kept) if kept is not None else NOT_GIVEN, add_to_chat_ctx=False)
            over = asyncio.ensure_future(self._call_over.wait())
            done = asyncio.ensure_future(handle.wait_for_playout())
            try:
                await asyncio.wait({over, done}, timeout=_TURN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if not done.done() and not over.done() and self._output.sound is None and self.speaking:
                    handle.interrupt(force=True)  # the callee does not let us speak
                await asyncio.wait({over, done}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for waiting in (over, done):
                    waiting.cancel()
        except RuntimeError as error:  # the session has closed itself, or is about to
            if self._over.is_set():
                return NOTHING
            raise VoiceError(f"the session does not speak any more: {error}") from error
        finally:
            self._saying = False
        sound = self._output.sound
        if self._speech_error is not None and not self._over.is_set():
            raise VoiceError(self._speech_error)
        if sound is None:
            return NOTHING
        playout = self._outcome(text, sound)
        self._barged_in = self._barged_in or (sound.interrupted and not self._over.is_set())
        return playout

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
        if self._preparing is not None:
            self._clock.cancel(self._preparing)
        self._clock.spawn(self._close(), name=f"end of session of call {self._call_id}")

    async def _start(self) -> None:
        try:
            await self._session.start(_Listener(self._heard), record=False)
        except Exception as error:  # whatever keeps a session from starting ends the call, in words
            log.error("call %s: the voice session did not start: %s", self._call_id, type(error).__name__)
            self._events.put(Failed(500, "the voice session did not start"))

    async def _close(self) -> None:
        await self._clock.join(self._starting)
        with contextlib.suppress(RuntimeError):
            await self._session.aclose()
        await self._speech.close()

    async def _prepare(self, text: str) -> None:
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
        except Exception as error:  # it is tried again when it is to be said
            log.warning("call %s: the opening was not synthesized ahead: %s", self._call_id, type(error).__name__)
            return
        if sound:
            self._phrases.keep(text, np.concatenate(sound))

    def _heard(self, text: str) -> None:
        """A turn of the callee is over."""
        seconds = self._seconds if self._seconds > 0 else 0.0
        sound = self._output.sound
        barged_in = self._barged_in or (self._saying and sound is not None and sound.interrupted)
        self._turn_open, self._barged_in, self._seconds = False, False, 0.0
        self._turn_over.set()
        self._events.put(Heard(text, seconds, barged_in))

    def _no_words(self) -> None:
        """The callee has made a sound that has no words."""
        if self._turn_open and not self._callee_speaks:
            self._heard("")

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
        log.warning("call %s: %s%s", self._call_id, kind or "an error of the session", ", tried again" if recoverable else "")
        if recoverable or self._over.is_set():
            return
        if kind == "tts_error":
            self._speech_error = f"speech synthesis fails: {type(getattr(error, 'error', error)).__name__}"
        elif kind == "stt_error":
            self._events.put(Failed(500, "speech recognition fails"))

    def _on_close(self, event: CloseEvent) -> None:
        if not self._over.is_set():
            log.error("call %s: the voice session has closed: %s", self._call_id, event.reason.value)
            self._events.put(Failed(500, "the voice session has closed"))
