"""Which model to ask, and what to do when one fails: the same once more, then the fallback, then give up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.bots.brain_config import LlmBrainConfig, ModelEndpoint
from core.conversation.llm.answer import Answer
from core.conversation.llm.endpoint import ModelError, ask_model
from core.outgoing.reach import Reach

__all__ = ["AskLimits", "Message", "Models", "Note", "attempts_of"]

Message = dict[str, Any]
"""A message of the chat completions format."""
Note = Callable[[str, dict[str, Any]], None]
"""Records an event of the call: its kind and its data."""

_MOST_PROBLEM: Final = 200


@dataclass(frozen=True)
class AskLimits:
    """Limits of one request, in real seconds: for the first word, for everything including retries, and for a pause that a server asks
    for by Retry-After. `max_tokens` is sent unless it is None."""

    first_seconds: float
    seconds: float
    longest_pause: float
    max_tokens: int | None


def attempts_of(config: LlmBrainConfig, model: str = "") -> list[ModelEndpoint]:
    """The models to ask, in order: the model, the model again, the fallback.

    Args:
        config: the brain.
        model: another model at the first endpoint.
    """
    first = ModelEndpoint(base_url=config.base_url, model=model or config.model, key=config.key)
    return [first, first] if config.fallback is None else [first, first, config.fallback]


class Models:
    """The models of a bot.

    Args:
        reach: the outgoing client and the secrets.
        config: the bot's brain.
        note: receives every answer (`model_answered`, with tokens and seconds) and every failure (`model_failed`).
        pause: waits real seconds, whatever the clock of the call: Retry-After is in the server's time.
    """

    def __init__(self, reach: Reach, config: LlmBrainConfig, note: Note, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._reach, self._config, self._note, self._pause = reach, config, note, pause

    async def ask(self, messages: Sequence[Message], limits: AskLimits, *, purpose: str, model: str = "", **more: Any) -> Answer:
        """The first usable answer.

        Args:
            messages: the conversation so far.
            limits: see there.
            purpose: `turn`, `analysis` or `quality`, for the events.
            model: another model at the first endpoint.
            more: further keys of the request, such as tools.

        Raises:
            ModelError: when no model gave one in time; this is the last failure.
        """
        config = self._config
        request = {"temperature": config.temperature, "max_tokens": limits.max_tokens, "stream_options": {"include_usage": True}}
        request = {key: value for key, value in {**request, **config.options, **more}.items() if value is not None}
        deadline = time.monotonic() + limits.seconds
        failed: ModelError | None = None
        attempts = attempts_of(config, model)
        for number, endpoint in enumerate(attempts):
            if failed is not None and endpoint is attempts[number - 1] and not await self._worth_another(failed, limits, deadline):
                continue
            left = deadline - time.monotonic()
            if left <= 0:
                break
            try:
                return await self._attempt(endpoint, {**request, "messages": list(messages)}, limits, left, purpose)
            except ModelError as error:
                failed = error
                facts = {"purpose": purpose, "model": endpoint.model, "problem": str(error)[:_MOST_PROBLEM], "status": error.status}
                self._note("model_failed", facts)
        raise failed or ModelError("the model did not answer in time", again=True)

    async def _worth_another(self, failed: ModelError, limits: AskLimits, deadline: float) -> bool:
        """Whether to ask the same model again; waits as long as its server asks, unless that is too long."""
        wished = failed.retry_after or 0.0
        if not failed.again or wished > min(limits.longest_pause, deadline - time.monotonic()):
            return False
        if wished:
            await self._pause(wished)
        return True

    async def _attempt(self, endpoint: ModelEndpoint, request: dict[str, Any], limits: AskLimits, left: float, purpose: str) -> Answer:
        timed = await ask_model(self._reach, endpoint, request, first_seconds=limits.first_seconds, seconds=left)
        answer = timed.answer
        if answer.empty:
            raise ModelError("the model answered nothing", again=True)
        facts = {"purpose": purpose, "model": endpoint.model, "finish": answer.finish, **answer.usage}
        self._note("model_answered", {**facts, "first_seconds": round(timed.first_seconds, 3), "seconds": round(timed.seconds, 3)})
        return answer
