"""The voice of a bot, as people write it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.bots.config import BotConfig
from core.bots.loading import load_bot
from core.bots.views import as_document
from core.kernel.yaml_config import ConfigError


def load(tmp_path: Path, text: str) -> BotConfig:
    path = tmp_path / "bot.yaml"
    path.write_text(f"name: Loan reminder\n{text}", encoding="utf-8")
    return load_bot(path)


def problems(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    return "\n".join(map(str, caught.value.problems))


def test_a_name_is_enough_for_a_half(tmp_path: Path) -> None:
    voice = load(tmp_path, "voice: {stt: offline, tts: {provider: deepgram, voice: aura-2-andromeda-en}}\n").voice
    assert voice is not None
    assert voice.stt is not None
    assert voice.tts is not None
    assert (voice.stt.provider, voice.tts.provider, voice.tts.voice) == ("offline", "deepgram", "aura-2-andromeda-en")
    assert (voice.interruption.enabled, voice.endpointing.max_seconds, voice.voicemail) == (True, 3.0, "leave_message")


def test_written_out_it_makes_the_same_bot(tmp_path: Path) -> None:
    bot = load(tmp_path, "voice: {stt: offline, tts: offline, voicemail: go_on}\n")
    assert BotConfig.model_validate(as_document(bot)) == bot.model_copy(update={"id": bot.id})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("voice:\n  stt: deepgramm\n  tts: offline\n", r"bot\.yaml:3:.*there is no speech provider deepgramm.*Did you mean deepgram"),
        ("voice:\n  tts: offline\n", r"bot\.yaml:2:.*it has no stt"),
        ("voice:\n  stt: {provider: deepgram, key: abc123}\n  tts: offline\n", r"bot\.yaml:3:.*the file contains a credential"),
        ("voice:\n  stt: {provider: openai, base_url: nowhere}\n  tts: offline\n", r"bot\.yaml:3:.*not an http or https URL"),
        ("voice:\n  stt: {provider: deepgram, options: {api_key: x}}\n  tts: offline\n", r"bot\.yaml:3:.*cannot be set as an option"),
        ("voice:\n  stt: {provider: sarvam, options: {ws_url: x}}\n  tts: offline\n", r"bot\.yaml:3:.*cannot be set as an option"),
        ("voice:\n  endpointing: {min_seconds: 2, max_seconds: 1}\n", r"bot\.yaml:3:.*less than min_seconds"),
        ("voice:\n  voicemail: shout\n", r"bot\.yaml:3:"),
    ],
)
def test_problems_name_their_line(tmp_path: Path, text: str, says: str) -> None:
    assert re.search(says, problems(tmp_path, text), re.DOTALL), problems(tmp_path, text)
