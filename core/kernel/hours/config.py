"""Opening hours as people write them, in `bot.yaml`, `campaign.yaml` and over the API."""

from __future__ import annotations

import re
from datetime import date
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from core.kernel.hours.calendar import DAY_MINUTES, Calendar, Span
from core.kernel.hours.public_holidays import check_holidays, names_for

__all__ = ["ALL_DAYS", "ExceptionalDay", "HoursConfig", "PermittedHours", "TimeSpan", "Weekday", "Window"]

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ALL_DAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def _time_text(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"[0-9]:[0-5][0-9]", value):
        return f"0{value}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"a time of day is written HH:MM, such as {int(value) % 24:02}:00")
    return value


def _check_time(value: str) -> str:
    if not _TIME.fullmatch(value):
        raise ValueError("a time of day is written HH:MM, from 00:00 to 24:00")
    return value


def _day_names(value: Any) -> Any:
    """Spell out days: full names, any case, and ranges (`mon-fri`, `sat-sun`)."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    if not isinstance(value, list | tuple):
        return value
    days: list[Any] = []
    for item in value:
        ends = [_short(part.strip()) for part in item.split("-")] if isinstance(item, str) else [item]
        if len(ends) == 2 and all(end in ALL_DAYS for end in ends):
            first, last = (ALL_DAYS.index(end) for end in ends)
            days += [ALL_DAYS[(first + i) % 7] for i in range((last - first) % 7 + 1)]
        else:
            days.append(ends[0] if len(ends) == 1 else item)
    return tuple(sorted(set(days), key=ALL_DAYS.index) if all(day in ALL_DAYS for day in days) else days)


def _short(name: str) -> str:
    name = name.lower()
    return name[:3] if len(name) >= 3 and any(long.startswith(name) for long in _LONG_NAMES) else name


TimeOfDay = Annotated[str, BeforeValidator(_time_text), AfterValidator(_check_time)]
Days = Annotated[tuple[Weekday, ...], BeforeValidator(_day_names), Field(min_length=1)]
HolidayNames = Annotated[
    tuple[Annotated[str, AfterValidator(check_holidays)], ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value),
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TimeSpan(_Strict):
    """A time span: `start` is included, `end` is not. An `end` before `start` is on the next day."""

    start: TimeOfDay = Field(default="00:00", description="First time of day, HH:MM.")
    end: TimeOfDay = Field(default="24:00", description="End, HH:MM, not included; before `start` it means the next day.")

    @model_validator(mode="after")
    def _check_span(self) -> Self:
        if self.start == "24:00":
            raise ValueError("a window cannot start at 24:00: write 00:00 of the next day")
        if self.start == self.end:
            raise ValueError(f"start and end are both {self.start}: write 00:00 and 24:00 for the whole day")
        return self

    def span(self) -> Span:
        """Minutes after midnight, the end beyond 1440 if it is on the next day."""
        start, end = _minutes(self.start), _minutes(self.end)
        return (start, end if end > start else end + DAY_MINUTES)


class Window(TimeSpan):
    """A time span on some weekdays; overnight windows belong to the day on which they start."""

    days: Days = Field(default=ALL_DAYS, description="Weekdays on which it starts: mon tue wed thu fri sat sun, or ranges such as mon-fri.")


class ExceptionalDay(_Strict):
    """A date with hours of its own, whatever its weekday and whether or not it is a holiday."""

    date: date
    closed: bool = Field(default=False, description="True: closed from midnight to midnight.")
    windows: tuple[TimeSpan, ...] = Field(default=(), description="Open in these windows only.")

    @model_validator(mode="after")
    def _check_one_of(self) -> Self:
        if self.closed == bool(self.windows):
            raise ValueError("an exception says either `closed: true` or the `windows` in which it is open")
        return self


class HoursConfig(_Strict):
    """When something is open. Always open by default.

    Either `start`, `end` and `days` for one window, or `windows` for several.
    """

    start: TimeOfDay = Field(default="00:00", description="Opens, HH:MM.")
    end: TimeOfDay = Field(default="24:00", description="Closes, HH:MM; before `start` it means the next day.")
    days: Days = Field(default=ALL_DAYS, description="Weekdays: mon tue wed thu fri sat sun, or ranges such as mon-fri.")
    windows: tuple[Window, ...] = Field(
        default=(), description="Several windows, each with start, end and days; instead of these three keys."
    )
    holidays: HolidayNames = Field(
        default=(),
        description="Closed on the public holidays of these countries (IN), parts (US-CA) or all parts of one (GB-*); one or a list.",
    )
    exceptions: tuple[ExceptionalDay, ...] = Field(default=(), description="Single dates with other hours, or closed.")

    @model_validator(mode="after")
    def _check_hours(self) -> Self:
        single = {"start", "end", "days"} & self.model_fields_set
        if self.windows and any(getattr(self, key) != type(self).model_fields[key].default for key in single):
            raise ValueError("write either `windows`, or `start`, `end` and `days`, not both")
        if not self.windows and not single and "windows" in self.model_fields_set:
            raise ValueError("`windows` is empty, so it would never open: list a window, or leave the key out to be always open")
        if not self.windows:
            Window(start=self.start, end=self.end, days=self.days)  # checks start against end
        dates = [exception.date for exception in self.exceptions]
        if doubled := sorted({str(day) for day in dates if dates.count(day) > 1}):
            raise ValueError(f"several exceptions for the same date: {', '.join(doubled)}")
        return self

    def for_callee(self, country: str | None, parts: frozenset[str]) -> HoursConfig:
        """The hours with the holidays of the callee's own parts, where `holidays` names their country alone.

        Args:
            country: the callee's.
            parts: the parts that the callee may be in; if empty, a holiday of any part counts.
        """
        names = names_for(self.holidays, country, parts)
        return self if names == self.holidays else _with_holidays(self, names)

    @cached_property
    def calendar(self) -> Calendar:
        """The windows that apply on each date."""
        windows = self.windows or (Window(start=self.start, end=self.end, days=self.days),)
        weekly: list[list[Span]] = [[window.span() for window in windows if day in window.days] for day in ALL_DAYS]
        special = {exception.date: [window.span() for window in exception.windows] for exception in self.exceptions}
        return Calendar(weekly, special, self.holidays)

    def describe(self) -> str:
        """The hours in words: `mon tue 09:00-18:00, sat 10:00-14:00`."""
        windows = self.windows or (Window(start=self.start, end=self.end, days=self.days),)
        parts = [("" if w.days == ALL_DAYS else " ".join(w.days) + " ") + f"{w.start}-{w.end}" for w in windows]
        text = "at any time" if parts == ["00:00-24:00"] else ", ".join(parts)
        if self.holidays:
            text += f", not on public holidays of {', '.join(self.holidays)}"
        if self.exceptions:
            text += f", {len(self.exceptions)} exceptional date(s)"
        return text


@lru_cache(maxsize=1024)
def _with_holidays(hours: HoursConfig, names: tuple[str, ...]) -> HoursConfig:
    """The same hours with other holidays, remembered so that their calendar is made once."""
    return HoursConfig(**{**hours.model_dump(include=set(HoursConfig.model_fields)), "holidays": names})


class PermittedHours(_Strict):
    """When callees may be called, by the local time of every time zone they may be in."""

    enabled: bool = Field(default=True, description="False: callees may be called at any time. Know the law before you do.")
    start: TimeOfDay = Field(default="08:00", description="First permitted time of day, HH:MM, where the callee is.")
    end: TimeOfDay = Field(default="21:00", description="End of the permitted hours, HH:MM, not included.")
    days: Days = Field(default=ALL_DAYS, description="Permitted weekdays.")

    @model_validator(mode="after")
    def _check_window(self) -> Self:
        Window(start=self.start, end=self.end, days=self.days)
        return self

    @cached_property
    def hours(self) -> HoursConfig:
        """The permitted hours as opening hours."""
        return HoursConfig(start=self.start, end=self.end, days=self.days)
