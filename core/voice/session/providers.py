"""Speech providers by name: calls the constructor of livekit's plugin with a bot's settings, under the names that the plugin uses."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from livekit.agents import stt, tts
from pydantic import SecretStr

from core.outgoing.guard import AllowList
from core.voice.errors import VoiceUnavailable
from core.voice.session.addresses import addresses_in, check_own_connections
from core.voice.session.reach import aiohttp_session, check_url, httpx_client

__all__ = ["Provided", "Wanted", "plan"]

_NAMES: Mapping[str, tuple[str, ...]] = {
    "model": ("model", "model_id"),
    "language": ("language", "language_code", "target_language_code", "languages"),
    "voice": ("voice", "voice_id", "speaker", "voice_name", "reference_id"),
    "base_url": ("base_url", "api_base", "api_url"),
    "key": ("api_key", "api_token", "speech_key", "subscription_key"),
}
"""Our settings -> the plugins' names for them, the likeliest first."""
_SYNTHESIS_MODEL_IS_THE_VOICE = {"deepgram"}
_VOICE_IDS: Mapping[str, tuple[str, str]] = {
    "elevenlabs": (r"[A-Za-z0-9]{20}", "ids of 20 letters and digits, not names"),
    "cartesia": (r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "UUIDs, as 9626c31c-bec5-4cca-baa8-f8ba9e84c8bc, not names"),
}
_ANY = "none"
"""The key sent to a bot's own address if it names none: the operator's key from the environment must not go there."""


@dataclass(frozen=True)
class Wanted:
    """The stt or tts of a bot's voice."""

    kind: Literal["stt", "tts"]
    provider: str
    model: str = ""
    language: str = ""
    voice: str = ""
    base_url: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    key: SecretStr | None = None


@dataclass(frozen=True)
class Provided:
    """The stt or tts of one call, and a function that closes its connections; `discard` is for one that was never used."""

    part: Any
    close: Callable[[], Awaitable[None]]
    discard: Callable[[], object] = lambda: None


def plan(wanted: Wanted, allow: AllowList) -> Callable[[], Provided]:
    """How to make it for a call; connects nothing yet.

    Raises:
        VoiceUnavailable: the plugin is not installed, or rejects these settings; the message says what to do. The returned function
            raises it too, if the plugin itself finds something missing.
    """
    make = _constructor(wanted)
    accepted = inspect.signature(make).parameters
    arguments = dict(wanted.options)
    _check_voice_id(wanted)
    addresses = addresses_in(wanted.base_url, wanted.options)
    for name, url in addresses.items():
        check_url(url if "://" in url or name == "base_url" else f"https://{url}", allow, field=name)
    if "http_session" not in accepted and wanted.provider != "openai":
        check_own_connections(f"the {wanted.kind} of {wanted.provider}", wanted.base_url, wanted.options, allow)
    settings: dict[str, Any] = {"model": wanted.model, "language": wanted.language, "voice": wanted.voice, "base_url": wanted.base_url}
    if wanted.key is not None:
        settings["key"] = wanted.key.get_secret_value()
    elif addresses:
        settings["key"] = _ANY
    if wanted.kind == "tts" and wanted.provider in _SYNTHESIS_MODEL_IS_THE_VOICE and wanted.voice:
        settings["model"], settings["voice"] = wanted.voice, ""
    for name, value in settings.items():
        if value:
            arguments[_accepted(wanted, name, accepted)] = value
    for name in wanted.options:
        if name not in accepted:
            raise VoiceUnavailable(f"the {wanted.kind} of {wanted.provider} has no option {name}", field=f"options.{name}")

    def provide() -> Provided:
        if "http_session" in accepted:
            session = aiohttp_session(allow)
            try:
                made = _made(wanted, make, {**arguments, "http_session": session}, accepted)
            except VoiceUnavailable:
                session.detach()
                raise
            return Provided(made, session.close, session.detach)
        if wanted.provider == "openai":
            return _openai(wanted, make, arguments, accepted, allow)
        return Provided(_made(wanted, make, arguments, accepted), _nothing)

    return provide


def _check_voice_id(wanted: Wanted) -> None:
    """Reject an invalid voice id here; the provider would do so only on the first call."""
    pattern, words = _VOICE_IDS.get(wanted.provider, ("", ""))
    if wanted.kind == "tts" and wanted.voice and pattern and not wanted.base_url and not re.fullmatch(pattern, wanted.voice):
        raise VoiceUnavailable(f"{wanted.voice!r} is no voice of {wanted.provider}: its voices are {words}", field="voice")


def _openai(wanted: Wanted, make: Callable[..., Any], arguments: dict[str, Any], accepted: Mapping[str, Any], allow: AllowList) -> Provided:
    """The plugin that takes a whole client, and would otherwise make one for each call."""
    import openai  # noqa: PLC0415 - slow, and only where it is used

    http = httpx_client(allow)
    rest = {name: value for name, value in arguments.items() if name not in {"api_key", "base_url"}}
    try:
        client = openai.AsyncClient(api_key=arguments.get("api_key"), base_url=arguments.get("base_url"), http_client=http, max_retries=0)
    except openai.OpenAIError:
        raise VoiceUnavailable(
            f"the {wanted.kind} of openai needs a key: write `key: secret:NAME` in the bot's voice", field="key"
        ) from None
    return Provided(_made(wanted, make, {**rest, "client": client}, accepted), http.aclose)


def _constructor(wanted: Wanted) -> Callable[..., Any]:
    package = f"livekit-plugins-{wanted.provider.replace('_', '-')}"
    try:
        module = importlib.import_module(f"livekit.plugins.{wanted.provider}")
    except ImportError as error:
        raise VoiceUnavailable(
            f"the provider {wanted.provider} is not installed ({error.name or error}): pip install 'campaign-dialler[voice]', "
            f"or pip install {package}",
            field="provider",
        ) from None
    make = getattr(module, wanted.kind.upper(), None)
    if make is None:
        what = "recognition" if wanted.kind == "stt" else "synthesis"
        raise VoiceUnavailable(f"{wanted.provider} has no speech {what} in {package}", field="provider")
    return make  # type: ignore[no-any-return]


def _accepted(wanted: Wanted, name: str, accepted: Mapping[str, Any]) -> str:
    for candidate in _NAMES[name]:
        if candidate in accepted:
            return candidate
    raise VoiceUnavailable(f"the {wanted.kind} of {wanted.provider} takes no {name}; what it takes can be set as options", field=name)


def _made(wanted: Wanted, make: Callable[..., Any], arguments: dict[str, Any], accepted: Mapping[str, Any]) -> stt.STT | tts.TTS:
    try:
        made: stt.STT | tts.TTS = make(**{name: value for name, value in arguments.items() if name in accepted})
    except (ValueError, TypeError) as error:  # a missing key, an invalid value
        why = _without(wanted.key, str(error))
        field = "key" if wanted.key is None and "key" in why.lower() else ""
        raise VoiceUnavailable(f"the {wanted.kind} of {wanted.provider} cannot be set up: {why}", field=field) from None
    return made


def _without(key: SecretStr | None, text: str) -> str:
    return text if key is None else text.replace(key.get_secret_value(), "***")


async def _nothing() -> None:
    pass
