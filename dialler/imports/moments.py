"""Dates and times as lead files and campaign.yaml have them: `2026-03-04 14:00`, `4.3.2026`, `3/4/26 2:30 PM`, `Mar 4, 2026`. Pure.

Only what is written in full counts: a date without a year, or one whose day and month could be either, is not guessed.
"""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from functools import lru_cache
from typing import Final

from babel.dates import get_month_names

from dialler.policy.times import LocalMoment

__all__ = ["NotAMoment", "parse_moment"]

_LANGUAGES: Final = ("en", "de", "es", "fr", "it", "pt", "nl")
_TIME: Final = (
    r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?)?\s*(?P<half>[ap]\.?m\.?)?\s*(?P<unit>uhr|h)?"
)
_OFFSET: Final = r"\s*(?P<offset>z|utc|gmt|[+-]\d{2}:?\d{2})?"
_AFTER: Final = rf"(?:(?:\s*[t,]\s*|\s+(?:at|um|à|a las|alle)?\s*){_TIME}{_OFFSET})?"
_WEEKDAY: Final = r"(?:[^\W\d_]{2,10}[.,]{0,2}\s+)?"
_SHAPES: Final = tuple(
    re.compile(f"{_WEEKDAY}{shape}{_AFTER}", re.IGNORECASE)
    for shape in (
        r"(?P<year>\d{4})(?P<sep>[-/.])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})",
        r"(?P<one>\d{1,2})(?P<sep>[-/.])(?P<two>\d{1,2})(?P=sep)(?P<year>\d{4}|\d{2})",
        r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.)?[ -]*(?:of |de )?(?P<name>[^\W\d_]{3,12})\.?,?[ -]*(?:de )?(?P<year>\d{4})",
        r"(?P<name>[^\W\d_]{3,12})\.? *(?P<day>\d{1,2})(?:st|nd|rd|th)?,? +(?P<year>\d{4})",
    )
)
_CENTURY: Final = 2000


class NotAMoment(ValueError):
    """The text is not a date or a time that can be used; the message says why and what to write."""


@lru_cache(maxsize=1)
def _months() -> dict[str, int]:
    names: dict[str, int] = {}
    for language in _LANGUAGES:
        for width in ("abbreviated", "wide"):
            for number, name in get_month_names(width, locale=language).items():
                names.setdefault(name.casefold().rstrip("."), number)
    names["sept"] = 9
    return names


@lru_cache(maxsize=4096)
def parse_moment(text: str, day_first: bool | None = None) -> LocalMoment:
    """The date, and the time if there is one, that a text says.

    Args:
        text: as written.
        day_first: whether 3/4 is the third of April; None: not known, so such a date is refused unless it can only be one.

    Raises:
        NotAMoment: it is not a full date, or its day and month could be either.
    """
    plain = " ".join(text.split())
    for shape in _SHAPES:
        if match := shape.fullmatch(plain):
            return LocalMoment(_day(match, day_first), *_clock(match))
    raise NotAMoment("It is not a date that can be read. Write it like 2026-03-04 or 2026-03-04 14:00.")


def _day(match: re.Match[str], day_first: bool | None) -> date:
    found = match.groupdict()
    year = int(found["year"]) + (_CENTURY if len(found["year"]) == 2 else 0)
    if found.get("name"):
        month = _months().get(found["name"].casefold())
        if month is None:
            raise NotAMoment(f"{found['name']} is not a month. Write the date like 2026-03-04.")
        return _date(year, month, int(found["day"]))
    if found.get("month"):
        return _date(year, int(found["month"]), int(found["day"]))
    one, two = int(found["one"]), int(found["two"])
    if found["sep"] == ".":
        return _date(year, two, one)
    if day_first is None and one <= 12 and two <= 12 and one != two:
        raise NotAMoment("Whether the day or the month comes first cannot be told. Set `date_order` in campaign.yaml, or write 2026-03-04.")
    if day_first is None:
        day_first = one > 12
    return _date(year, two, one) if day_first else _date(year, one, two)


def _date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        advice = "If the day and the month are the other way round, set `date_order` in campaign.yaml."
        raise NotAMoment(f"There is no day {day} of month {month} in {year}. {advice}") from None


def _clock(match: re.Match[str]) -> tuple[time | None, timedelta | None]:
    if not match["hour"]:
        return None, None
    hour, minute, half = int(match["hour"]), int(match["minute"] or 0), (match["half"] or "").replace(".", "").lower()
    if half and not 1 <= hour <= 12:
        raise NotAMoment(f"There is no {hour} {half}. Write the time like 14:00.")
    hour = hour % 12 + 12 * (half == "pm") if half else hour
    if match["minute"] is None and not half and not match["unit"]:
        raise NotAMoment("The time has no minutes. Write it like 14:00.")
    try:
        at = time(hour, minute, int(match["second"] or 0))
    except ValueError:
        raise NotAMoment(f"There is no time {hour}:{minute:02}. Write it like 14:00.") from None
    return at, _offset(match["offset"])


def _offset(text: str | None) -> timedelta | None:
    if text is None:
        return None
    if text.isalpha():
        return timedelta(0)
    length = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return -length if text[0] == "-" else length
