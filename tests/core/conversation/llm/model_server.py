"""A scripted OpenAI-compatible server on the loopback interface, its faults included."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from core.access.secrets import SecretMissing
from core.outgoing.client import OutgoingClient
from core.outgoing.guard import AllowList
from core.outgoing.reach import Reach
from tests.core.outgoing.servers import Answer, Server, raw, serving

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def event(data: Any) -> bytes:
    return b"data: " + (data if isinstance(data, bytes) else json.dumps(data).encode()) + b"\n\n"


def chunk(finish: str | None = None, **delta: Any) -> bytes:
    return event({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def text(words: str, *, finish: str = "stop") -> Answer:
    """Say this, in bits of three letters, with token counts at the end."""
    bits = [words[i : i + 3] for i in range(0, len(words), 3)]
    usage = event({"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": len(bits), "total_tokens": 11 + len(bits)}})
    return raw(HEAD + b": hello\n\n" + b"".join(chunk(content=bit) for bit in bits) + chunk(finish) + usage + event(b"[DONE]"))


def calls(*wanted: tuple[str, Any], say: str = "") -> Answer:
    """Ask for tools; arguments that are text go out as they are. They come in bits of four letters."""
    parts = [chunk(content=say)] if say else []
    for index, (name, arguments) in enumerate(wanted):
        written = arguments if isinstance(arguments, str) else json.dumps(arguments)
        parts.append(
            chunk(tool_calls=[{"index": index, "id": f"c{index}", "type": "function", "function": {"name": name, "arguments": ""}}])
        )
        parts += [chunk(tool_calls=[{"index": index, "function": {"arguments": written[i : i + 4]}}]) for i in range(0, len(written), 4)]
    return raw(HEAD + b"".join(parts) + chunk("tool_calls") + event(b"[DONE]"))


def whole(message: dict[str, Any]) -> Answer:
    """The answer of a server that does not stream."""
    body = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode()
    return raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def status(code: int, *headers: str) -> Answer:
    lines = "".join(f"{line}\r\n" for line in headers)
    return raw(f"HTTP/1.1 {code} X\r\n{lines}Content-Length: 2\r\n\r\n{{}}".encode())


def cut_off() -> Answer:
    return raw(HEAD + chunk(content="I am about to s"))


def cut_in_chunked() -> Answer:
    part = chunk(content="I am about to s")
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    return raw(head + b"%x\r\n" % len(part) + part)


def streamed(data: bytes) -> Answer:
    return raw(HEAD + data)


def silent(first: bytes = b"") -> Answer:
    """Headers, perhaps something, and then nothing."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + first)
        await writer.drain()
        await asyncio.Event().wait()

    return answer


def hung_up() -> Answer:
    return raw(b"")


@dataclass
class Model:
    """The server; `script` holds what is left to answer, the last one again and again."""

    script: list[Answer]
    server: Server = field(default_factory=Server)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}/v1"

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The requests that it got."""
        return [json.loads(request.partition(b"\r\n\r\n")[2]) for request in self.server.requests]

    async def answer(self, writer: asyncio.StreamWriter) -> None:
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        await step(writer)


@contextlib.asynccontextmanager
async def model(*script: Answer) -> AsyncIterator[Model]:
    made = Model(list(script))
    async with serving(made.answer) as server:
        made.server = server
        yield made


SECRETS = {"MODEL_KEY": "sk-very-secret", "CRM_TOKEN": "crm-very-secret"}


def secret(text: str) -> SecretStr:
    for name, value in SECRETS.items():
        text = text.replace(f"secret:{name}", value)
    if "secret:" in text:
        raise SecretMissing("there is no secret of that name")
    return SecretStr(text)


@contextlib.asynccontextmanager
async def reach_to(*servers: Server, resolve: Callable[[str], SecretStr] = secret) -> AsyncIterator[Reach]:
    async with OutgoingClient(AllowList(frozenset(("127.0.0.1", server.port) for server in servers))) as client:
        yield Reach(client, resolve)
