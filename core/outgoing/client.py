"""The one HTTP client for everything that leaves: pushes, webhooks, pre-fetches, tools.

Only http and https; internal addresses only where the operator listed them; redirects are answers, not followed; no
proxy and no credentials from the environment; no cookies kept; time limits in real seconds; at most 64 KiB of an answer
read. A host name can be routed to an ASGI app in this process (`mount`), and a plain word can stand for a URL that is
known only at run time (`alias`). Answers that come bit by bit (a model's) are read by `stream`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Any, cast

import httpcore
import httpx

from core.kernel.failures import without_values
from core.outgoing.errors import BadRequest, ConnectionLost, OutgoingError, TimedOut, TlsFailed, TooLarge
from core.outgoing.guard import AllowList, GuardedBackend, Resolver, resolve_by_system
from core.outgoing.transport import GuardedTransport

__all__ = ["AsgiApp", "OutgoingClient", "Reply", "StreamedReply", "TimeLimits"]

log = logging.getLogger(__name__)

AsgiApp = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[MutableMapping[str, Any]]], Callable[[MutableMapping[str, Any]], Awaitable[None]]],
    Awaitable[None],
]

_MOST_BODY = 64 * 1024
_MOST_STREAMED = 4 * 1024 * 1024
_MOST_CONNECTIONS = 400  # more than the sender of deliveries uses: slow CRMs must not keep pre-fetches and models waiting

# They log URLs (at INFO) and headers (at DEBUG), which may hold tokens and phone numbers.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True)
class TimeLimits:
    """How long a request may take, in real seconds: each phase, and all of it."""

    connect: float = 5.0
    read: float = 10.0
    write: float = 10.0
    total: float = 20.0


@dataclass(frozen=True)
class Reply:
    """An answer.

    `headers` have names in lower case. `body` is its first 64 KiB; `truncated` says that there was more, or that the
    connection broke or the time ran out while it was read: the status counts all the same. `seconds` is real time.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    truncated: bool
    seconds: float

    @property
    def text(self) -> str:
        """The body as text; what is not UTF-8 is replaced."""
        return self.body.decode("utf-8", errors="replace")


@dataclass(frozen=True)
class StreamedReply:
    """An answer whose body comes bit by bit; `headers` as in `Reply`.

    `parts` gives the body as it comes, and raises one of `core.outgoing.errors` when it breaks off, takes longer than the
    limits allow, or is longer than 4 MiB.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    parts: AsyncIterator[bytes] = field(repr=False)


class OutgoingClient:
    """Sends requests out; one per process.

    Args:
        allow: internal hosts and ports that may be reached.
        limits: time limits.
        resolve: what resolves names (tests give their own).
        ssl_context: what certificates are checked with; by default every one is verified against the public CAs.
    """

    def __init__(
        self,
        allow: AllowList | None = None,
        *,
        limits: TimeLimits | None = None,
        resolve: Resolver = resolve_by_system,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.limits = limits or TimeLimits()
        self._backend = GuardedBackend(allow or AllowList(), resolve)
        self._aliases: dict[str, str] = {}
        self._apps: dict[str, httpx.ASGITransport] = {}
        transport = GuardedTransport(self._backend, ssl_context or httpx.create_ssl_context(trust_env=False), _MOST_CONNECTIONS)
        self._client = httpx.AsyncClient(
            transport=_Router(self._apps, transport),
            follow_redirects=False,
            trust_env=False,
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            timeout=_timeout_of(self.limits),
            headers={"User-Agent": "campaign-dialler", "Accept": "application/json, */*;q=0.1", "Accept-Encoding": "identity"},
        )

    async def __aenter__(self) -> OutgoingClient:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    def alias(self, name: str, url: str, *, internal: bool = False) -> None:
        """Let the plain word `name` stand for `url` from now on.

        Args:
            name: what configuration says instead of a URL, such as `sample-crm`.
            url: where that is.
            internal: also list its host and port as reachable: only for what this installation itself started.
        """
        self._aliases[name] = url
        if internal:
            target = httpx.URL(url)
            self._backend.allow = self._backend.allow.plus(target.host, target.port or {"http": 80, "https": 443}[target.scheme])

    def mount(self, host: str, app: AsgiApp) -> None:
        """Answer requests to `host` (any port) by an app in this process, in the task that asks: no network, no guard."""
        self._apps[host.lower()] = httpx.ASGITransport(app=_logged(app, host), raise_app_exceptions=False)

    def is_here(self, url: str) -> bool:
        """Whether requests to this URL are answered by an app in this process."""
        try:
            return httpx.URL(self._aliases.get(url, url)).host in self._apps
        except (httpx.InvalidURL, ValueError, TypeError):
            return False

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes = b"", limits: TimeLimits | None = None
    ) -> Reply:
        """Send one request and read its answer, whatever its status.

        Args:
            method: the HTTP method.
            url: an http or https URL, or an alias.
            headers: further headers.
            content: the body.
            limits: time limits in place of the client's.

        Raises:
            OutgoingError: one of `core.outgoing.errors`, when no answer came.
        """
        limits = limits or self.limits
        started = time.monotonic()
        response, _ = await self._send(method, url, headers, content, limits)
        body, truncated = await _read(response, limits.total - (time.monotonic() - started))
        return Reply(
            status=response.status_code,
            headers=_plain(response.headers),
            body=body,
            truncated=truncated,
            seconds=time.monotonic() - started,
        )

    @contextlib.asynccontextmanager
    async def stream(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes = b"", limits: TimeLimits | None = None
    ) -> AsyncIterator[StreamedReply]:
        """Send one request whose answer is read as it comes, within the block. Arguments and errors as in `request`.

        `limits.read` bounds each wait for more, `limits.total` all of it.
        """
        limits = limits or self.limits
        started = time.monotonic()
        response, where = await self._send(method, url, headers, content, limits)
        try:
            parts = _parts(response, where, started + limits.total)
            async with contextlib.aclosing(parts):
                yield StreamedReply(response.status_code, _plain(response.headers), parts)
        finally:
            await response.aclose()  # drops the connection unless all of the answer was read

    async def _send(
        self, method: str, url: str, headers: Mapping[str, str] | None, content: bytes, limits: TimeLimits
    ) -> tuple[httpx.Response, str]:
        """The answer without its body, and the host and port for messages."""
        target = self._target(url)
        where = target.netloc.decode("ascii")
        try:
            request = self._client.build_request(method, target, headers=dict(headers or {}), content=content, timeout=_timeout_of(limits))
        except (ValueError, TypeError, httpx.InvalidURL) as error:
            raise BadRequest(f"the request to {where} has a header or an address that HTTP does not allow") from error
        try:
            async with asyncio.timeout(limits.total):
                return await self._client.send(request, stream=True), where
        except OutgoingError:
            raise
        except TimeoutError as error:
            raise TimedOut(f"{where} gave no answer within {limits.total:g} s") from error
        except Exception as error:
            raise _translated(error, where) from error

    def _target(self, url: str) -> httpx.URL:
        url = self._aliases.get(url, url)
        try:
            target = httpx.URL(url)
        except (httpx.InvalidURL, ValueError, TypeError) as error:
            raise BadRequest("the address is not a URL; write it as https://host/path") from error
        if not target.scheme and "/" not in url:
            known = ", ".join(sorted(self._aliases)) or "none are"
            raise BadRequest(f"{url} is neither a URL nor an alias known here ({known}); write https://host/path")
        if target.userinfo:
            raise BadRequest("the address has a user name or password in it; put a secret into the token instead")
        if target.scheme not in {"http", "https"} or not target.host:
            raise BadRequest(
                f"only http and https addresses can be reached, not {target.scheme or 'no scheme'}://; write https://host/path"
            )
        return target


class _Router(httpx.AsyncBaseTransport):
    """Requests to a mounted host go to its app, all others out."""

    def __init__(self, apps: Mapping[str, httpx.AsyncBaseTransport], outside: httpx.AsyncBaseTransport) -> None:
        self._apps, self._outside = apps, outside

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._apps.get(request.url.host, self._outside).handle_async_request(request)

    async def aclose(self) -> None:
        await self._outside.aclose()


def _logged(app: AsgiApp, host: str) -> AsgiApp:
    """The app, with its failures in the log: the transport turns them into a 500 and drops them."""

    async def run(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        try:
            await app(scope, receive, send)
        except Exception as error:
            log.error("the app at %s failed: %s", host, without_values(error))
            raise

    return run


def _timeout_of(limits: TimeLimits) -> httpx.Timeout:
    return httpx.Timeout(connect=limits.connect, read=limits.read, write=limits.write, pool=limits.total)


def _plain(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


async def _parts(response: httpx.Response, where: str, deadline: float) -> AsyncGenerator[bytes, None]:
    """The body as it comes, until the moment `deadline` (monotonic)."""
    size = 0
    async with contextlib.aclosing(cast(AsyncGenerator[bytes, None], response.aiter_raw())) as raw:
        while True:
            try:
                async with asyncio.timeout(deadline - time.monotonic()):  # not around the yield: that is the reader's time
                    part = await anext(raw, None)
            except TimeoutError as error:
                raise TimedOut(f"{where} did not finish its answer in time") from error
            except Exception as error:
                raise _translated(error, where) from error
            if part is None:
                return
            size += len(part)
            if size > _MOST_STREAMED:
                raise TooLarge(f"{where} sent more than {_MOST_STREAMED // 1024 // 1024} MiB")
            yield part


async def _read(response: httpx.Response, seconds: float) -> tuple[bytes, bool]:
    """The first 64 KiB of the body, and whether that is not all of it. The status is known: nothing here is a failure."""
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
        pass  # what came, came
    finally:
        await response.aclose()  # drops the connection unless all of the answer was read
    return bytes(body[:_MOST_BODY]), True


def _translated(error: Exception, where: str) -> Exception:
    """An error of httpx or httpcore as one of ours; a bug stays what it is."""
    text = str(error)
    if isinstance(error, (httpcore.ConnectError, httpx.ConnectError)) and ("CERTIFICATE" in text.upper() or "SSL" in text.upper()):
        return TlsFailed(f"the TLS certificate or handshake of {where} is not in order: {text}")
    if isinstance(error, (httpcore.TimeoutException, httpx.TimeoutException)):
        return TimedOut(f"{where} gave no answer in time")
    if isinstance(error, (httpcore.LocalProtocolError, httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol)):
        return BadRequest(f"the request to {where} has a header or an address that HTTP does not allow")
    if isinstance(error, (httpcore.NetworkError, httpcore.ProtocolError, httpx.TransportError)):
        return ConnectionLost(f"{where} broke the connection off, or did not answer in HTTP")
    return error
