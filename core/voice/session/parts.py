"""The parts of an AgentSession, and its turn-taking."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from livekit.agents import inference, stt, tts, vad

from core.voice.phrases import Phrases
from core.voice.session.resting import Resting

__all__ = ["CallSpeech", "SessionParts", "TurnTaking", "make_vad"]


@dataclass(frozen=True)
class TurnTaking:
    """Turn-taking. Times in seconds.

    Attributes:
        interruptible: whether the callee can interrupt.
        interruption_words: how many words interrupt; 0: any speech of `interruption_seconds`.
        interruption_seconds: how long speech must last to interrupt.
        shortest_pause: silence after which a turn may be over.
        longest_pause: silence after which it is over, whatever was said.
    """

    interruptible: bool = True
    interruption_words: int = 0
    interruption_seconds: float = 0.5
    shortest_pause: float = 0.5
    longest_pause: float = 3.0


@dataclass(frozen=True)
class CallSpeech:
    """The recognition and synthesis of one call; its failures affect only that call. `close` releases their resources.

    `listens` and `speaks` are their names in messages.
    """

    stt: stt.STT
    tts: tts.TTS
    close: Callable[[], Awaitable[None]]
    listens: str = "the recognition"
    speaks: str = "the synthesis"


@dataclass(frozen=True)
class SessionParts:
    """What the calls of one voice share.

    Attributes:
        begin: makes the speech of one call. Its argument is called when an utterance had no words, if the recognition can tell. May
            raise `VoiceUnavailable`.
        vad: makes the voice activity detector of one call.
        turns: turn-taking.
        phrases: the cache of this voice's sound, shared.
        resting: whether the voice is worth trying now, shared.
    """

    begin: Callable[[Callable[[], None]], CallSpeech]
    vad: Callable[[], vad.VAD]
    turns: TurnTaking = TurnTaking()
    phrases: Phrases = field(default_factory=Phrases)
    resting: Resting = field(default_factory=Resting)


def make_vad(threads: int = 2) -> Callable[[], vad.VAD]:
    """Makes the voice activity detectors of calls; they all run in the same threads.

    One object for all calls would report each call's metrics to every call: a hundred times the work for ten times the calls.
    """
    return partial(inference.VAD, min_silence_duration=0.35, executor=ThreadPoolExecutor(threads, thread_name_prefix="voice-activity"))
