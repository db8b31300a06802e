"""Time zones by name, and the parts of a local date between clock changes."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

__all__ = ["Stretch", "UnknownTimeZoneError", "check_time_zone", "local_time", "stretches", "zone"]

_STEP = timedelta(hours=3)  # no zone has changed its clocks twice within three hours
_WIDEST_OFFSET = timedelta(hours=26)  # further from UTC than any zone has ever been


class UnknownTimeZoneError(ValueError):
    """The name is not an IANA time zone, such as `Asia/Kolkata`."""

    def __init__(self, name: str) -> None:
        self.name = name
        near = _similar(name)
        hint = f" Did you mean {near}?" if near else ""
        super().__init__(f"{name!r} is not a time zone.{hint} Write an IANA name such as Asia/Kolkata, Europe/London or America/New_York.")


def _similar(name: str) -> str | None:
    """The time zone whose name, or city, is most similar to `name`."""
    zones = [z for z in sorted(available_timezones()) if "/" in z and not z.startswith(("Etc/", "posix/", "right/"))]
    wanted = name.strip().lower().replace(" ", "_")
    by_name = {z.lower(): z for z in zones} | {z.lower().rsplit("/", 1)[1]: z for z in reversed(zones)}
    near = difflib.get_close_matches(wanted, by_name, n=1, cutoff=0.8)
    return by_name[near[0]] if near else None


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The time zone of that name.

    Raises:
        UnknownTimeZoneError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # not found; malformed; a folder of zones such as "Asia"
        raise UnknownTimeZoneError(name) from error


def check_time_zone(name: str) -> str:
    """`name` itself, if it is a time zone; for validators of configuration.

    Raises:
        UnknownTimeZoneError: there is none.
    """
    zone(name)
    return name


def local_time(moment: datetime, time_zone: str) -> datetime:
    """The wall-clock time in `time_zone` at `moment`.

    Raises:
        UnknownTimeZoneError: there is no such zone.
        ValueError: `moment` is naive.
    """
    if moment.tzinfo is None:
        raise ValueError(f"a moment without a time zone has no local time: {moment!r}")
    return moment.astimezone(zone(time_zone))


@dataclass(frozen=True)
class Stretch:
    """A part of a local date without a clock change.

    The wall clock goes from `first` to `last` (minutes after midnight, `last` excluded), and its minute m is the time `midnight + m
    minutes`; where the offset includes seconds, minutes may be fractions.
    """

    midnight: datetime
    first: float
    last: float

    def moment(self, minutes: float) -> datetime:
        """The time (UTC) at which the wall clock shows this many minutes after midnight."""
        return self.midnight + timedelta(minutes=minutes)


@lru_cache(maxsize=8192)
def stretches(time_zone: str, day: date) -> tuple[Stretch, ...]:
    """The parts of a local date, in order: one, several on a date with a clock change, or none (a skipped date).

    Raises:
        UnknownTimeZoneError: there is no such zone.
    """
    info = zone(time_zone)
    midnight = datetime.combine(day, time(), UTC)
    start, end = midnight - _WIDEST_OFFSET, midnight + timedelta(days=1) + _WIDEST_OFFSET
    found = []
    for begins, ends, offset in _even_parts(info, start, end):
        here = midnight - offset  # the time at which this offset's wall clock shows 00:00 of the date
        first = max(begins, here)
        last = min(ends, here + timedelta(days=1))
        if first < last:
            found.append(Stretch(here, (first - here) / timedelta(minutes=1), (last - here) / timedelta(minutes=1)))
    return tuple(found)


def _even_parts(info: ZoneInfo, start: datetime, end: datetime) -> list[tuple[datetime, datetime, timedelta]]:
    """Split [start, end) where the offset of the zone from UTC changes, to the second."""
    parts = []
    begins, at, offset = start, start, _offset(info, start)
    while at < end:
        step = min(at + _STEP, end)
        if _offset(info, step) != offset:
            change = _change(info, at, step)
            parts.append((begins, change, offset))
            begins, offset, step = change, _offset(info, change), change
        at = step
    parts.append((begins, end, offset))
    return parts


def _change(info: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first second at which the offset differs from the one at `before`."""
    old = _offset(info, before)
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(info, before + timedelta(seconds=middle)) == old else (low, middle)
    return before + timedelta(seconds=high)


def _offset(info: ZoneInfo, moment: datetime) -> timedelta:
    offset = moment.astimezone(info).utcoffset()
    assert offset is not None
    return offset
