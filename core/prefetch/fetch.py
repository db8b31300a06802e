"""Sends the pre-fetch through the outgoing client. Whatever goes wrong is a result, not an exception."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from core.access.secrets import SecretError
from core.kernel.moments import moment_text
from core.kernel.secrets import SecretBoxError
from core.outgoing.client import TimeLimits
from core.outgoing.errors import BadRequest, OutgoingError
from core.outgoing.headers import headers_of
from core.outgoing.reach import Reach
from core.outgoing.replies import Reply
from core.outgoing.watch import Endpoint, destination_of
from core.prefetch.answer import NoFields, fields_in
from core.prefetch.config import PrefetchConfig
from core.prefetch.plan import Plan, plan
from core.templates.addresses import UnusableValue
from core.templates.render import Namespaces
from core.templates.values import stringify

__all__ = ["ASKED", "Fetched", "fetch"]

ASKED: dict[str, Any] = {"outcome": "asked"}
"""The record of a call whose pre-fetch is not answered yet: such a call has not left."""


@dataclass(frozen=True)
class Fetched:
    """The result of a pre-fetch.

    Attributes:
        outcome: `ok`, or `failed`: there is no usable reply, and `error` says why, without values.
        status: the HTTP status; None if no reply came.
        seconds: real time.
        missing: references in the URL that had no value, so nothing was sent.
        fields: what the CRM gave.
    """

    outcome: Literal["ok", "failed"]
    status: int | None = None
    seconds: float = 0.0
    error: str | None = None
    missing: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def facts(self) -> dict[str, Any]:
        """The form for the event log, without values."""
        return {
            "outcome": self.outcome,
            "status": self.status,
            "seconds": round(self.seconds, 3),
            "error": self.error,
            "missing": list(self.missing),
            "fields": list(self.fields),
        }

    def record(self, at: datetime) -> dict[str, Any]:
        """The form for the call's row, with values. `at` is the clock's time."""
        return {**self.facts(), "at": moment_text(at), "fields": dict(self.fields)}


async def fetch(reach: Reach | None, config: PrefetchConfig, namespaces: Namespaces) -> Fetched:
    """Fetch the callee's fields from the CRM. Never raises for errors of configuration, network or CRM.

    Args:
        reach: the outgoing client and the secrets; None: this process cannot send requests.
        config: the bot's pre-fetch.
        namespaces: `crm` (the dialout's variables) and `call`.
    """
    if reach is None:
        return Fetched("failed", error="this process cannot reach the outside")
    started = time.monotonic()
    try:
        wanted = plan(config, namespaces)
    except UnusableValue as error:
        return Fetched("failed", seconds=time.monotonic() - started, error=str(error))
    if wanted.missing:
        return Fetched("failed", error=f"the address lacks {', '.join(wanted.missing)}", missing=wanted.missing)
    watch, endpoint, began = reach.client.watch, Endpoint("pre-fetches", destination_of(wanted.url)), reach.client.watch.begin()
    try:
        reply, hidden = await _ask(reach, config, wanted, namespaces)
    except (OutgoingError, SecretError, SecretBoxError) as error:
        watch.failed(endpoint, str(error), began, surely=not isinstance(error, BadRequest))
        return Fetched("failed", seconds=time.monotonic() - started, error=str(error))
    try:
        fields = _fields(reply, config.response_path, hidden)
    except NoFields as error:
        if 200 <= reply.status < 300:
            watch.failed(endpoint, str(error), began, surely=False)
        else:
            watch.answered(endpoint, reply.status, began)
        return Fetched("failed", reply.status, reply.seconds, str(error))
    watch.answered(endpoint, reply.status, began)
    return Fetched("ok", reply.status, reply.seconds, fields=fields)


async def _ask(reach: Reach, config: PrefetchConfig, wanted: Plan, namespaces: Namespaces) -> tuple[Reply, tuple[str, ...]]:
    headers, hidden = headers_of(reach, {**config.headers, **({"Authorization": config.token} if config.token else {})}, namespaces)
    content = b""
    if wanted.body is not None:
        headers.setdefault("Content-Type", "application/json; charset=utf-8")
        content = json.dumps(wanted.body, ensure_ascii=False, default=stringify).encode("utf-8", errors="replace")
    seconds = config.timeout_seconds
    limits = TimeLimits(connect=seconds, read=seconds, write=seconds, total=seconds)
    return await reach.client.request(wanted.method, wanted.url, headers=headers, content=content, limits=limits), hidden


def _fields(reply: Reply, path: str, hidden: tuple[str, ...]) -> dict[str, Any]:
    if not 200 <= reply.status < 300:
        raise NoFields(f"the CRM answered with status {reply.status}")
    if reply.truncated:
        raise NoFields("the answer is longer than 64 KiB, or broke off")
    text = reply.text
    for secret in filter(None, hidden):
        text = text.replace(secret, "***")
    return fields_in(text, path)
