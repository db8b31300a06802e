"""The guard of outgoing connections decides which addresses may be connected to, when the connection is made.

Anyone who may edit bots chooses the URLs in their configuration. Without a guard such a URL could reach services that only this machine can
reach (a database, a cloud's metadata service). The name is resolved here, the addresses are checked, and the connection goes to the very
address that was checked, so a name that resolves differently a moment later (DNS rebinding) gains nothing. Redirects are not followed, so
every connection passes here.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import httpcore

from core.outgoing.errors import Blocked, ConnectFailed, NameNotFound, TimedOut

__all__ = ["AllowList", "GuardedBackend", "Resolver", "is_public", "resolve_by_system"]

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Resolves a host name and port to addresses, in order of preference; raises OSError if it cannot."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address is in its last 32 bits
_NOT_UNICAST = [
    ipaddress.ip_network(text)
    for text in (
        "::/96",  # IPv4-compatible, deprecated
        "2001::/32",  # Teredo and
        "2002::/16",  # 6to4 carry an IPv4 address that a relay would reach
        "fec0::/10",  # site-local, deprecated
        "192.0.0.0/24",  # IETF protocol assignments
        "192.88.99.0/24",  # 6to4 relays, deprecated
        "3fff::/20",  # documentation (RFC 9637), which older Pythons treat as global
    )
]
_MOST_ADDRESSES = 4


def is_public(address: str) -> bool:
    """Whether an IP address is a global unicast one: not loopback, private, link-local, shared, multicast, reserved.

    An IPv4 address embedded in an IPv6 one (mapped, RFC 4291; NAT64, RFC 6052) is checked as that IPv4 address.
    Ranges by the IANA special-purpose registries, as Python's `ipaddress` has them, and a few of our own.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.scope_id is not None:
            return False
        if ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        elif ip in _NAT64:
            ip = ipaddress.IPv4Address(ip.packed[-4:])
    if any(ip in network for network in _NOT_UNICAST):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback or ip.is_link_local)


@dataclass(frozen=True)
class AllowList:
    """The internal hosts and ports that the operator has listed, each exactly as URLs name them."""

    entries: frozenset[tuple[str, int]] = frozenset()

    @classmethod
    def parse(cls, text: str) -> AllowList:
        """Parse `host:port,host:port` (DIALLER_ALLOW_INTERNAL); an IPv6 address is written in brackets.

        Raises:
            ValueError: when an entry is not of that form.
        """
        entries = set()
        for entry in filter(None, (part.strip() for part in text.split(","))):
            host, _, port = entry.rpartition(":")
            bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host.replace(":", " ")  # a bare IPv6 address
            if not bare or re.search(r"[/\s]", bare) or not port.isdecimal() or not 0 < int(port) < 65_536:
                raise ValueError(f"{entry} is not of the form host:port, as in crm.internal:8443 or [::1]:8080")
            entries.add((_plain(host), int(port)))
        return cls(frozenset(entries))

    def plus(self, host: str, port: int) -> AllowList:
        """This list plus one entry."""
        return AllowList(self.entries | {(_plain(host), port)})

    def allows(self, host: str, port: int) -> bool:
        """Whether the operator has listed exactly this."""
        return (_plain(host), port) in self.entries


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """The addresses from the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Makes the TCP connections of the outgoing client, only to addresses that passed the check.

    Args:
        allow: the internal hosts that may be reached anyway; may be replaced at any time.
        resolve: what resolves names.
    """

    def __init__(self, allow: AllowList, resolve: Resolver = resolve_by_system) -> None:
        self.allow = allow
        self._resolve = resolve
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first permitted address of the host that accepts, within `timeout` real seconds.

        Raises:
            NameNotFound, Blocked, ConnectFailed, TimedOut: see there.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        addresses = await self._addresses(host, port, timeout)
        listed = self.allow.allows(host, port)
        usable = [address for address in addresses if listed or is_public(address)]
        if not usable:
            entry = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"  # as written in the list
            raise Blocked(
                f"{entry} is at an internal address, which outgoing requests may not reach; "
                f"an operator can list it in DIALLER_ALLOW_INTERNAL as {entry}"
            )
        failure: Exception | None = None
        for address in usable[:_MOST_ADDRESSES]:
            left = None if deadline is None else max(deadline - time.monotonic(), 0.001)
            try:
                return await self._network.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        if isinstance(failure, httpcore.ConnectTimeout):
            raise TimedOut(f"{host}:{port} did not take the connection in time") from failure
        raise ConnectFailed(f"{host}:{port} did not take the connection: is the service up?") from failure

    async def _addresses(self, host: str, port: int, seconds: float | None) -> Sequence[str]:
        try:
            async with asyncio.timeout(seconds):
                found = await self._resolve(host, port)
        except TimeoutError as error:
            raise TimedOut(f"the name {host} was not resolved in time") from error
        except (OSError, UnicodeError) as error:
            raise NameNotFound(f"the host {host} is unknown: check its spelling, or the DNS of this machine") from error
        if not found:
            raise NameNotFound(f"the host {host} has no address")
        return found
