"""How often somebody may try to sign in. In memory, per process.

Two buckets count failures: one per address, one per login, so that neither one address can try many logins nor many addresses one login.
A login that is being attacked can still sign in from a browser where it has signed in before only after the bucket fills again, which
takes seconds, not hours: nobody can lock others out for long.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from core.access.strangers import neighbourhood
from core.kernel.rate import Throttle

__all__ = ["SignInAttempts"]

_PER_ADDRESS: Final = (0.2, 20.0)
_PER_LOGIN: Final = (0.1, 10.0)
"""Regained a second, and at once."""
_MOST: Final = 10_000


class SignInAttempts:
    """Failed attempts. Times are seconds of one clock."""

    def __init__(self) -> None:
        self._throttles: OrderedDict[tuple[str, str], Throttle] = OrderedDict()

    def are_refused(self, address: str, login: str, now: float) -> bool:
        """Whether another attempt must wait."""
        return any(throttle.left(now) < 1 for key, _ in self._keys(address, login) if (throttle := self._throttles.get(key)) is not None)

    def failed(self, address: str, login: str, now: float) -> None:
        """Count a failure."""
        for key, (per_second, at_once) in self._keys(address, login):
            if key not in self._throttles:
                self._throttles[key] = Throttle(per_second, at_once)
            self._throttles[key].spend(now)
            self._throttles.move_to_end(key)
        while len(self._throttles) > _MOST:
            self._throttles.popitem(last=False)

    @staticmethod
    def _keys(address: str, login: str) -> list[tuple[tuple[str, str], tuple[float, float]]]:
        return [(("address", neighbourhood(address)), _PER_ADDRESS), (("login", login), _PER_LOGIN)]
