"""A trunk as the transport uses it: its record with its password, its host looked up, its ports for sound counted."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass, field

from pydantic import SecretStr

from core.transports.sip.ports import PortRange
from core.transports.sip.settings import NO_IPV6, SipSettings
from core.transports.sip.signalling import Network, OwnFault, Peer, SipUnavailable

__all__ = ["TrunkLine", "check_one_port", "check_ports", "look_up"]

_MOST_ADDRESSES = 64
"""Addresses of one host that are let in."""


@dataclass(frozen=True)
class TrunkLine:
    """A trunk as its record has it, with its password."""

    name: str
    settings: SipSettings
    channels: int
    calls_per_second: float
    password: SecretStr | None = None
    numbers: tuple[str, ...] = field(default=(), compare=False)
    """Those of ours that are on it (E.164). The order of a call carries its line without them: two lines that differ in them are equal."""


async def look_up(line: TrunkLine, former: Collection[Network] = ()) -> Peer:
    """Look the trunk's host up, and find our address on the way to it.

    Args:
        line: the trunk.
        former: addresses of its host from which calls in progress may still be spoken to, though its name is another's by now.

    Raises:
        SipUnavailable: there is no such host, or no way to it.
    """
    settings, loop = line.settings, asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(settings.host, settings.port, family=socket.AF_INET, type=socket.SOCK_DGRAM)
    except OSError as error:
        why = f"is not known: {error.strerror or error}"
        with contextlib.suppress(OSError):
            if await loop.getaddrinfo(settings.host, settings.port, family=socket.AF_INET6, type=socket.SOCK_DGRAM):
                why = f"has only IPv6 addresses. {NO_IPV6}"
        raise SipUnavailable(f"the host {settings.host!r} of the trunk {line.name!r} {why}") from None
    addresses = list(dict.fromkeys(info[4][0] for info in found))
    networks: list[Network] = [ipaddress.ip_network(address) for address in addresses]
    networks = list(dict.fromkeys((*networks, *former)))[:_MOST_ADDRESSES]
    networks += [ipaddress.ip_network(network) for network in settings.accept_from]
    address = (str(addresses[0]), settings.port)
    return Peer(
        name=line.name,
        address=address,
        host=settings.host,
        local=(settings.local_address, settings.local_port),
        advertised=settings.advertised_address or _our_address(line, address),
        accept_from=tuple(networks),
        user=settings.user,
        password=line.password,
        from_domain=settings.from_domain,
        invites_per_second=settings.invites_per_second(line.calls_per_second),
    )


def _our_address(line: TrunkLine, towards: tuple[str, int]) -> str:
    """The address that the system would send from; nothing is sent."""
    if not ipaddress.ip_address(line.settings.local_address).is_unspecified:
        return line.settings.local_address
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(towards)
        except OSError as error:
            raise OwnFault(f"there is no way from this machine to the host of the trunk {line.name!r}: {error.strerror}") from None
        return str(probe.getsockname()[0])


def check_ports(line: TrunkLine, ports: PortRange, taken: int) -> None:
    """Raises OwnFault if there are fewer UDP ports for sound than calls that the trunk may have."""
    which = f"{line.settings.rtp_first}-{line.settings.rtp_last}"
    advice = "give it more RTP ports (rtp_first, rtp_last), or fewer channels"
    if len(ports) < line.channels:
        raise OwnFault(f"the trunk {line.name!r} has {line.channels} channels, and only {len(ports)} even ports of {which}: {advice}")
    wanted = max(1, line.channels - taken)
    if (free := _free(line, ports, wanted)) < wanted:
        raise OwnFault(f"the trunk {line.name!r} needs {wanted} ports for sound, and of {which} only {free} are free: {advice}")


def check_one_port(line: TrunkLine, ports: PortRange) -> None:
    """Raises OwnFault if there is no UDP port for the sound of one more call."""
    if _free(line, ports, 1) < 1:
        raise OwnFault(f"the trunk {line.name!r} has no free port for sound: {line.settings.rtp_first}-{line.settings.rtp_last} are in use")


def _free(line: TrunkLine, ports: PortRange, wanted: int) -> int:
    try:
        return ports.free(wanted)
    except OSError as error:
        where = line.settings.local_address
        raise OwnFault(f"the trunk {line.name!r} cannot use its local_address {where}: {error.strerror or error}") from None
