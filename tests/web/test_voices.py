"""Which voice a call has."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr

from core.bots.config import BotConfig
from core.outgoing.guard import AllowList
from core.voice.errors import VoiceUnavailable
from web.voices import check_voice, wanted_voice

BOT = BotConfig.model_validate(
    {"name": "b", "voice": {"stt": "deepgram", "tts": "elevenlabs", "interruption": {"min_words": 2}, "voicemail": "go_on"}}
)


def check(name: str, *, lab: bool) -> None:
    asyncio.run(check_voice(wanted_voice(None, name), lab=lab, allow=AllowList(), reveal=SecretStr))


def test_the_bots_own() -> None:
    voice = wanted_voice(BOT, None)
    assert voice == BOT.voice


def test_the_one_that_is_named_goes_first_and_turns_stay_the_bots() -> None:
    voice = wanted_voice(BOT, "offline")
    assert voice.stt is not None
    assert voice.tts is not None
    assert (voice.stt.provider, voice.tts.provider) == ("offline", "offline")
    assert (voice.interruption.min_words, voice.voicemail) == (2, "go_on")


@pytest.mark.parametrize("bot", [None, BotConfig(name="b"), BotConfig.model_validate({"name": "b", "voice": {"voicemail": "hang_up"}})])
def test_none_is_refused_in_words(bot: BotConfig | None) -> None:
    with pytest.raises(VoiceUnavailable, match=r"no voice is configured.*--voice NAME"):
        wanted_voice(bot, None)


def test_tones_are_for_lab_lines() -> None:
    check("tones", lab=True)
    with pytest.raises(VoiceUnavailable, match="lab trunks only"):
        check("tones", lab=False)


def test_what_is_not_installed_is_said_with_its_command() -> None:
    with pytest.raises(VoiceUnavailable, match="pip install"):
        check("azure", lab=False)


def test_a_provider_that_there_is_not_is_named_and_no_package_is_advised() -> None:
    with pytest.raises(VoiceUnavailable, match=r"no speech provider is called deepgrm\. Did you mean deepgram\?") as error:
        wanted_voice(None, "deepgrm")
    assert "pip" not in str(error.value)
