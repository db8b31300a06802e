"""Speech providers by name: livekit's plugins, set up and not connected. They are of the extra `voice`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pytest
from pydantic import SecretStr

from core.outgoing.guard import AllowList
from core.voice.errors import VoiceUnavailable

pytest.importorskip("livekit.plugins.deepgram", reason="the extra `voice` is not installed")

from core.voice.session.providers import Wanted, plan

pytestmark = pytest.mark.extras

KEY = SecretStr("sk-very-secret")


def made(wanted: Wanted, allow: AllowList | None = None) -> Any:
    async def make() -> Any:
        provided = plan(wanted, allow or AllowList())()
        await provided.close()
        return provided.part

    return asyncio.run(make())


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted("stt", "deepgram", model="nova-3", language="en", key=KEY),
        Wanted("tts", "deepgram", voice="aura-2-andromeda-en", key=KEY),
        Wanted("stt", "elevenlabs", language="en", key=KEY),
        Wanted("tts", "elevenlabs", model="eleven_turbo_v2_5", voice="EXAVITQu4vr4xnSDxMaL", language="en", key=KEY),
        Wanted("stt", "cartesia", model="ink-whisper", language="en", key=KEY),
        Wanted("tts", "cartesia", voice="9626c31c-bec5-4cca-baa8-f8ba9e84c8bc", language="en", key=KEY),
        Wanted("stt", "openai", model="whisper-1", language="en", key=KEY),
        Wanted("tts", "openai", voice="alloy", base_url="https://example.com/v1"),
        Wanted("stt", "sarvam", language="hi-IN", key=KEY),
        Wanted("tts", "sarvam", model="bulbul:v2", voice="anushka", language="hi-IN", key=KEY),
    ],
    ids=lambda wanted: f"{wanted.provider}-{wanted.kind}",
)
def test_each_is_set_up_by_our_names(wanted: Wanted) -> None:
    part = made(wanted)
    assert part.provider
    if wanted.model:
        assert part.model == wanted.model


def test_the_voice_of_deepgram_is_its_model() -> None:
    assert made(Wanted("tts", "deepgram", voice="aura-2-thalia-en", key=KEY)).model == "aura-2-thalia-en"


def test_an_option_that_it_does_not_have_is_named() -> None:
    with pytest.raises(VoiceUnavailable, match="the stt of deepgram has no option loudness"):
        plan(Wanted("stt", "deepgram", key=KEY, options={"loudness": 1}), AllowList())


def test_a_missing_key_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEEPGRAM_API_KEY", raising=False)
    with pytest.raises(VoiceUnavailable, match=r"the stt of deepgram cannot be set up.*key"):
        made(Wanted("stt", "deepgram"))


def test_the_operators_key_does_not_go_to_an_address_of_the_bots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-operator")
    part = made(Wanted("tts", "openai", base_url="https://example.com/v1"))
    assert part._client.api_key == "none"


def test_internal_addresses_are_refused_unless_listed() -> None:
    wanted = Wanted("tts", "openai", base_url="http://127.0.0.1:9/v1", key=KEY)
    with pytest.raises(VoiceUnavailable, match=r"127\.0\.0\.1:9 is an internal address"):
        plan(wanted, AllowList())
    assert made(wanted, AllowList.parse("127.0.0.1:9"))


@pytest.mark.parametrize("provider", ["elevenlabs", "cartesia"])
def test_a_voice_that_is_none_is_told_apart(provider: str) -> None:
    with pytest.raises(VoiceUnavailable, match="'Rachel' is no voice of") as caught:
        plan(Wanted("tts", provider, voice="Rachel", key=KEY), AllowList())
    assert caught.value.field == "voice"


def test_an_address_among_the_options_is_guarded_as_any_other() -> None:
    with pytest.raises(VoiceUnavailable, match="internal address") as caught:
        plan(Wanted("tts", "sarvam", key=KEY, options={"ws_url": "ws://127.0.0.1:9/x"}), AllowList())
    assert caught.value.field == "options.ws_url"


def test_no_key_of_the_environment_goes_to_an_address_among_the_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SARVAM_API_KEY", "the operator's")
    part = made(Wanted("tts", "sarvam", options={"ws_url": "wss://example.com/x"}))
    assert "operator" not in part._opts.api_key


class OwnConnections:
    """A plugin that takes no session of ours."""

    def __init__(self, *, api_key: str = "", base_url: str = "", endpoint: str = "", region: str = "", http_options: object = None) -> None:
        self.api_key, self.base_url = api_key, base_url


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("livekit.plugins.acme")
    module.STT = module.TTS = OwnConnections  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "livekit.plugins.acme", module)


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    ("base_url", "options", "field"),
    [
        ("https://example.com/v1", {}, "base_url"),
        ("", {"endpoint": "speech.example.com"}, "options.endpoint"),
        ("", {"http_options": {"base_url": "https://example.com"}}, "options.http_options.base_url"),
        ("", {"http_options": [{"x": "wss://example.com"}]}, "options.http_options.x"),
        ("", {"region": "127.0.0.1:80/x#"}, "options.region"),
    ],
)
def test_a_plugin_past_our_guard_goes_to_its_providers_address_only(base_url: str, options: Mapping[str, Any], field: str) -> None:
    with pytest.raises(VoiceUnavailable) as refused:
        plan(Wanted("stt", "acme", key=KEY, base_url=base_url, options=options), AllowList())
    assert refused.value.field == field


@pytest.mark.usefixtures("acme")
def test_a_plugin_past_our_guard_may_go_where_the_operator_lets_it() -> None:
    assert made(Wanted("tts", "acme", key=KEY, options={"region": "westeurope"})).api_key == KEY.get_secret_value()
    wanted = Wanted("tts", "acme", key=KEY, base_url="http://speech.internal:9000/v1")
    assert made(wanted, AllowList.parse("speech.internal:9000")).base_url == wanted.base_url


def test_what_is_not_an_address_is_not_taken_for_one() -> None:
    options = {"endpointing_ms": 25, "keyterm": ["base", "host"]}
    assert made(Wanted("stt", "deepgram", key=KEY, options=options))


@pytest.mark.parametrize("url", ["http://example.com:99999/", "https://[::1/"])
def test_an_address_that_cannot_be_is_refused_in_words(url: str) -> None:
    with pytest.raises(VoiceUnavailable, match="is not an address of a speech provider"):
        plan(Wanted("tts", "openai", key=KEY, base_url=url), AllowList())
