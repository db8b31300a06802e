"""Looking whether a trunk that rests is well again, before its rest is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from dialler.core_client import CoreClient, CoreUnreachable
from dialler.policy.patience import growing
from dialler.scheduler.holds import Hold

__all__ = ["is_well", "next_look", "rested_trunk"]

_SHORT_HOLD: Final = timedelta(seconds=5)
_FIRST_LOOK: Final = timedelta(seconds=1)
_LONGEST_LOOK: Final = timedelta(seconds=15)
"""How often it is looked, while a trunk is rested or on trial, whether it is well again."""


def rested_trunk(hold: Hold | None, now: datetime) -> Hold | None:
    """The hold of a trunk that may be well again before its time is over; None if it is another hold, or nearly over. Pure."""
    if hold is None or hold.until is None or hold.reason != "trunk_unavailable" or hold.until - now <= _SHORT_HOLD:
        return None
    return hold


def next_look(looks: int, hold: Hold, now: datetime) -> datetime:
    """When to look for the `looks`-th time in a row. The looks become rarer until a call is placed: a core that calls its trunk well may
    still refuse the next dialout. Pure."""
    return min(hold.until or datetime.max, now + growing(looks, _FIRST_LOOK, _LONGEST_LOOK))


async def is_well(core: CoreClient, bot_id: str) -> bool:
    """Whether calls go out on the bot's trunk now; not if the core does not answer, which is then asked when the hold is over."""
    try:
        fleet = await core.fleet(bot_id)
    except CoreUnreachable:
        return False
    return fleet.held is None and fleet.available > 0
