"""Clients that repeatedly fail to show a valid token are refused unchecked for a while. Pure; in memory, per process.

A token cannot be guessed; this keeps an attacker, or a dialler with last year's token, from keeping the database busy.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from typing import Final

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
        self._left: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def are_turned_away(self, address: str, bot_id: str, now: float) -> bool:
        """Whether this address has failed too often at this bot to be checked now."""
        return self._now_left((neighbourhood(address), bot_id), now) < 1

    def failed(self, address: str, bot_id: str, now: float) -> None:
        """Count a failure of this address."""
        who = (neighbourhood(address), bot_id)
        self._left[who] = (max(self._now_left(who, now) - 1, 0.0), now)
        self._left.move_to_end(who)
        if len(self._left) > _MOST:
            self._left.popitem(last=False)

    def _now_left(self, who: tuple[str, str], now: float) -> float:
        left, seen = self._left.get(who, (_AT_ONCE, now))
        return min(_AT_ONCE, left + max(now - seen, 0.0) * _PER_SECOND)
