"""Replies, and reading their bodies within limits of bytes and real seconds."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import cast

import httpcore
import httpx

from core.outgoing.errors import BadRequest, ConnectionLost, TimedOut, TlsFailed, TooLarge

__all__ = ["Reply", "StreamedReply", "beginning_of", "parts_of", "translated"]

_MOST_BODY = 64 * 1024
_MOST_STREAMED = 4 * 1024 * 1024


@dataclass(frozen=True)
class Reply:
    """A reply.

    `headers` have names in lower case. `body` is its first 64 KiB; `truncated` means that there was more, or that the connection broke
    or the time ran out during reading; the status is still valid. `seconds` is real time.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    truncated: bool
    seconds: float

    @property
    def text(self) -> str:
        """The body as text; invalid UTF-8 is replaced."""
        return self.body.decode("utf-8", errors="replace")


@dataclass(frozen=True)
class StreamedReply:
    """A reply whose body arrives piece by piece; `headers` as in `Reply`.

    `parts` yields the body as it arrives, and raises one of `core.outgoing.errors` when it breaks off, exceeds the time limits, or exceeds
    4 MiB.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    parts: AsyncIterator[bytes] = field(repr=False)


async def parts_of(response: httpx.Response, where: str, deadline: float) -> AsyncGenerator[bytes, None]:
    """The body as it arrives, until the time `deadline` (monotonic)."""
    size = 0
    async with contextlib.aclosing(cast(AsyncGenerator[bytes, None], response.aiter_raw())) as raw:
        while True:
            try:
                async with asyncio.timeout(deadline - time.monotonic()):  # not around the yield: that time is the reader's
                    part = await anext(raw, None)
            except TimeoutError as error:
                raise TimedOut(f"{where} did not finish its answer in time") from error
            except Exception as error:
                raise translated(error, where) from error
            if part is None:
                return
            size += len(part)
            if size > _MOST_STREAMED:
                raise TooLarge(f"{where} sent more than {_MOST_STREAMED // 1024 // 1024} MiB")
            yield part


async def beginning_of(response: httpx.Response, seconds: float) -> tuple[bytes, bool]:
    """The first 64 KiB of the body, and whether there was more. Never fails: the status is already known."""
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for part in response.aiter_raw():
                body += part
                if len(body) > _MOST_BODY:
                    break
            else:
                return bytes(body), False
    except (TimeoutError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
        pass  # keep what arrived
    finally:
        await response.aclose()  # drops the connection unless the whole reply was read
    return bytes(body[:_MOST_BODY]), True


def translated(error: Exception, where: str) -> Exception:
    """Convert an error of httpx or httpcore into one of ours; other exceptions pass through."""
    text = str(error)
    if isinstance(error, (httpcore.ConnectError, httpx.ConnectError)) and ("CERTIFICATE" in text.upper() or "SSL" in text.upper()):
        return TlsFailed(f"the TLS certificate or handshake of {where} is not in order: {text}")
    if isinstance(error, (httpcore.TimeoutException, httpx.TimeoutException)):
        return TimedOut(f"{where} gave no answer in time")
    if isinstance(error, (httpcore.LocalProtocolError, httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol)):
        return BadRequest(f"the request to {where} has a header or an address that HTTP does not allow")
    if isinstance(error, (httpcore.NetworkError, httpcore.ProtocolError, httpx.TransportError)):
        return ConnectionLost(f"{where} closed the connection, or did not answer in HTTP")
    return error
