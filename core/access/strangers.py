"""Who fails to show a valid token again and again is not looked at for a while. Pure; in memory, of this process.

A token cannot be guessed; this keeps somebody who tries, or a dialler with a token of last year, from keeping the database busy.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from typing import Final

__all__ = ["Strangers", "neighbourhood"]

_AT_ONCE: Final = 30.0
_PER_SECOND: Final = 0.5
_MOST: Final = 10_000
"""Who is remembered at once: those seen longest ago are forgotten first."""


def neighbourhood(address: str) -> str:
    """The address whose failures are counted together: of IPv6 the /64 network, which is one customer's."""
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((read, 64), strict=False)) if read.version == 6 else str(read)


class Strangers:
    """How many more failures each client has: a bucket for each address and bot. Times are seconds of one clock."""

    def __init__(self) -> None:
        self._left: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def are_turned_away(self, address: str, bot_id: str, now: float) -> bool:
        """Whether this address has failed at this bot too often to be looked at now."""
        return self._now_left((neighbourhood(address), bot_id), now) < 1

    def failed(self, address: str, bot_id: str, now: float) -> None:
        """This address has shown nothing valid."""
        who = (neighbourhood(address), bot_id)
        self._left[who] = (max(self._now_left(who, now) - 1, 0.0), now)
        self._left.move_to_end(who)
        if len(self._left) > _MOST:
            self._left.popitem(last=False)

    def _now_left(self, who: tuple[str, str], now: float) -> float:
        left, seen = self._left.get(who, (_AT_ONCE, now))
        return min(_AT_ONCE, left + max(now - seen, 0.0) * _PER_SECOND)
