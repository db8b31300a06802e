"""Opening hours: weekly windows, holidays, exceptions, and the hours in which callees may be called.

One definition governs everything here: something is open at a given time exactly when the wall clock of its time zone then shows a time
inside one of that day's windows. So where clocks go forward, the skipped hour never comes; where they go back, a window inside the repeated
hour opens twice.

config       what people write: `HoursConfig`, `PermittedHours`
public_holidays   of countries, parts of them, any part of them
calendar     which windows apply on a date: weekdays, holidays, exceptions
zones        time zones by name, and the parts of a date between clock changes
opening      is it open, when does it open or close next, when are several open at once
permitted    the callee's own hours, in every time zone the callee may be in
"""

from core.kernel.hours.config import ALL_DAYS, ExceptionalDay, HoursConfig, PermittedHours, TimeSpan, Weekday, Window
from core.kernel.hours.opening import NEVER, SEARCH_DAYS, Constraint, is_open, next_all_open, next_closing, next_opening, why_closed
from core.kernel.hours.permitted import constraints_for, next_permitted, permitted, why_not_permitted
from core.kernel.hours.public_holidays import differing_days, holiday_parts, names_for
from core.kernel.hours.zones import UnknownTimeZoneError, check_time_zone

__all__ = [
    "ALL_DAYS",
    "NEVER",
    "SEARCH_DAYS",
    "Constraint",
    "ExceptionalDay",
    "HoursConfig",
    "PermittedHours",
    "TimeSpan",
    "UnknownTimeZoneError",
    "Weekday",
    "Window",
    "check_time_zone",
    "constraints_for",
    "differing_days",
    "holiday_parts",
    "is_open",
    "names_for",
    "next_all_open",
    "next_closing",
    "next_opening",
    "next_permitted",
    "permitted",
    "why_closed",
    "why_not_permitted",
]
