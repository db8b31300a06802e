"""Clients that repeatedly fail to show a valid token are refused unchecked for a while. Pure; in memory, per process.

A token cannot be guessed; this keeps an attacker, or a dialler with last year's token, from keeping the database busy.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from typing import Final

from core.kernel.rate import Throttle

__all__ = ["Strangers", "neighbourhood"]

_AT_ONCE: Final = 30.0
_PER_SECOND: Final = 0.5
_MOST: Final = 10_000
"""How many clients are remembered; those seen longest ago are forgotten first."""


def neighbourhood(address: str) -> str:
    """The address under which failures are counted together: for IPv6 the /64 network, which belongs to one customer."""
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((read, 64), strict=False)) if read.version == 6 else str(read)


class Strangers:
    """How many more failures each client is allowed: one bucket per address and bot. Times are seconds of one clock."""

    def __init__(self) -> None:
        self._throttles: OrderedDict[tuple[str, str], Throttle] = OrderedDict()

    def are_turned_away(self, address: str, bot_id: str, now: float) -> bool:
        """Whether this address has failed at this bot too often to be looked at now."""
        throttle = self._throttles.get((neighbourhood(address), bot_id))
        return throttle is not None and throttle.left(now) < 1

    def failed(self, address: str, bot_id: str, now: float) -> None:
        """Count a failure of this address."""
        who = (neighbourhood(address), bot_id)
        if who not in self._throttles:
            self._throttles[who] = Throttle(_PER_SECOND, _AT_ONCE)
        self._throttles[who].spend(now)
        self._throttles.move_to_end(who)
        if len(self._throttles) > _MOST:
            self._throttles.popitem(last=False)
