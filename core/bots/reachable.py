"""Where a bot's requests go, and which of them are blocked because they lead only to internal addresses that are not listed."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

from core.bots.brain_config import LlmBrainConfig
from core.bots.config import BotConfig
from core.bots.sample_crm import SAMPLE_CRM
from core.outgoing.guard import AllowList, is_public

__all__ = ["Resolve", "by_name_alone", "unreachable", "urls_of"]

Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a host; empty if unknown."""


def by_name_alone(host: str, _: int) -> Sequence[str]:
    """Resolve a host without a look-up: `localhost` is this machine (RFC 6761)."""
    return ["127.0.0.1"] if host.rstrip(".") == "localhost" or host.rstrip(".").endswith(".localhost") else []


def urls_of(bot: BotConfig) -> Iterator[tuple[str, str]]:
    """Every URL that the bot's requests go to, with its key in bot.yaml."""
    if bot.prefetch is not None:
        yield "prefetch.url", bot.prefetch.url
    if bot.post_call_push is not None and bot.post_call_push.url != SAMPLE_CRM:
        yield "post_call_push.url", bot.post_call_push.url
    if bot.results_webhook is not None:
        yield "results_webhook.url", bot.results_webhook.url
    if isinstance(brain := bot.brain, LlmBrainConfig):
        yield "brain.base_url", brain.base_url
        if brain.fallback is not None:
            yield "brain.fallback.base_url", brain.fallback.base_url
        for number, tool in enumerate(brain.tools, 1):
            yield f"brain.tools[{number}].url", tool.url
    if bot.voice is not None:
        for half, part in (("stt", bot.voice.stt), ("tts", bot.voice.tts)):
            if part is not None and part.base_url:
                yield f"voice.{half}.base_url", part.base_url


def unreachable(bot: BotConfig, allow: AllowList, resolve: Resolve = by_name_alone) -> list[tuple[str, str]]:
    """The blocked URLs: key, and `host:port` as an entry for the list of internal hosts.

    Args:
        bot: the bot.
        allow: internal hosts that may be reached.
        resolve: looks up a host name.
    """
    return [(key, where) for key, url in urls_of(bot) if (where := _internal(url, allow, resolve)) is not None]


def _internal(url: str, allow: AllowList, resolve: Resolve) -> str | None:
    """`host:port` of a URL if it leads only to internal addresses that are not listed."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or {"http": 80, "https": 443, "ws": 80, "wss": 443}[parts.scheme]
    except (ValueError, KeyError):
        return None  # not a URL: the bot's own check reports it
    if not host or allow.allows(host, port):
        return None
    try:
        addresses: Sequence[str] = [str(ipaddress.ip_address(host))]
    except ValueError:
        addresses = resolve(host, port)
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port}" if addresses and not any(map(is_public, addresses)) else None
