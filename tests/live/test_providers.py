"""Providers by name, each livekit's plugin as it is, connected to a service of ours that speaks its protocol: whole calls over SIP."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from core.voice.ports import Frame
from tests.live.lab import live, until
from tests.live.speech_service import speech_service
from tests.live.spoken import loud, openai_voice, phone, piper, product

pytestmark = pytest.mark.needs("sipp", "sippy", "piper")

ENDPOINTING = {"min_seconds": 0.3, "max_seconds": 1.0}


@pytest.fixture(scope="module")
def words() -> Frame:
    """Something that a callee says."""
    return piper("I would like to pay on Friday.")[0]


def voice_of(name: str, url: str, key: str = "SPEECH_KEY") -> dict[str, Any]:
    """A voice one half of which, or both, is that provider's."""
    openai, secret = openai_voice(url, key), {"key": f"secret:{key}"}
    halves: dict[str, dict[str, Any]] = {
        "openai": {},
        "deepgram": {"stt": {"provider": "deepgram", "base_url": f"{url}/v1/listen", **secret}},
        "elevenlabs": {"tts": {"provider": "elevenlabs", "base_url": f"{url}/v1", "options": {"encoding": "pcm_24000"}, **secret}},
        "cartesia": {"tts": {"provider": "cartesia", "base_url": url, "options": {"word_timestamps": False}, **secret}},
    }
    return {**openai, **halves[name], "endpointing": ENDPOINTING}


@pytest.mark.parametrize("name", ["openai", "deepgram", "elevenlabs", "cartesia"])
def test_words_reach_the_brain_and_sound_the_callee(tmp_path: Path, words: Frame, name: str) -> None:
    async def scenario() -> None:
        async with speech_service() as service, product(tmp_path, service.url, voice=voice_of(name, service.url)) as here:
            with phone(tmp_path) as to:
                service.words = ["please call me never again"]
                call_id = await here.dial(to)
                await to.heard_out()
                to.peer.say(words)
                await until(lambda: not service.words, "the words are asked for")
                call = await here.ended(call_id)
                assert call.said("customer") == ["please call me never again"]
                assert len(call.said()) >= 2
                assert len(loud(to.peer.heard())) > 100
                assert call.of("first_audio")[0]["seconds"] < 3.0  # the opening was made while it rang

    live(scenario, 90)


@pytest.mark.parametrize("name", ["openai", "deepgram", "elevenlabs", "cartesia"])
def test_a_wrong_key_is_told_in_words_and_kept_from_the_log(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """The phone stops ringing, or the call ends; the next call is refused before it rings."""

    async def scenario() -> None:
        async with speech_service() as service, product(tmp_path, service.url, voice=voice_of(name, service.url, "WRONG_KEY")) as here:
            with phone(tmp_path) as to:
                call = await here.ended(await here.dial(to), 40)
                assert call.how == ("error", "pipeline_failure")
                assert "refuses the key (status 401)" in str(call.of("leg_failed"))
                again = await here.ended(await here.dial(to), 20)
                assert again.how == ("error", "trunk_refused")
                assert "refuses the key" in again.result["sip_reason"]

    with caplog.at_level(logging.INFO):
        live(scenario, 90)
    assert "refuses the key (status 401)" in caplog.text
    assert "sk-very-wrong-0000" not in caplog.text
