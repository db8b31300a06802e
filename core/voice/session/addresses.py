"""Which of a bot's settings name a URL of a provider. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from core.outgoing.guard import AllowList
from core.voice.errors import VoiceUnavailable
from core.voice.session.reach import PORTS

__all__ = ["addresses_in", "check_own_connections"]

_ADDRESS = re.compile(r"(^|_)(addr(ess)?|base|domain|endpoint|gateway|host(name)?|proxy|server|ur[il])s?($|_)", re.IGNORECASE)
_PART_OF_ADDRESS = re.compile(r"(^|_)(location|region)s?($|_)", re.IGNORECASE)
_PLAIN = re.compile(r"[A-Za-z0-9_-]*")


def addresses_in(base_url: str, options: Mapping[str, Any]) -> dict[str, str]:
    """The settings that name an address, each by its field, such as `options.ws_url`.

    These are texts with `://` in them, and texts of an option whose name suggests one (`endpoint`, `host`), however deeply nested.
    """
    named = {field: text for field, name, text in _texts(options, "options", "") if text and ("://" in text or _ADDRESS.search(name))}
    return {"base_url": base_url, **named} if base_url else named


def check_own_connections(what: str, base_url: str, options: Mapping[str, Any], allow: AllowList) -> None:
    """Check the settings of a plugin that makes its own connections, past the guard: it must use its provider's own address.

    Args:
        what: its name for messages.
        base_url, options: the bot's settings.
        allow: addresses that the operator has listed, which are permitted.

    Raises:
        VoiceUnavailable: a setting names another address.
    """
    for field, text in addresses_in(base_url, options).items():
        if not _is_listed(text, allow):
            raise VoiceUnavailable(
                f"{what} makes its connections itself, where they cannot be guarded, so it goes to its provider's own address only; "
                f"leave {field} out, or list that address in DIALLER_ALLOW_INTERNAL as host:port",
                field=field,
            )
    for field, name, text in _texts(options, "options", ""):
        if _PART_OF_ADDRESS.search(name) and not _PLAIN.fullmatch(text):
            raise VoiceUnavailable(f"{field} of {what} is a name of letters, digits and hyphens", field=field)


def _is_listed(url: str, allow: AllowList) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return False
    return parts.hostname is not None and port is not None and allow.allows(parts.hostname, port)


def _texts(value: Any, field: str, name: str) -> Iterator[tuple[str, str, str]]:
    """Every text in a setting: its field, the innermost key above it, and the text."""
    if isinstance(value, str):
        yield field, name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, f"{field}.{key}", str(key))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, field, name)
