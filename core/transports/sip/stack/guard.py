"""The socket of signalling: what does not come from a trunk's address is dropped before anybody reads it."""

from __future__ import annotations

import ipaddress
import logging
import re
import time
from typing import Any

from sippy.Core.EventDispatcher import ED2
from sippy.Network_server import Remote_address
from sippy.Udp_server import Udp_server, Udp_server_opts

from core.transports.sip.log_limit import LogLimiter
from core.transports.sip.signalling import Network
from core.transports.sip.stack.flood import InviteLimit, begins_a_call, is_ack_of_refusal, refusal

__all__ = ["Guard", "GuardedServer", "ServerOptions", "readable"]

log = logging.getLogger(__name__)

_LONGEST = 8192
_MOST_A_SECOND = 2000
_NO_LINE_ENDS = re.compile("[\x00\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
"""What Python takes for the end of a line, and SIP does not."""


class Guard:
    """Which addresses may speak to one socket: those of its trunks."""

    def __init__(self) -> None:
        self._networks: dict[str, tuple[Network, ...]] = {}
        self._strangers = LogLimiter(every=10.0)
        self._rates: dict[str, float] = {}
        self._invites: dict[tuple[str, ...], tuple[InviteLimit, LogLimiter]] = {}  # of the trunks of one address together
        self._second, self._count = 0, 0

    def admit_trunk(self, trunk: str, networks: tuple[Network, ...], invites_per_second: float = _MOST_A_SECOND) -> None:
        """Let a trunk's addresses pass, with so many new calls a second; none: no longer."""
        if self._rates.get(trunk) != invites_per_second:
            self._rates[trunk] = invites_per_second
            self._invites = {}
        self._networks = {**self._networks, trunk: networks} if networks else {k: v for k, v in self._networks.items() if k != trunk}

    def trunks_of(self, address: str) -> list[str]:
        """The trunks that an address belongs to: one carrier may have several."""
        found = ipaddress.ip_address(address.strip("[]"))
        return [trunk for trunk, networks in self._networks.items() if any(found in network for network in networks)]

    def passes(self, data: bytes, address: str) -> bool:
        """Whether a datagram is let in."""
        now = time.monotonic()
        if not self.trunks_of(address):
            if (unsaid := self._strangers.admit(now)) is not None:
                log.warning("SIP from %s was dropped: it is no address of a trunk; %d more datagrams were dropped", address, unsaid)
            return False
        if is_ack_of_refusal(data):
            return False
        if int(now) != self._second:
            self._second, self._count = int(now), 0
        self._count += 1
        return len(data) <= _LONGEST and self._count <= _MOST_A_SECOND

    def refuses(self, data: bytes, address: tuple[str, int]) -> bytes | None:
        """The answer to an INVITE above its trunk's limit; None for everything else. Empty: it gets none."""
        if not begins_a_call(data) or not (trunks := tuple(self.trunks_of(address[0]))):
            return None
        found = self._invites.get(trunks)
        if found is None:
            found = InviteLimit(sum(self._rates.get(trunk, _MOST_A_SECOND) for trunk in trunks)), LogLimiter(every=10.0)
            self._invites = {**self._invites, trunks: found}
        limit, told = found
        now = time.monotonic()
        if limit.admit(now, data):
            return None
        if (unsaid := told.admit(now)) is not None:
            names = " and ".join(trunks)
            said = "the trunk %s sends more than %g new calls a second: a call was refused with 503; %d more were refused"
            log.warning(said, names, limit.rate, unsaid)
        return refusal(data, address) or b""


def readable(data: bytes) -> str:
    """A message as text. Old gateways write Latin-1, which is no error of the call; in the body a letter is a byte, because
    Content-Length counts bytes and sippy letters."""
    head, gap, body = data.partition(b"\r\n\r\n")
    try:
        start = head.decode()
    except UnicodeDecodeError:
        start = head.decode("latin-1")
    return _NO_LINE_ENDS.sub(" ", start) + (gap + body).decode("latin-1")


class ServerOptions(Udp_server_opts):
    """One receiving and one sending thread, so that datagrams keep their order; the port is ours alone."""

    flags = 0
    nworkers = 1
    direct_dispatch = True


class GuardedServer(Udp_server):
    """The UDP socket, which says the advertised address of itself."""

    def __init__(self, global_config: Any, options: Any) -> None:
        self._guard: Guard = global_config["_guard"]
        self._config = global_config
        super().__init__(global_config, options)

    def getSIPaddr(self) -> Any:
        """The address in Via and Contact."""
        return ((self._config["_advertised"], self.uopts.laddress[1]), self.transport)

    def handle_read(self, data: bytes, address: Any, rtime: Any, delayed: bool = False) -> None:
        """In the receiving thread: let pass, drop or refuse."""
        if (answer := self._guard.refuses(data, address)) is not None:
            if answer:
                self.send_to(answer, address)
            return
        if self._guard.passes(data, address[0]):
            ED2.callFromThread(super().handle_read, readable(data), Remote_address(address, self.transport), rtime, delayed)
