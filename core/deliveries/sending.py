"""One attempt at a delivery: secrets filled in, signed per Standard Webhooks, sent, and what came back."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from standardwebhooks import Webhook

from core.access.secrets import SecretError, SecretMissing, SecretStore
from core.deliveries.claims import Attempt, Claimed
from core.kernel.backoff import parse_retry_after
from core.kernel.database import Database
from core.kernel.secrets import CannotDecrypt, SecretBoxError, UnusableKey
from core.outgoing.client import OutgoingClient
from core.outgoing.errors import Blocked, OutgoingError, UnknownAlias
from core.outgoing.replies import Reply
from core.templates.addresses import has_references

__all__ = ["SecretNotHere", "Unsendable", "Wire", "prepare", "send"]

_KEPT = 2000  # characters of an answer that are kept


class Unsendable(Exception):
    """The delivery cannot be sent as it is configured."""


class SecretNotHere(Unsendable):
    """This process has not the secret, or not the key that it is encrypted with; another one may."""


@dataclass(frozen=True)
class Wire:
    """A request ready to go. `hidden` are the secrets in it, to be masked in whatever comes back."""

    method: str
    url: str
    headers: dict[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    hidden: tuple[str, ...] = field(repr=False)


def prepare(db: Database, claimed: Claimed, secrets: SecretStore, wall_now: datetime) -> Wire:
    """The request of a delivery.

    `webhook-id` is the delivery's id, the same at every attempt, so that receivers can drop repeats; the timestamp is
    real time, since receivers compare it with theirs.

    Raises:
        SecretNotHere: a secret is missing here.
        Unsendable: when a secret cannot sign, the body cannot be JSON, or the address lacks a value.
    """
    if has_references(claimed.url):  # replayed by hand; its values are those of its call, and do not come later
        raise Unsendable("the address lacks a value of this call, so there is nowhere to send it")
    try:
        text = json.dumps(claimed.body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        content = text.encode()
    except ValueError as error:
        raise Unsendable("the body has a number or a character that JSON cannot carry") from error
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "webhook-id": claimed.id,
        "webhook-timestamp": str(int(wall_now.timestamp())),
    }
    hidden: list[str] = []
    try:
        for name, value in claimed.headers.items():
            text_of_header, used = secrets.filled_lately(db, value)
            headers[name] = text_of_header.get_secret_value()
            hidden += (secret.get_secret_value() for secret in used)
        if claimed.signing_secret:
            key = secrets.filled_lately(db, claimed.signing_secret)[0].get_secret_value()
            hidden.append(key)
            headers["webhook-signature"] = _signature(key, claimed.id, wall_now, text)
    except (SecretMissing, CannotDecrypt, UnusableKey) as error:
        raise SecretNotHere(str(error)) from error
    except (SecretError, SecretBoxError) as error:
        raise Unsendable(str(error)) from error
    return Wire(claimed.method, claimed.url, headers, content, tuple(hidden))


async def send(client: OutgoingClient, wire: Wire, at: datetime, wall_now: datetime) -> Attempt:
    """Send it once. An error of the network is an outcome here, not an exception.

    Args:
        client: what sends it.
        wire: the request.
        at: the clock's time, for the record.
        wall_now: the real time, which a Retry-After date is counted from.
    """
    started = time.perf_counter()
    try:
        reply = await client.request(wire.method, wire.url, headers=wire.headers, content=wire.content)
    except OutgoingError as error:
        barred: Literal["destination"] | None = "destination" if isinstance(error, Blocked | UnknownAlias) else None
        return Attempt(at=at, status=None, latency_ms=_since(started), error=str(error), not_from_here=barred)
    return Attempt(
        at=at,
        status=reply.status,
        latency_ms=_since(started),
        error=None if 200 <= reply.status < 300 else f"the receiver answered with status {reply.status}",
        response=_kept(reply, wire.hidden),
        retry_after=parse_retry_after(reply.headers.get("retry-after"), wall_now),
    )


def _signature(key: str, message_id: str, wall_now: datetime, text: str) -> str:
    try:
        return str(Webhook(key).sign(message_id, wall_now, text))
    except Exception as error:  # the library raises whatever base64 does, and errors of its own without a base
        raise Unsendable("the signing secret is not of the form whsec_ and base64 (Standard Webhooks); generate a new one") from error


def _kept(reply: Reply, hidden: tuple[str, ...]) -> str:
    text = reply.text.replace("\x00", "\N{REPLACEMENT CHARACTER}")  # PostgreSQL stores no NUL
    for secret in filter(None, hidden):
        text = text.replace(secret, "***")
    return text[:_KEPT]


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
