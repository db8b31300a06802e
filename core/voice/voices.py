"""Which voice a call has: chosen, checked, and made of its providers."""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import SecretStr

from core.access.secrets import SecretError
from core.bots.voice_checks import unknown_provider
from core.contracts.voice_config import SttConfig, TtsConfig, VoiceConfig
from core.kernel.secrets import SecretBoxError
from core.outgoing.guard import AllowList
from core.voice.errors import VoiceUnavailable

if TYPE_CHECKING:
    from livekit.agents import vad

    from core.voice.offline.voice import OfflineVoice
    from core.voice.session.parts import SessionParts
    from core.voice.session.providers import Provided

__all__ = [
    "MISSING",
    "Reveal",
    "check_at_hand",
    "check_voice",
    "has_sessions",
    "is_tones",
    "parts_of",
    "planned",
    "shared_offline",
    "shared_vad",
    "wanted_voice",
]

MISSING = "a voice with words needs livekit-agents: pip install 'campaign-dialler[voice]', or [voice-offline] for one without an account"
_NONE = "no voice is configured, so nobody could be talked to: write `voice` into the bot, or use --voice NAME (docs/voice.md)"

Reveal = Callable[[str], SecretStr]
"""The value of a `secret:NAME`; raises `SecretError` or `SecretBoxError`."""


def has_sessions() -> bool:
    """Whether the extra `voice` is installed."""
    return importlib.util.find_spec("livekit") is not None and importlib.util.find_spec("livekit.agents") is not None


def wanted_voice(own: VoiceConfig | None, name: str | None) -> VoiceConfig:
    """The voice of a call: the one that `--voice` names, else the bot's own. How turns are taken is always the bot's choice.

    Args:
        own: the bot's.
        name: the provider that `--voice` names; None: none.

    Raises:
        core.voice.errors.VoiceUnavailable: there is none, or no provider of that name.
    """
    own = own or VoiceConfig()
    if name is not None:
        if (unknown := unknown_provider(name)) is not None:
            raise VoiceUnavailable(". ".join(unknown))
        return own.model_copy(update={"stt": SttConfig(provider=name), "tts": TtsConfig(provider=name)})
    if own.stt is None or own.tts is None:
        raise VoiceUnavailable(_NONE)
    return own


def check_at_hand(own: VoiceConfig | None, name: str | None, *, lab: bool) -> None:
    """Check, before a call is taken, that its bot has a voice, and that what it needs is installed. Takes no time.

    Args:
        own: the bot's voice.
        name: the provider that `--voice` names; None: none.
        lab: whether the call cannot reach anybody but a test client.

    Raises:
        core.voice.errors.VoiceUnavailable: not so.
    """
    if not is_tones(wanted_voice(own, name), lab=lab) and importlib.util.find_spec("livekit") is None:
        raise VoiceUnavailable(MISSING)


async def check_voice(voice: VoiceConfig, *, lab: bool, allow: AllowList, reveal: Reveal) -> None:
    """Look, before anything is dialled, whether calls can have this voice, and load what it needs. Takes seconds.

    Raises:
        core.voice.errors.VoiceUnavailable: it is not installed, or cannot be loaded or set up, or must not be heard by anybody.
    """
    if is_tones(voice, lab=lab):
        return
    speech = parts_of(voice, allow, reveal).begin(lambda: None)
    await speech.close()
    if "offline" in _providers(voice):
        shared_offline().load()


def _providers(voice: VoiceConfig) -> set[str]:
    return {part.provider for part in (voice.stt, voice.tts) if part is not None}


def is_tones(voice: VoiceConfig, *, lab: bool) -> bool:
    """Whether it is the voice without words.

    Raises:
        core.voice.errors.VoiceUnavailable: it is, on a line that is no lab's, or for one half only.
    """
    providers = _providers(voice)
    if "tones" not in providers:
        return False
    if providers != {"tones"}:
        raise VoiceUnavailable("the voice 'tones' has no words: use it for stt and tts alike, or for neither")
    if not lab:
        raise VoiceUnavailable("the voice 'tones' has no words: it speaks on lab trunks only, never to people")
    return True


def parts_of(voice: VoiceConfig, allow: AllowList, reveal: Reveal) -> SessionParts:
    """What a session with this voice is made of.

    Args:
        voice: not `tones`.
        allow: the internal hosts that may be reached.
        reveal: the value of a secret.

    Raises:
        core.voice.errors.VoiceUnavailable: it cannot be had so.
    """
    if not has_sessions():
        raise VoiceUnavailable(MISSING)
    from core.voice.session.ours import VoiceStt, VoiceTts  # noqa: PLC0415 - loads livekit
    from core.voice.session.parts import CallSpeech, SessionParts, TurnTaking  # noqa: PLC0415

    voice_stt, voice_tts = voice.stt, voice.tts
    assert voice_stt is not None
    assert voice_tts is not None

    if "offline" in _providers(voice):
        shared_offline()
    listen, speak = planned("stt", voice_stt, allow, reveal), planned("tts", voice_tts, allow, reveal)

    def begin(nothing: Callable[[], None]) -> CallSpeech:
        listening = listen() if listen is not None else None
        try:
            speaking = speak() if speak is not None else None
        except VoiceUnavailable:
            if listening is not None:
                listening.discard()
            raise

        async def close() -> None:
            async with contextlib.AsyncExitStack() as closing:  # what fails to close keeps nothing else open
                for half in (listening, speaking):
                    if half is not None:
                        closing.push_async_callback(half.close)
                        closing.push_async_callback(half.part.aclose)

        return CallSpeech(
            listening.part if listening is not None else VoiceStt(shared_offline(), nothing),
            speaking.part if speaking is not None else VoiceTts(shared_offline()),
            close,
            listens=voice_stt.provider,
            speaks=voice_tts.provider,
        )

    turns = TurnTaking(
        interruptible=voice.interruption.enabled,
        interruption_words=voice.interruption.min_words,
        interruption_seconds=voice.interruption.min_seconds,
        shortest_pause=voice.endpointing.min_seconds,
        longest_pause=voice.endpointing.max_seconds,
    )
    return SessionParts(begin, shared_vad(), turns)


def planned(kind: str, part: SttConfig | TtsConfig, allow: AllowList, reveal: Reveal) -> Callable[[], Provided] | None:
    """How one half of a voice is made for a call; None if it is the offline one.

    Args:
        kind: `stt` or `tts`.
        part: the half.
        allow: the internal hosts that may be reached.
        reveal: the value of a secret.

    Raises:
        core.voice.errors.VoiceUnavailable: it cannot be had so.
    """
    from core.voice.session.providers import Wanted, plan  # noqa: PLC0415 - loads livekit

    if part.provider == "offline":
        return None
    try:
        key = reveal(part.key) if part.key else None
    except (SecretError, SecretBoxError) as error:
        raise VoiceUnavailable(f"the key of the voice cannot be read: {error}", field="key") from None
    settings = {**part.model_dump(exclude={"key"}), "key": key, "kind": kind}
    return plan(Wanted(**settings), allow)


@functools.cache
def shared_vad() -> Callable[[], vad.VAD]:
    """Makes the voice activity of a call; its threads and its model are those of all calls of this process."""
    from core.voice.session.parts import make_vad  # noqa: PLC0415 - loads livekit

    return make_vad()


@functools.cache
def shared_offline() -> OfflineVoice:
    """One pair for all calls of this process."""
    from core.voice.offline.voice import OfflineVoice  # noqa: PLC0415 - loads numpy

    voice = OfflineVoice()
    atexit.register(voice.close)
    return voice
