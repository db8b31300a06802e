"""The one HTTP client for outgoing requests: pushes, webhooks, pre-fetches, tools.

Only http and https; internal addresses only if the operator listed them; redirects are not followed; no proxy and no credentials from
the environment; no cookies; time limits in real seconds; at most 64 KiB of a reply are read. `mount` routes a host name to an ASGI app
in this process; `alias` makes a plain word stand for a URL that is known only at run time; `stream` reads replies that arrive piece by
piece (a model's).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType

import httpx

from core.outgoing.errors import BadRequest, OutgoingError, TimedOut, UnknownAlias
from core.outgoing.guard import AllowList, GuardedBackend, Resolver, resolve_by_system
from core.outgoing.replies import Reply, StreamedReply, beginning_of, parts_of, translated
from core.outgoing.routing import AsgiApp, Router, logged
from core.outgoing.transport import GuardedTransport
from core.outgoing.watch import EndpointWatch

__all__ = ["OutgoingClient", "TimeLimits"]

_MOST_CONNECTIONS = 400  # more than the delivery sender uses: slow CRMs must not hold up pre-fetches and models

# They log URLs (at INFO) and headers (at DEBUG), which may contain tokens and phone numbers.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True)
class TimeLimits:
    """Time limits of a request, in real seconds: per phase, and in total."""

    connect: float = 5.0
    read: float = 10.0
    write: float = 10.0
    total: float = 20.0


class OutgoingClient:
    """Sends outgoing requests; one per process.

    Args:
        allow: internal hosts and ports that may be reached.
        limits: time limits.
        resolve: resolves names (tests pass their own).
        ssl_context: checks certificates; by default against the public CAs.
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
        self.watch = EndpointWatch()
        """Where senders report how their endpoint responds."""
        self._backend = GuardedBackend(allow or AllowList(), resolve)
        self._aliases: dict[str, str] = {}
        self._apps: dict[str, httpx.ASGITransport] = {}
        transport = GuardedTransport(self._backend, ssl_context or httpx.create_ssl_context(trust_env=False), _MOST_CONNECTIONS)
        self._client = httpx.AsyncClient(
            transport=Router(self._apps, transport),
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

    @property
    def allow(self) -> AllowList:
        """The internal hosts and ports that may be reached."""
        return self._backend.allow

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
        """Answer requests to `host` (any port) with an app in this process, in the calling task: no network, no guard."""
        self._apps[host.lower()] = httpx.ASGITransport(app=logged(app, host), raise_app_exceptions=False)

    def is_here(self, url: str) -> bool:
        """Whether requests to this URL are answered by an app in this process."""
        try:
            return httpx.URL(self._aliases.get(url, url)).host in self._apps
        except (httpx.InvalidURL, ValueError, TypeError):
            return False

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes = b"", limits: TimeLimits | None = None
    ) -> Reply:
        """Send one request and read its reply, whatever the status.

        Args:
            method: the HTTP method.
            url: an http or https URL, or an alias.
            headers: further headers.
            content: the body.
            limits: time limits in place of the client's.

        Raises:
            OutgoingError: one of `core.outgoing.errors`, if no reply came.
        """
        limits = limits or self.limits
        started = time.monotonic()
        response, _ = await self._send(method, url, headers, content, limits)
        body, truncated = await beginning_of(response, limits.total - (time.monotonic() - started))
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
        """Send one request and read its reply piece by piece within the block. Arguments and errors as in `request`.

        `limits.read` bounds each wait for the next piece, `limits.total` the whole request.
        """
        limits = limits or self.limits
        started = time.monotonic()
        response, where = await self._send(method, url, headers, content, limits)
        try:
            parts = parts_of(response, where, started + limits.total)
            async with contextlib.aclosing(parts):
                yield StreamedReply(response.status_code, _plain(response.headers), parts)
        finally:
            await response.aclose()  # drops the connection unless the whole reply was read

    async def _send(
        self, method: str, url: str, headers: Mapping[str, str] | None, content: bytes, limits: TimeLimits
    ) -> tuple[httpx.Response, str]:
        """The reply without its body, and the host and port for messages."""
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
            raise translated(error, where) from error

    def _target(self, url: str) -> httpx.URL:
        url = self._aliases.get(url, url)
        try:
            target = httpx.URL(url)
        except (httpx.InvalidURL, ValueError, TypeError) as error:
            raise BadRequest("the address is not a URL; write it as https://host/path") from error
        if not target.scheme and "/" not in url:
            known = ", ".join(sorted(self._aliases)) or "none are"
            raise UnknownAlias(f"{url} is neither a URL nor an alias known here ({known}); write https://host/path")
        if target.userinfo:
            raise BadRequest("the address has a user name or password in it; put a secret into the token instead")
        if target.scheme not in {"http", "https"} or not target.host:
            raise BadRequest(
                f"only http and https addresses can be reached, not {target.scheme or 'no scheme'}://; write https://host/path"
            )
        return target


def _timeout_of(limits: TimeLimits) -> httpx.Timeout:
    return httpx.Timeout(connect=limits.connect, read=limits.read, write=limits.write, pool=limits.total)


def _plain(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
