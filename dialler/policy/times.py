"""Before and after which times a lead may be dialled: from what is written to moments. Pure.

A date or a time without an offset is on the callee's clock. Where several zones are possible, `not_before` is when the last of them has
reached it, and the end is when the first has: the callee is never called too early or too late, wherever they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["ALWAYS", "LeadTimes", "LocalMoment", "bounds"]


@dataclass(frozen=True)
class LocalMoment:
    """A date, perhaps with a time, perhaps with its offset from UTC."""

    day: date
    at: time | None = None
    offset: timedelta | None = None

    def begins(self, zones: Sequence[str]) -> datetime:
        """The moment, or the beginning of its day, when every one of the zones has reached it."""
        return max(self._in(zones, self.day, self.at or time()))

    def ends(self, zones: Sequence[str]) -> datetime:
        """The moment, or the end of its day, when the first of the zones has reached it."""
        day, at = (self.day + timedelta(days=1), time()) if self.at is None else (self.day, self.at)
        return min(self._in(zones, day, at))

    def _in(self, zones: Sequence[str], day: date, at: time) -> list[datetime]:
        local = datetime.combine(day, at)
        if self.offset is not None:
            return [local.replace(tzinfo=UTC) - self.offset]
        return [local.replace(tzinfo=ZoneInfo(name)).astimezone(UTC) for name in zones]


@dataclass(frozen=True)
class LeadTimes:
    """When a lead may be dialled: from `not_before` on, until `expires_at`; None: no limit."""

    not_before: datetime | None = None
    expires_at: datetime | None = None


ALWAYS: Final = LeadTimes()
"""No limit."""


def bounds(
    not_before: Iterable[LocalMoment],
    not_after: Iterable[LocalMoment],
    expires: Iterable[LocalMoment],
    zones: Sequence[str],
    margin: timedelta = timedelta(0),
) -> LeadTimes:
    """The limits of a lead for whom several are set, the campaign's and its own: each of them holds.

    Args:
        not_before: not to be dialled before these.
        not_after: not to be dialled from these on; a date counts to its end.
        expires: when what the call is about is over; a date counts to its end.
        zones: the zones in which the callee may be; at least one.
        margin: how long before `expires` dialling ends.
    """
    ends = [*(one.ends(zones) for one in not_after), *(one.ends(zones) - margin for one in expires)]
    return LeadTimes(max((one.begins(zones) for one in not_before), default=None), min(ends, default=None))
