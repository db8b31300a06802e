"""How many calls the core takes for a campaign that is alone in its process, without asking it before each dial.

The core was asked how many calls it takes. From then on every call that is sent takes one of those places, and every call that ends
gives one back. This is a guess: others may use the same seats. A guess that is too high is refused by the core, which never sells a
seat twice, and after a refusal the core is asked again, as it is after half a minute, and when a call failed because of the trunk.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

__all__ = ["Capacity"]

_GOOD_FOR: Final = timedelta(seconds=30)


class Capacity:
    """The capacity as it was told last, counted on since."""

    def __init__(self) -> None:
        self._total = 0
        self._until: datetime | None = None

    def learn(self, free: int, in_flight: int, now: datetime) -> None:
        """Note what the core told.

        Args:
            free: calls that it takes now, without those that are on their way to it.
            in_flight: calls of the campaign that are in progress or on their way.
            now: the moment it is.
        """
        self._total, self._until = in_flight + free, now + _GOOD_FOR

    def forget(self) -> None:
        """Ask the core before the next dial."""
        self._until = None

    def free(self, in_flight: int, now: datetime) -> int:
        """Calls that the core takes now, as far as is known; 0: ask it.

        What was told long ago is still good for one call, if the campaign has none.
        """
        if self._until is None:
            return 0
        if now >= self._until:
            return min(1, self._total) if in_flight == 0 else 0
        return max(0, self._total - in_flight)
