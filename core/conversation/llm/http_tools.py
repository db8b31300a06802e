"""A bot's HTTP tools: builds the request from arguments and values, sends it, and reports the reply to the model."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from core.access.secrets import SecretError
from core.bots.brain_config import HttpTool
from core.kernel.json_values import clean
from core.kernel.secrets import SecretBoxError
from core.outgoing.client import TimeLimits
from core.outgoing.errors import BadRequest, OutgoingError
from core.outgoing.headers import headers_of
from core.outgoing.reach import Reach
from core.outgoing.watch import Endpoint, destination_of
from core.templates import render_mapping
from core.templates.addresses import UnusableValue, url_of
from core.templates.render import Namespaces
from core.templates.syntax import Reference, parse
from core.templates.values import stringify

__all__ = ["Outcome", "call_tool"]

_KEPT: Final = 4000
"""Characters of a reply that the model gets and the record keeps."""


@dataclass(frozen=True)
class Outcome:
    """The result of a tool: the text for the model, the HTTP status (None if no reply came), and real seconds."""

    told: str
    status: int | None
    seconds: float
    error: str | None = None

    def facts(self) -> dict[str, Any]:
        """For the call's record."""
        return {"status": self.status, "seconds": round(self.seconds, 3), "error": self.error, "result": self.told}


@dataclass(frozen=True)
class _Wire:
    url: str
    headers: dict[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    hidden: tuple[str, ...] = field(repr=False)


async def call_tool(reach: Reach, tool: HttpTool, arguments: Mapping[str, Any], namespaces: Namespaces) -> Outcome:
    """Run a tool. Never raises for errors of the network or the server: they are reported to the model.

    Args:
        reach: the outgoing client and the secrets.
        tool: the tool.
        arguments: its arguments, already checked against its schema.
        namespaces: `crm` and `call` of this call.
    """
    started = time.monotonic()

    def failed(why: str) -> Outcome:
        return Outcome(json.dumps({"error": "The tool is not available now."}), None, time.monotonic() - started, why)

    try:
        wire = _wire(reach, tool, {**namespaces, "arguments": arguments})
    except UnusableValue as error:
        return Outcome(json.dumps({"error": str(error)}), None, time.monotonic() - started, str(error))
    except (SecretError, SecretBoxError) as error:
        return failed(str(error))
    watch, endpoint, began = reach.client.watch, Endpoint("questions of tools", destination_of(wire.url)), reach.client.watch.begin()
    try:
        limits = TimeLimits(connect=tool.timeout_seconds, read=tool.timeout_seconds, write=tool.timeout_seconds, total=tool.timeout_seconds)
        reply = await reach.client.request(tool.method, wire.url, headers=wire.headers, content=wire.content, limits=limits)
    except OutgoingError as error:
        watch.failed(endpoint, str(error), began, surely=not isinstance(error, BadRequest))
        return failed(str(error))
    watch.answered(endpoint, reply.status, began)
    text = clean(reply.text)
    for secret in filter(None, wire.hidden):
        text = text.replace(secret, "***")
    cut = {"cut_off": True} if reply.truncated or len(text) > _KEPT else {}
    told = json.dumps({"status": reply.status, "body": text[:_KEPT], **cut}, ensure_ascii=False)
    return Outcome(told, reply.status, reply.seconds)


def _wire(reach: Reach, tool: HttpTool, namespaces: Namespaces) -> _Wire:
    headers, hidden = headers_of(reach, tool.headers, namespaces)
    url = url_of(tool.url, namespaces, empty_segments=False)
    arguments = namespaces["arguments"]
    if tool.method in ("GET", "DELETE"):
        if arguments and not any(isinstance(part, Reference) and part.namespace == "arguments" for part in parse(tool.url)):
            query = urlencode({name: stringify(value) for name, value in arguments.items()})
            url += f"{'&' if '?' in url else '?'}{query}"
        return _Wire(url, headers, b"", hidden)
    body = arguments if tool.body is None else render_mapping(tool.body, namespaces)
    if "content-type" not in map(str.lower, headers):
        headers["Content-Type"] = "application/json; charset=utf-8"
    content = json.dumps(body, ensure_ascii=False, default=stringify).encode("utf-8", errors="replace")
    return _Wire(url, headers, content, hidden)
