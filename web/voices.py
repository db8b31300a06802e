"""What speaks and listens on calls that carry sound, whatever transport carries it."""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib.util
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import SecretStr

from core.access.secrets import SecretError
from core.bots.config import BotConfig
from core.bots.store import read_version
from core.bots.voice_checks import unknown_provider
from core.bots.voice_config import SttConfig, TtsConfig, VoiceConfig
from core.calls.engine import Engine
from core.calls.store import read_call
from core.contracts.transport import Leg, PlaceOrder
from core.kernel.secrets import SecretBoxError
from core.outgoing.guard import AllowList
from core.voice.errors import VoiceUnavailable
from web.settings import Settings

if TYPE_CHECKING:
    from livekit.agents import vad

    from core.voice.offline.voice import OfflineVoice
    from core.voice.phrases import Phrases
    from core.voice.ports import AudioLeg, Speech
    from core.voice.recording import CallRecording, RecordingWriter
    from core.voice.session.parts import SessionParts
    from core.voice.session.providers import Provided
    from core.voice.session.resting import Resting

__all__ = [
    "MISSING",
    "Reveal",
    "check_at_hand",
    "check_voice",
    "has_sessions",
    "make_speech",
    "planned",
    "shared_offline",
    "shared_vad",
    "wanted_voice",
]

MISSING = "a voice with words needs livekit-agents: pip install 'campaign-dialler[voice]', or [voice-offline] for one without an account"
_NONE = "no voice is configured, so nobody could be talked to: write `voice` into the bot, or use --voice NAME (docs/voice.md)"
_MOST_VOICES = 32  # whose sound is kept; each may take 20 MB

Reveal = Callable[[str], SecretStr]
"""The value of a `secret:NAME`; raises `SecretError` or `SecretBoxError`."""


def make_speech(settings: Settings, engine: Engine, writer: RecordingWriter, is_lab: Callable[[PlaceOrder], bool]) -> Speech:
    """The speech of this process.

    Args:
        settings: the process's; `voice` goes before the bots' own.
        engine: its call engine.
        writer: what recordings are written by.
        is_lab: whether a call cannot reach anybody but a test line.
    """
    kept: OrderedDict[str, tuple[Phrases, Resting]] = OrderedDict()

    def lasting(voice: VoiceConfig) -> tuple[Phrases, Resting]:
        """What outlasts the calls of a voice. No key does: the next call may find another."""
        from core.voice.phrases import Phrases  # noqa: PLC0415 - loads numpy
        from core.voice.session.resting import Resting  # noqa: PLC0415

        name = voice.model_dump_json()
        found = kept[name] = kept.get(name) or (Phrases(), Resting())
        kept.move_to_end(name)
        while len(kept) > _MOST_VOICES:
            kept.popitem(last=False)
        return found

    def reveal(text: str) -> SecretStr:
        if engine.secrets is None:
            raise VoiceUnavailable("this process has no secret store, which the key of the voice is in")
        with engine.db.read() as connection:
            return engine.secrets.resolve(connection, text)

    def recording_of(order: PlaceOrder) -> Callable[[], CallRecording] | None:
        recordings = engine.recordings
        if not order.record or recordings is None:
            return None
        return lambda: writer.open(recordings.file_of(order.call_id))

    def speech(order: PlaceOrder) -> Callable[[AudioLeg], Leg]:
        voice = wanted_voice(_bot_of(engine, order.call_id), settings.voice)
        record = recording_of(order)
        if _is_tones(voice, lab=is_lab(order)):
            from core.voice.leg import VoiceLeg  # noqa: PLC0415 - loads numpy
            from core.voice.tones import TonesVoice  # noqa: PLC0415

            return lambda audio: VoiceLeg(audio, TonesVoice(), engine.clock, call_id=order.call_id, recording=record)
        phrases, resting = lasting(voice)
        if (refused := resting.why) is not None:
            raise VoiceUnavailable(refused)
        parts = replace(_parts_of(voice, settings.allow_internal, reveal), phrases=phrases, resting=resting)
        from core.voice.session.leg import SessionLeg  # noqa: PLC0415 - loads livekit

        return lambda audio: SessionLeg(audio, parts, engine.clock, call_id=order.call_id, recording=record)

    return speech


def has_sessions() -> bool:
    """Whether the extra `voice` is installed."""
    return importlib.util.find_spec("livekit") is not None and importlib.util.find_spec("livekit.agents") is not None


def wanted_voice(bot: BotConfig | None, name: str | None) -> VoiceConfig:
    """The voice of a call: the one that `--voice` names, else the bot's own. How turns are taken is always the bot's choice.

    Raises:
        core.voice.errors.VoiceUnavailable: there is none, or no provider of that name.
    """
    own = (bot.voice if bot is not None else None) or VoiceConfig()
    if name is not None:
        if (unknown := unknown_provider(name)) is not None:
            raise VoiceUnavailable(". ".join(unknown))
        return own.model_copy(update={"stt": SttConfig(provider=name), "tts": TtsConfig(provider=name)})
    if own.stt is None or own.tts is None:
        raise VoiceUnavailable(_NONE)
    return own


def check_at_hand(bot: BotConfig, name: str | None, *, lab: bool) -> None:
    """Look, before a call is taken, whether its bot has a voice, and what it needs is installed. Takes no time.

    Raises:
        core.voice.errors.VoiceUnavailable: not so.
    """
    if not _is_tones(wanted_voice(bot, name), lab=lab) and importlib.util.find_spec("livekit") is None:
        raise VoiceUnavailable(MISSING)


async def check_voice(voice: VoiceConfig, *, lab: bool, allow: AllowList, reveal: Reveal) -> None:
    """Look, before anything is dialled, whether calls can have this voice, and load what it needs. Takes seconds.

    Raises:
        core.voice.errors.VoiceUnavailable: it is not installed, or cannot be loaded or set up, or must not be heard by anybody.
    """
    if _is_tones(voice, lab=lab):
        return
    speech = _parts_of(voice, allow, reveal).begin(lambda: None)
    await speech.close()
    if "offline" in _providers(voice):
        shared_offline().load()


def _bot_of(engine: Engine, call_id: str) -> BotConfig | None:
    if (run := engine.runs.get(call_id)) is not None:
        return run.bot
    with engine.db.read() as connection:
        call = read_call(connection, call_id)
        stored = None if call is None else read_version(connection, call.bot_id, call.bot_version)
    return None if stored is None else stored.config


def _providers(voice: VoiceConfig) -> set[str]:
    return {part.provider for part in (voice.stt, voice.tts) if part is not None}


def _is_tones(voice: VoiceConfig, *, lab: bool) -> bool:
    """Whether it is the voice without words, which must be on lab trunks only."""
    providers = _providers(voice)
    if "tones" not in providers:
        return False
    if providers != {"tones"}:
        raise VoiceUnavailable("the voice 'tones' has no words: use it for stt and tts alike, or for neither")
    if not lab:
        raise VoiceUnavailable("the voice 'tones' has no words: it speaks on lab trunks only, never to people")
    return True


def _parts_of(voice: VoiceConfig, allow: AllowList, reveal: Reveal) -> SessionParts:
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
