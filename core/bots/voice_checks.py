"""Checks of a bot's voice that a schema cannot express. Work on raw JSON configuration, valid or not."""

from __future__ import annotations

import difflib
import importlib.util
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from core.bots.request_checks import IN_THE_OPEN, is_reference, of_url
from core.kernel.config_problems import KeyPath

__all__ = ["KNOWN_PROVIDERS", "unknown_provider", "voice_complaints"]

KNOWN_PROVIDERS: Final = (
    "assemblyai", "aws", "azure", "cartesia", "deepgram", "elevenlabs", "fal", "gladia", "google", "groq", "hume", "inworld", "lmnt",
    "minimax", "mistralai", "neuphonic", "nvidia", "openai", "resemble", "rime", "sarvam", "smallestai", "soniox", "speechify",
    "speechmatics", "spitch",
)  # fmt: skip
"""Speech providers among livekit's plugins; any other counts as known if its plugin is installed."""
_NO_OPTION: Final = re.compile(r"key$|token$|secret|credential|url|file|path|session|client", re.IGNORECASE)
"""Options that no bot may set: credentials, addresses, files of this machine, parts of the program."""
_OURS: Final = ("offline", "tones")

Complaint = tuple[KeyPath, str, str]


def voice_complaints(data: Mapping[str, Any]) -> Iterator[Complaint]:
    """Problems with `voice`: an unknown provider, plaintext credentials, an invalid URL, only one of stt and tts."""
    voice = data.get("voice")
    if not isinstance(voice, Mapping):
        return
    for name in ("stt", "tts"):
        other = "tts" if name == "stt" else "stt"
        if voice.get(name) is None and voice.get(other) is not None:
            yield ("voice",), f"it has no {name}", "Name what speaks (tts) and what listens (stt), or neither."
        yield from _of_part(("voice", name), voice.get(name))


def _of_part(path: KeyPath, part: Any) -> Iterator[Complaint]:
    provider = part if isinstance(part, str) else part.get("provider") if isinstance(part, Mapping) else None
    where: KeyPath = path if isinstance(part, str) else (*path, "provider")
    if isinstance(provider, str) and (unknown := unknown_provider(provider)) is not None:
        yield where, *unknown
    if not isinstance(part, Mapping):
        return
    if isinstance(url := part.get("base_url"), str) and url:
        yield from of_url((*path, "base_url"), url)
    if isinstance(key := part.get("key"), str) and key and not is_reference(key):
        yield (*path, "key"), *IN_THE_OPEN
    options = part.get("options")
    for name in options if isinstance(options, Mapping) else ():
        if _NO_OPTION.search(str(name)):
            advice = "Put credentials into `key`, as `secret:NAME`, and an address into `base_url`."
            yield (*path, "options", str(name)), "it cannot be set as an option", advice


def unknown_provider(provider: str) -> tuple[str, str] | None:
    """The problem with an unknown provider, and the advice; None if it is known."""
    if _is_known(provider):
        return None
    nearest = difflib.get_close_matches(provider, [*KNOWN_PROVIDERS, *_OURS], n=1, cutoff=0.6)
    return f"there is no speech provider {provider}", f"Did you mean {nearest[0]}?" if nearest else "docs/voice.md lists them."


def _is_known(provider: str) -> bool:
    if provider in KNOWN_PROVIDERS or provider in _OURS:
        return True
    try:
        return importlib.util.find_spec(f"livekit.plugins.{provider}") is not None
    except (ImportError, ValueError):
        return False
