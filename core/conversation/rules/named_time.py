"""A time that the callee named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

__all__ = ["When"]


@dataclass(frozen=True)
class When:
    """A time that was named: a day, an hour, or a time counted from now. All local, without zone.

    `part` is a part of the day ("evening") where no hour was said; `vague` means a period too long to act on ("next week");
    `immediate` means now; `words` is what was said.
    """

    words: str
    day: date | None = None
    hour: time | None = None
    part: str | None = None
    moment: datetime | None = None
    vague: bool = False
    immediate: bool = False

    def date(self, now: datetime) -> date | None:
        """The day that is meant, if one is; an hour or part of the day without a day means today."""
        if self.moment is not None:
            return self.moment.date()
        if self.day is None and (self.hour is not None or self.part is not None):
            return now.date()
        return self.day
