"""The HTTP tools of a bot: the request built from arguments and values, sent, and what the model is told of the answer."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

from core.access.secrets import SecretError, names_in
from core.bots.brain_config import HttpTool
from core.conversation.llm.answer import clean
from core.kernel.secrets import SecretBoxError
from core.outgoing.client import TimeLimits
from core.outgoing.errors import OutgoingError
from core.outgoing.reach import Reach
from core.templates import render, render_mapping
from core.templates.render import Namespaces
from core.templates.syntax import Reference, parse
from core.templates.values import stringify

__all__ = ["Outcome", "UnusableValue", "call_tool", "url_of"]

_KEPT: Final = 4000
"""Characters of an answer that the model is told and the record keeps."""


class UnusableValue(ValueError):
    """A value cannot stand in the address."""


@dataclass(frozen=True)
class Outcome:
    """What became of a tool: the text for the model, the HTTP status (None if no answer came), and real seconds."""

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
    """Carry a tool out. Never raises for what the network or the other side does: the model is told of it.

    Args:
        reach: the outgoing client, and what resolves `secret:NAME`.
        tool: the tool.
        arguments: its arguments, which fit its schema.
        namespaces: `crm` and `call` of this call.
    """
    started = time.monotonic()

    def failed(why: str) -> Outcome:
        return Outcome(json.dumps({"error": "The tool is not available now."}), None, time.monotonic() - started, why)

    try:
        wire = _wire(reach, tool, {**namespaces, "arguments": arguments})
        limits = TimeLimits(connect=tool.timeout_seconds, read=tool.timeout_seconds, write=tool.timeout_seconds, total=tool.timeout_seconds)
        reply = await reach.client.request(tool.method, wire.url, headers=wire.headers, content=wire.content, limits=limits)
    except UnusableValue as error:
        return Outcome(json.dumps({"error": str(error)}), None, time.monotonic() - started, str(error))
    except (OutgoingError, SecretError, SecretBoxError) as error:
        return failed(str(error))
    text = clean(reply.text)
    for secret in filter(None, wire.hidden):
        text = text.replace(secret, "***")
    cut = {"cut_off": True} if reply.truncated or len(text) > _KEPT else {}
    told = json.dumps({"status": reply.status, "body": text[:_KEPT], **cut}, ensure_ascii=False)
    return Outcome(told, reply.status, reply.seconds)


def url_of(template: str, namespaces: Namespaces) -> str:
    """The address with its values in it, each percent-encoded whole: a value never becomes a host, a path or a parameter of its own.

    Raises:
        UnusableValue: a value would be `.` or `..` between slashes.
    """
    texts: list[str] = []
    for part in parse(template):
        if isinstance(part, str):
            texts.append(part)
            continue
        shown = render(f"{{{{{part.source}}}}}", namespaces).text
        texts.append(quote(shown, safe=""))
    url = "".join(texts)
    path = re.split(r"[?#]", url, maxsplit=1)[0]
    if any(segment in (".", "..") for segment in path.split("/")):
        raise UnusableValue("A value cannot stand in the address.")
    return url


def _wire(reach: Reach, tool: HttpTool, namespaces: Namespaces) -> _Wire:
    headers: dict[str, str] = {}
    hidden: list[str] = []
    for name, value in tool.headers.items():
        if referred := names_in(value):  # such a header has no templates: a value of a lead can never name a secret
            headers[name] = reach.secret(value).get_secret_value()
            hidden += (reach.secret(f"secret:{secret}").get_secret_value() for secret in referred)
        else:
            headers[name] = render(value, namespaces).text
    url = url_of(tool.url, namespaces)
    arguments = namespaces["arguments"]
    if tool.method in ("GET", "DELETE"):
        if arguments and not any(isinstance(part, Reference) and part.namespace == "arguments" for part in parse(tool.url)):
            query = urlencode({name: stringify(value) for name, value in arguments.items()})
            url += f"{'&' if '?' in url else '?'}{query}"
        return _Wire(url, headers, b"", tuple(hidden))
    body = arguments if tool.body is None else render_mapping(tool.body, namespaces)
    if "content-type" not in map(str.lower, headers):
        headers["Content-Type"] = "application/json; charset=utf-8"
    content = json.dumps(body, ensure_ascii=False, default=stringify).encode("utf-8", errors="replace")
    return _Wire(url, headers, content, tuple(hidden))
