"""What a session of AgentSession is made of, and how it takes turns."""

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
    """Who may speak when. Times in seconds.

    Attributes:
        interruptible: whether the callee can break in.
        interruption_words: how many words break in; 0: any speech of that length.
        interruption_seconds: how long speech must last to break in.
        shortest_pause: silence after which a turn may be over.
        longest_pause: silence after which it is, whatever was said.
    """

    interruptible: bool = True
    interruption_words: int = 0
    interruption_seconds: float = 0.5
    shortest_pause: float = 0.5
    longest_pause: float = 3.0


@dataclass(frozen=True)
class CallSpeech:
    """The recognition and the synthesis of one call: its failures are its own. `close` ends what they hold.

    `listens` and `speaks` are what they are called in messages.
    """

    stt: stt.STT
    tts: tts.TTS
    close: Callable[[], Awaitable[None]]
    listens: str = "the recognition"
    speaks: str = "the synthesis"


@dataclass(frozen=True)
class SessionParts:
    """What calls of one voice are made of.

    Attributes:
        begin: makes the speech of one call. It is handed what to call when an utterance had no words, for recognition that
            can tell. It may raise `VoiceUnavailable`.
        vad: makes the voice activity of one call.
        turns: how turns are taken.
        phrases: sound of this voice that is kept, shared.
        resting: whether it is worth trying at the moment, shared.
    """

    begin: Callable[[Callable[[], None]], CallSpeech]
    vad: Callable[[], vad.VAD]
    turns: TurnTaking = TurnTaking()
    phrases: Phrases = field(default_factory=Phrases)
    resting: Resting = field(default_factory=Resting)


def make_vad(threads: int = 2) -> Callable[[], vad.VAD]:
    """What makes the voice activity of a call; all of them are judged in the same threads.

    One object for all calls would tell each call's figures to every call: a hundred times the work for ten times the calls.
    """
    return partial(inference.VAD, min_silence_duration=0.35, executor=ThreadPoolExecutor(threads, thread_name_prefix="voice-activity"))
