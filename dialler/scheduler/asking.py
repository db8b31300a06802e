"""Asking the core for capacity: what happens if it does not answer, and while it has no seat."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from dialler.core_client import CoreUnreachable, Fleet
from dialler.policy.patience import growing
from dialler.scheduler.holds import Hold, Holds, want_of_seats
from dialler.scheduler.parts import Parts

__all__ = ["FIRST_HOLD", "Asking"]

FIRST_HOLD: Final = timedelta(seconds=5)
"""How long dialling is held after the first failure of the core; longer with each further one in a row."""
_LONGEST_ASKING: Final = timedelta(minutes=1)
_SEAT_WAIT = 30.0
"""Clock seconds until capacity is asked for again though no call of the campaign has ended."""
_LONG_WITHOUT_SEAT = 60.0
"""Clock seconds without a free seat after which that is said."""


class Asking:
    """Asks for the capacity of one campaign.

    Args:
        parts: the core and the clock.
        holds: where it is said that nothing can be dialled.
    """

    def __init__(self, parts: Parts, holds: Holds) -> None:
        self._parts, self._holds = parts, holds
        self._failed = 0
        self._no_seat_since: datetime | None = None

    async def fleet(self, bot_id: str) -> Fleet | None:
        """The core's capacity; None, and dialling is held, if it does not answer."""
        try:
            fleet = await self._parts.core.fleet(bot_id)
        except CoreUnreachable as error:
            self._failed += 1
            until = self._parts.clock.now() + growing(self._failed, FIRST_HOLD, _LONGEST_ASKING)
            self._holds.impose(Hold(until, "core_unreachable", f"The call engine does not answer: {error}."))
            return None
        self._failed = 0
        if fleet.available > 0:
            self._no_seat_since = None
        return fleet

    def wait_for_seat(self, fleet: Fleet, in_flight: int) -> datetime:
        """Say that there is no seat, if that lasts; returns when to ask again."""
        now = self._parts.clock.now()
        self._no_seat_since = self._no_seat_since or now
        self._holds.say(want_of_seats(fleet, in_flight, (now - self._no_seat_since).total_seconds(), _LONG_WITHOUT_SEAT))
        return fleet.ask_again_at or now + timedelta(seconds=_SEAT_WAIT)
