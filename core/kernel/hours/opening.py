"""Whether something is open, when it opens or closes next, and when several things are open at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from core.kernel.hours.config import HoursConfig
from core.kernel.hours.zones import local_time, stretches

__all__ = ["NEVER", "SEARCH_DAYS", "Constraint", "is_open", "next_all_open", "next_closing", "next_opening", "why_closed"]

SEARCH_DAYS = 400
"""How far ahead to look for an opening; beyond it, none is assumed."""

Interval = tuple[datetime, datetime]


@dataclass(frozen=True)
class Constraint:
    """Opening hours and their time zone. Without hours it is never open (`NEVER`)."""

    hours: HoursConfig | None
    time_zone: str = "UTC"


NEVER = Constraint(None)
"""The constraint that is never open: unknown fails closed."""


def is_open(hours: HoursConfig, time_zone: str, now: datetime) -> bool:
    """Whether it is open at `now` (aware).

    Raises:
        UnknownTimeZoneError: there is no such zone.
        ValueError: `now` is naive.
    """
    local = local_time(now, time_zone)
    minute = local.hour * 60 + local.minute
    return any(start <= minute < end for start, end in hours.calendar.spans(local.date()))


def next_opening(hours: HoursConfig, time_zone: str, now: datetime) -> datetime | None:
    """The first time at or after `now` at which it is open (UTC); None if there is none within 400 days.

    Raises:
        UnknownTimeZoneError, ValueError: as `is_open`.
    """
    if is_open(hours, time_zone, now):
        return now.astimezone(UTC)
    yesterday = local_time(now, time_zone).date() - timedelta(days=1)
    first: datetime | None = None
    for number in range(SEARCH_DAYS + 3):
        starts = [start for start, _ in _intervals(hours, time_zone, yesterday + timedelta(days=number)) if start > now]
        if first is not None:  # one date more: where clocks go back over midnight, a date can begin before the previous one has ended
            first = min([first, *starts])
            break
        first = min(starts, default=None)
    return first if first is not None and first <= now + timedelta(days=SEARCH_DAYS) else None


def next_closing(hours: HoursConfig, time_zone: str, now: datetime) -> datetime | None:
    """The first time at or after `now` at which it is closed (UTC); None if it stays open for 400 days.

    Raises:
        UnknownTimeZoneError, ValueError: as `is_open`.
    """
    at = now.astimezone(UTC)
    limit = at + timedelta(days=SEARCH_DAYS)
    while is_open(hours, time_zone, at):
        if at > limit:
            return None
        day = local_time(at, time_zone).date()
        ends = [end for start, end in _intervals(hours, time_zone, day) if start <= at < end]
        at = max(ends)  # an open time lies in an interval of its own date
    return at


def next_all_open(constraints: Iterable[Constraint], now: datetime) -> datetime | None:
    """The first time at or after `now` at which every constraint is open (UTC); None if there is none within 400 days.

    Raises:
        UnknownTimeZoneError, ValueError: as `is_open`.
    """
    wanted = [(constraint.hours, constraint.time_zone) for constraint in constraints]
    at = now.astimezone(UTC)
    limit = at + timedelta(days=SEARCH_DAYS)
    while at <= limit:
        latest = at
        for hours, time_zone in wanted:
            opening = None if hours is None else next_opening(hours, time_zone, latest)
            if opening is None:
                return None
            latest = opening
        if latest == at:
            return at
        at = latest
    return None


def why_closed(hours: HoursConfig, time_zone: str, now: datetime) -> str | None:
    """Why it is closed at `now`, for people; None if it is open.

    Raises:
        UnknownTimeZoneError, ValueError: as `is_open`.
    """
    if is_open(hours, time_zone, now):
        return None
    local = local_time(now, time_zone)
    return f"it is {local:%a %d %b %Y %H:%M} in {time_zone}, and the hours are {hours.describe()}"


def _intervals(hours: HoursConfig, time_zone: str, day: date) -> list[Interval]:
    """The opening intervals of a local date, in UTC."""
    spans = hours.calendar.spans(day)
    found = []
    for stretch in stretches(time_zone, day) if spans else ():
        for start, end in spans:
            first, last = max(start, stretch.first), min(end, stretch.last)
            if first < last:
                found.append((stretch.moment(first), stretch.moment(last)))
    return found
