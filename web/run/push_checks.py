"""Would what a bot sends out arrive: pushes, model, tools? Internal addresses that nobody has listed, and secrets set nowhere."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence

from core.access.secrets import names_in
from core.bots.brain_config import LlmBrainConfig
from core.bots.config import BotConfig
from core.bots.reachable import Resolve, unreachable
from core.bots.sample_crm import SAMPLE_CRM, SAMPLE_CRM_TOKEN
from core.outgoing.guard import AllowList

__all__ = ["push_problems"]

_LOOK_UP_SECONDS = 3.0


def resolve_soon(host: str, port: int) -> Sequence[str]:
    """The addresses of a host; none if the name is unknown, or nobody tells within three real seconds."""
    found: list[str] = []

    def look_up() -> None:
        try:
            found.extend(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            found.clear()

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(_LOOK_UP_SECONDS)
    return list(found)


def push_problems(
    bot: BotConfig, allow: AllowList, has_secret: Callable[[str], bool] | None = None, resolve: Resolve = resolve_soon
) -> list[str]:
    """What keeps the requests of a bot from arriving, one sentence each.

    Args:
        bot: the bot.
        allow: internal hosts that may be reached.
        has_secret: whether a secret is set; None: not looked at.
        resolve: looks up a host name. One that is unknown now is no problem: pushes wait until it is known.
    """
    push, webhook = bot.post_call_push, bot.results_webhook
    found = [
        f"bot.yaml: {key}: {where} is an internal address, which requests may not reach unless you list it. "
        f"Give --allow-internal {where}, or set DIALLER_ALLOW_INTERNAL={where}."
        for key, where in unreachable(bot, allow, resolve)
    ]
    tokens = (
        ("post_call_push.token", push and push.token),
        ("post_call_push.secret", push and push.secret),
        ("results_webhook.secret", webhook and webhook.secret),
    )
    for key, text in (*_prefetch_secrets(bot), *tokens, *_model_secrets(bot)):
        for name in names_in(text or ""):
            made_by_us = name == SAMPLE_CRM_TOKEN and push is not None and push.url == SAMPLE_CRM
            if has_secret is not None and not made_by_us and not has_secret(name):
                found.append(
                    f"bot.yaml: {key}: the secret {name} is set nowhere. Set the environment variable {name}, or keep it with "
                    f"`dialler secrets set {name}` in the database of the run."
                )
    return found


def _prefetch_secrets(bot: BotConfig) -> Iterator[tuple[str, str]]:
    """The texts of a bot's pre-fetch that name its secrets."""
    if bot.prefetch is not None:
        yield "prefetch.token", bot.prefetch.token
        yield from ((f"prefetch.headers.{name}", value) for name, value in bot.prefetch.headers.items())


def _model_secrets(bot: BotConfig) -> Iterator[tuple[str, str]]:
    """The texts that name their secrets."""
    if isinstance(brain := bot.brain, LlmBrainConfig):
        yield "brain.key", brain.key
        if brain.fallback is not None:
            yield "brain.fallback.key", brain.fallback.key
        for number, tool in enumerate(brain.tools, 1):
            yield from ((f"brain.tools[{number}].headers.{name}", value) for name, value in tool.headers.items())
