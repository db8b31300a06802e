"""Which windows apply on a date: weekdays, public holidays, exceptional dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from core.kernel.hours.public_holidays import public_holidays

__all__ = ["DAY_MINUTES", "Calendar", "Span"]

Span = tuple[int, int]
"""From, to: minutes after midnight, the end excluded."""
DAY_MINUTES = 24 * 60
_ONE_DAY = timedelta(days=1)
_REMEMBERED_DATES = 4096


class Calendar:
    """The windows of each date.

    An overnight window belongs to the date on which it starts. On a holiday or an exceptional date only that date's own hours apply, so a
    window from the night before is cut at midnight.

    Args:
        weekly: for each weekday, Monday first, its spans; an end beyond 1440 is on the next day.
        special: the spans of exceptional dates; an empty list means closed. They override holidays.
        holiday_names: countries, parts of countries or all parts of one (`GB-*`), on whose public holidays it is closed.
    """

    def __init__(self, weekly: Sequence[Sequence[Span]], special: Mapping[date, Sequence[Span]], holiday_names: tuple[str, ...]) -> None:
        self._weekly, self._special, self._holiday_names = weekly, special, holiday_names
        self._spans: dict[date, tuple[Span, ...]] = {}

    def spans(self, day: date) -> tuple[Span, ...]:
        """The spans of the date in order, within 0..1440, no two of them adjacent."""
        known = self._spans.get(day)
        if known is None:
            if len(self._spans) >= _REMEMBERED_DATES:
                self._spans.clear()
            known = self._spans[day] = _merged([*self._from_night_before(day), *self._starting(day)])
        return known

    def _own(self, day: date) -> Sequence[Span] | None:
        """The spans of a date with hours of its own; None for an ordinary date."""
        if day in self._special:
            return self._special[day]
        return () if any(day in public_holidays(name, day.year) for name in self._holiday_names) else None

    def _starting(self, day: date) -> Sequence[Span]:
        own = self._own(day)
        return self._weekly[day.weekday()] if own is None else own

    def _from_night_before(self, day: date) -> list[Span]:
        if day == date.min or self._own(day) is not None:
            return []
        return [(0, end - DAY_MINUTES) for _, end in self._starting(day - _ONE_DAY) if end > DAY_MINUTES]


def _merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for start, end in sorted((start, min(end, DAY_MINUTES)) for start, end in spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return tuple(merged)
