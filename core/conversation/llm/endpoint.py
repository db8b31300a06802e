"""One request to one model: sends it, reads the answer as it arrives, and describes failures."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.access.secrets import SecretError
from core.bots.brain_config import ModelEndpoint
from core.conversation.llm.answer import Answer, AnswerBuilder, Malformed
from core.conversation.llm.sse import EventDecoder, TooLong
from core.kernel.backoff import parse_retry_after
from core.kernel.clock import utc_now
from core.kernel.secrets import SecretBoxError
from core.outgoing.client import TimeLimits
from core.outgoing.errors import OutgoingError, RequestFailed
from core.outgoing.reach import Reach
from core.outgoing.replies import StreamedReply

__all__ = ["ModelError", "Timed", "ask_model"]

_PASSING: Final = frozenset({408, 409, 425, 429})
"""Statuses below 500 that may succeed a moment later."""
_AFTER_THE_END: Final = 1.0
"""How long to wait for the token counts and the end of the connection once the answer is complete, in real seconds."""


class ModelError(Exception):
    """A model gave no usable answer. The text contains no secrets and nothing of the conversation.

    Attributes:
        again: whether asking the same model again may help.
        retry_after: seconds that its server asked us to wait.
        status: the HTTP status, if that is the reason.
    """

    def __init__(self, problem: str, *, again: bool, retry_after: float | None = None, status: int | None = None) -> None:
        super().__init__(problem)
        self.again, self.retry_after, self.status = again, retry_after, status


@dataclass(frozen=True)
class Timed:
    """An answer, and how long its first word and the whole took, in real seconds."""

    answer: Answer
    first_seconds: float
    seconds: float


async def ask_model(reach: Reach, endpoint: ModelEndpoint, request: Mapping[str, Any], *, first_seconds: float, seconds: float) -> Timed:
    """Send one request.

    Args:
        reach: the outgoing client and the secrets.
        endpoint: the model.
        request: the request, without the model and the streaming options.
        first_seconds: how long the first word may take, in real seconds.
        seconds: how long the whole answer may take.

    Raises:
        ModelError: see there.
    """
    headers = {"Content-Type": "application/json", "Accept": "text/event-stream, application/json"}
    try:
        if endpoint.key:
            headers["Authorization"] = f"Bearer {reach.secret(endpoint.key).get_secret_value()}"
    except (SecretError, SecretBoxError) as error:
        raise ModelError(str(error), again=False) from error
    content = json.dumps({"model": endpoint.model, "stream": True, **request}, ensure_ascii=True).encode()
    url = f"{endpoint.base_url.rstrip('/')}/chat/completions"
    limits = TimeLimits(connect=min(first_seconds, 5.0), read=seconds, total=seconds)
    started, loop = time.monotonic(), asyncio.get_running_loop()
    began: float | None = None
    building = AnswerBuilder()
    try:
        async with (
            asyncio.timeout(min(first_seconds, seconds)) as patience,
            reach.client.stream("POST", url, headers=headers, content=content, limits=limits) as reply,
        ):
            _check_status(reply)
            ended = False
            async for _ in _feed(building, reply):
                if began is None and building.begun:
                    began = time.monotonic() - started
                    patience.reschedule(loop.time() + seconds - began)
                if building.complete and not ended:  # some servers keep the connection open
                    ended = True
                    patience.reschedule(loop.time() + _AFTER_THE_END)
    except TimeoutError as error:
        if not building.complete:
            raise ModelError("the model did not answer in time", again=True) from error
    except OutgoingError as error:
        if not building.complete:
            raise ModelError(str(error), again=isinstance(error, RequestFailed)) from error
    except (Malformed, TooLong) as error:
        raise ModelError(str(error), again=True) from error
    if not building.complete:
        raise ModelError("the model's answer was cut off", again=True)
    took = time.monotonic() - started
    return Timed(building.build(), took if began is None else began, took)


async def _feed(building: AnswerBuilder, reply: StreamedReply) -> AsyncIterator[None]:
    """Feed the answer into `building`; yields after each chunk."""
    if "json" in reply.headers.get("content-type", ""):
        body = b"".join([part async for part in reply.parts])
        building.add_whole(body.decode("utf-8", errors="replace"))
        yield
        return
    decoder = EventDecoder()
    async for part in reply.parts:
        for data in decoder.feed(part):
            building.add(data)
            yield
    for data in decoder.feed(b"\n\n"):  # a last event without its blank line
        building.add(data)
        yield


def _check_status(reply: StreamedReply) -> None:
    status = reply.status
    if status != 200:
        raise ModelError(
            f"the model's server answered with status {status}",
            again=status in _PASSING or status >= 500,
            retry_after=parse_retry_after(reply.headers.get("retry-after"), utc_now()),
            status=status,
        )
