"""What is wrong with the voice of a bot, found before anybody is called: each problem by the field it is about."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from pydantic import SecretStr

from core.access.secrets import SecretMissing, names_in
from core.contracts.voice_config import VoiceConfig
from core.kernel.collector import keep_what_is_loaded
from core.outgoing.guard import AllowList
from core.voice.errors import VoiceUnavailable
from core.voice.voices import MISSING, Reveal, has_sessions, planned, shared_offline, shared_vad

__all__ = ["prewarm", "problems_of_bots", "secret_probe", "uses_offline", "voice_problems"]


async def voice_problems(voice: VoiceConfig | None, allow: AllowList, reveal: Reveal) -> list[str]:
    """Sentences that begin with the field; none where there is no voice at all. Nothing is connected, no model is loaded.

    Args:
        voice: the bot's.
        allow: the internal hosts that may be reached.
        reveal: the value of a secret.
    """
    if voice is None or (voice.stt is None and voice.tts is None):
        return []
    halves = {"stt": voice.stt, "tts": voice.tts}
    found = [f"voice.{kind}: is missing: a bot needs both, stt to listen and tts to speak" for kind, half in halves.items() if half is None]
    providers = {half.provider for half in halves.values() if half is not None}
    if "tones" in providers:
        if providers != {"tones"}:
            found.append("voice: tones has no words: use it for stt and tts alike, or for neither")
        return found
    if "offline" in providers:
        found += _offline_problems()
    if not has_sessions():
        return [*found, f"voice: {MISSING}"]
    for kind, half in halves.items():
        if half is None:
            continue
        try:
            if (make := planned(kind, half, allow, reveal)) is not None:
                make().discard()
        except VoiceUnavailable as error:
            field = f"voice.{kind}.{error.field}" if error.field else f"voice.{kind}"
            found.append(f"{field}: {error}")
    return found


async def problems_of_bots(voices: Mapping[str, VoiceConfig | None], allow: AllowList, reveal: Reveal) -> list[str]:
    """The problems of the voices of several bots, each sentence beginning with the name that the bot is given here."""
    return [f"{name}: {problem}." for name, voice in voices.items() for problem in await voice_problems(voice, allow, reveal)]


def uses_offline(voice: VoiceConfig | None) -> bool:
    """Whether one of its halves is the offline one."""
    return voice is not None and "offline" in {half.provider for half in (voice.stt, voice.tts) if half is not None}


def prewarm(*, offline: bool) -> None:
    """Load everything that the first call with sound would load, and have the garbage collector leave it alone: seconds, in which no
    event loop may run. Nothing where the extra is not installed.

    Args:
        offline: whether the offline pair is wanted, too.
    """
    if not has_sessions():
        return
    from core.voice.session.warmth import warm_up  # noqa: PLC0415 - loads livekit

    asyncio.run(warm_up(shared_vad()))
    if offline:
        shared_offline().load()
    keep_what_is_loaded()


def secret_probe(is_set: Callable[[str], bool]) -> Reveal:
    """Stands in for a secret store where none is to be opened: it tells only whether a secret is there.

    Args:
        is_set: whether a secret of this name is.
    """

    def reveal(text: str) -> SecretStr:
        for name in names_in(text):
            if not is_set(name):
                raise SecretMissing(f"there is no secret {name}: dialler secrets set {name}, or set the environment variable {name}")
        return SecretStr("not looked at")

    return reveal


def _offline_problems() -> list[str]:
    from core.voice.offline.models import check_installed, listener_model, speaker_model  # noqa: PLC0415 - only where it is wanted

    try:
        check_installed()
    except VoiceUnavailable as error:
        return [f"voice: {error}"]
    found = []
    for kind, model in (("stt", listener_model), ("tts", speaker_model)):
        try:
            model()
        except VoiceUnavailable as error:
            found.append(f"voice.{kind}: {error}")
    return found
