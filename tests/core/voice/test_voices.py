"""Which voice a call has."""

from __future__ import annotations

import asyncio
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from core.bots.config import BotConfig
from core.contracts.transport import PlaceOrder
from core.contracts.voice_config import VoiceConfig
from core.outgoing.guard import AllowList
from core.voice.errors import VoiceUnavailable
from core.voice.speech import make_speech
from core.voice.voices import check_voice, wanted_voice

BOT = BotConfig.model_validate(
    {"name": "b", "voice": {"stt": "deepgram", "tts": "elevenlabs", "interruption": {"min_words": 2}, "voicemail": "go_on"}}
)


def check(name: str, *, lab: bool) -> None:
    asyncio.run(check_voice(wanted_voice(None, name), lab=lab, allow=AllowList(), reveal=SecretStr))


def test_the_bots_own() -> None:
    voice = wanted_voice(BOT.voice, None)
    assert voice == BOT.voice


def test_the_one_that_is_named_goes_first_and_turns_stay_the_bots() -> None:
    voice = wanted_voice(BOT.voice, "offline")
    assert voice.stt is not None
    assert voice.tts is not None
    assert (voice.stt.provider, voice.tts.provider) == ("offline", "offline")
    assert (voice.interruption.min_words, voice.voicemail) == (2, "go_on")


@pytest.mark.parametrize("bot", [None, BotConfig(name="b"), BotConfig.model_validate({"name": "b", "voice": {"voicemail": "hang_up"}})])
def test_none_is_refused_in_words(bot: BotConfig | None) -> None:
    with pytest.raises(VoiceUnavailable, match=r"no voice is configured.*--voice NAME"):
        wanted_voice(bot.voice if bot else None, None)


def test_tones_are_for_lab_lines() -> None:
    check("tones", lab=True)
    with pytest.raises(VoiceUnavailable, match="lab trunks only"):
        check("tones", lab=False)


def test_what_is_not_installed_is_said_with_its_command() -> None:
    with pytest.raises(VoiceUnavailable, match="pip install"):
        check("azure", lab=False)


def test_a_provider_that_there_is_not_is_named_and_no_package_is_advised() -> None:
    with pytest.raises(VoiceUnavailable, match=r"there is no speech provider deepgrm\. Did you mean deepgram\?") as error:
        wanted_voice(None, "deepgrm")
    assert "pip" not in str(error.value)


class Acme:
    def __init__(self, *, api_key: str = "", model: str = "") -> None:
        self.api_key = api_key


class Calls:
    """Calls of one process, by bots with a voice of `acme`; `key` is what its secret is at the moment."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("livekit.agents", reason="the extra `voice` is not installed")
        module = ModuleType("livekit.plugins.acme")
        module.STT = module.TTS = Acme  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "livekit.plugins.acme", module)
        monkeypatch.setattr("core.voice.session.leg.SessionLeg", lambda audio, parts, clock, **_: parts)
        self.key = "first"
        self._speech = make_speech(
            SimpleNamespace(),
            name=None,
            allow=AllowList(),
            reveal=lambda text: SecretStr(f"{text} {self.key}"),
            recording_of=lambda _: None,
        )

    def parts(self, model: str = "m") -> Any:
        half = {"provider": "acme", "model": model, "key": "secret:ACME"}
        order = PlaceOrder("c", "a", "+12025550142", None, "lab", voice=VoiceConfig.model_validate({"stt": half, "tts": half}))
        return self._speech(order)(None)  # type: ignore[arg-type]

    def key_of_a_call(self) -> str:
        key: str = self.parts().begin(lambda: None).stt.api_key
        return key


@pytest.mark.extras
def test_each_call_has_the_key_that_is_set_now(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch)
    assert calls.key_of_a_call() == "secret:ACME first"
    calls.key = "rotated"
    assert calls.key_of_a_call() == "secret:ACME rotated"


@pytest.mark.extras
def test_what_was_synthesized_and_refused_outlasts_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch)
    first, second = calls.parts(), calls.parts()
    assert first.phrases is second.phrases
    second.resting.rest("the key was refused")
    with pytest.raises(VoiceUnavailable, match="the key was refused"):
        calls.parts()


@pytest.mark.extras
def test_the_voices_that_were_not_used_for_long_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch)
    often, once = calls.parts("often").phrases, calls.parts("once").phrases
    for number in range(31):
        calls.parts(str(number))
        assert calls.parts("often").phrases is often
    assert calls.parts("once").phrases is not once
