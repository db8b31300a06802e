"""Which hosts speech providers may be reached at: public ones, and those that the operator has listed, as for all outgoing requests.

A bot may name its own address (`base_url`). The plugins bring their own HTTP clients, so the guard is built into these.
"""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from core.outgoing.guard import AllowList, GuardedBackend, is_public
from core.outgoing.transport import GuardedTransport
from core.voice.errors import VoiceUnavailable

__all__ = ["PORTS", "aiohttp_session", "check_url", "httpx_client"]

PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
"""URL schemes and their default ports."""
_MOST_CONNECTIONS = 8  # of one call
_PATIENCE = 6.0
"""Seconds of silence after which a provider counts as hanging. Plugins wait up to 30, which nobody on a phone does."""


def check_url(url: str, allow: AllowList, *, field: str = "base_url") -> None:
    """Check a numeric address here, before any call.

    Raises:
        VoiceUnavailable: it is internal and not listed, or invalid.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme)
    except ValueError:  # an invalid port or host
        raise VoiceUnavailable(f"{url} is not an address of a speech provider", field=field) from None
    if parts.hostname is None or port is None:
        raise VoiceUnavailable(f"{url} is not an address of a speech provider", field=field)
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(parts.hostname)
        if not is_public(parts.hostname) and not allow.allows(parts.hostname, port):
            raise VoiceUnavailable(
                f"{parts.hostname}:{port} is an internal address, which speech providers may not be reached at; "
                f"an operator can list it in DIALLER_ALLOW_INTERNAL as {parts.hostname}:{port}",
                field=field,
            )


class _Reach(AbstractResolver):
    """The guard of one client: checks names when they are resolved, and addresses when they are connected to.

    Numeric addresses never go through a resolver, and a redirect may lead to one, so each address is checked again when its socket is
    created.
    """

    def __init__(self, allow: AllowList) -> None:
        self._allow, self._system = allow, ThreadedResolver()
        self._listed: set[tuple[str, int]] = set()  # addresses of names that the operator has listed

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        found: list[ResolveResult] = await self._system.resolve(host, port, family)
        if self._allow.allows(host, port):
            self._listed.update((address["host"], address["port"]) for address in found)
            return found
        usable = [address for address in found if is_public(address["host"])]
        if not usable:
            raise OSError(None, f"{host}:{port} is at an internal address; an operator can list it in DIALLER_ALLOW_INTERNAL")
        return usable

    def make_socket(self, address: Any) -> socket.socket:
        """Create the socket of a connection to an address from getaddrinfo.

        Raises:
            OSError: it is internal and not listed.
        """
        family, kind, protocol, _, (host, port, *_) = address
        if not (is_public(host) or self._allow.allows(host, port) or (host, port) in self._listed):
            raise OSError(None, f"{host}:{port} is an internal address; an operator can list it in DIALLER_ALLOW_INTERNAL")
        return socket.socket(family, kind, protocol)

    async def close(self) -> None:
        await self._system.close()


class _Impatient(httpx.AsyncBaseTransport):
    """Never waits longer than a callee would, whatever time-out a request asks for."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        wished = request.extensions.get("timeout", {})
        limits = {name: min(wished.get(name) or _PATIENCE, _PATIENCE) for name in ("connect", "read", "write", "pool")}
        request.extensions = {**request.extensions, "timeout": limits}
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._transport.aclose()


def aiohttp_session(allow: AllowList) -> aiohttp.ClientSession:
    """A client for one call."""
    reach = _Reach(allow)
    connector = aiohttp.TCPConnector(resolver=reach, socket_factory=reach.make_socket, ssl=_context(), use_dns_cache=False)
    return aiohttp.ClientSession(connector=connector, trust_env=False)


def httpx_client(allow: AllowList) -> httpx.AsyncClient:
    """A client for one call, for plugins that use httpx."""
    transport: Any = _Impatient(GuardedTransport(GuardedBackend(allow), _context(), _MOST_CONNECTIONS))
    return httpx.AsyncClient(transport=transport, trust_env=False)


@functools.cache
def _context() -> ssl.SSLContext:
    """Created once: it loads every certificate authority of the machine."""
    return ssl.create_default_context()
