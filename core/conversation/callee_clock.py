"""The callee's clock: in which time zone the times that they name are meant, and when they may be called back. Pure.

A number tells the zones in which its owner may be (`core.kernel.numbers.callee_zones`). If all of them show the same time, that is the
callee's clock. If not, times are taken on the bot's clock, or on the first possible one, and every time that is agreed on is said with its
zone; a callee who names a zone is understood.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_name

from core.kernel.hours import Constraint, next_all_open

__all__ = ["CalleeClock", "callee_clock", "named_zone"]

_HALF_A_YEAR: Final = timedelta(days=182)
_AT_ONCE: Final = timedelta(minutes=1)
_ZONES: Final = {
    r"eastern|e[sd]?t|new york": "America/New_York",
    r"central|c[sd]t|chicago": "America/Chicago",
    r"mountain|m[sd]t|denver": "America/Denver",
    r"arizona|phoenix": "America/Phoenix",
    r"pacific|p[sd]t|california|los angeles": "America/Los_Angeles",
    r"alaska|akdt|akst": "America/Anchorage",
    r"hawaii(?:an)?|hst|honolulu": "Pacific/Honolulu",
    r"gmt|bst|uk|british|london": "Europe/London",
    r"utc": "UTC",
    r"cet|cest|german|french|spanish|berlin|paris|madrid": "Europe/Berlin",
    r"indian?|ist|india": "Asia/Kolkata",
    r"singapore|sgt": "Asia/Singapore",
    r"dubai|gulf": "Asia/Dubai",
    r"sydney|aest|aedt": "Australia/Sydney",
    r"perth|awst": "Australia/Perth",
}
_NAMED: Final = [
    (re.compile(rf"\b(?:{words})\b(?: standard| daylight| summer)? time\b|\b\d{{1,2}}(?::\d\d)? ?(?:[ap]\.? ?m\.?)? (?:{words})\b"), zone)
    for words, zone in _ZONES.items()
]


@dataclass(frozen=True)
class CalleeClock:
    """Whose clock the times in a conversation are on.

    Attributes:
        zone: the zone in which times without one are understood, kept and said.
        known: whether the callee is known to keep its time.
        possible: the zones in which the callee may be, one of each time.
        open: when they may be called: the bot's, the callee's and the campaign's hours.
    """

    zone: str
    known: bool = True
    possible: tuple[str, ...] = ()
    open: tuple[Constraint, ...] = ()

    def opened(self, at: datetime) -> datetime:
        """`at`, or the next time at which everything is open; in the zone of `at`. If it never opens, nothing is better than `at`."""
        opening = next_all_open(self.open, at)
        return at if opening is None or opening - at < _AT_ONCE else opening.astimezone(at.tzinfo)

    @staticmethod
    def name(zone: str) -> str:
        """A zone as people say it: `Eastern Time`, `Indian Standard Time`."""
        return str(get_timezone_name(ZoneInfo(zone), width="long", zone_variant="generic", locale="en")).replace("Unknown Region", zone)


def callee_clock(zones: Sequence[str], bot_zone: str, hours: Sequence[Constraint], now: datetime) -> CalleeClock:
    """The clock of a callee.

    Args:
        zones: where they may be.
        bot_zone: the bot's time zone.
        hours: when they may be called.
        now: the current time (aware).
    """
    shown: dict[tuple[timedelta | None, ...], str] = {}
    for zone in (bot_zone, *zones) if bot_zone in zones else zones:
        shown.setdefault(tuple(at.astimezone(ZoneInfo(zone)).utcoffset() for at in (now, now + _HALF_A_YEAR)), zone)
    possible = tuple(shown.values())
    if len(possible) == 1:
        return CalleeClock(possible[0], True, possible, tuple(hours))
    own = tuple(at.astimezone(ZoneInfo(bot_zone)).utcoffset() for at in (now, now + _HALF_A_YEAR))
    zone = bot_zone if own in shown or not possible else possible[0]
    return CalleeClock(zone, False, possible, tuple(hours))


def named_zone(said: str) -> str | None:
    """The time zone that somebody names with a time: `3 pm Pacific time`, `ten o'clock eastern time`, `at 3 pm EST`."""
    text = said.casefold()
    return next((zone for pattern, zone in _NAMED if pattern.search(text)), None)
