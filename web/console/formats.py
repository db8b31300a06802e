"""Numbers, moments, durations and phone numbers as people read them, in the locale of the request and a named time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
from babel.dates import format_date, format_datetime
from babel.dates import format_time as babel_time
from babel.numbers import format_decimal, format_percent
from markupsafe import Markup

from web.console.i18n import current_locale, gettext

__all__ = ["ago", "clock_time", "day", "duration", "full_moment", "masked", "moment", "number", "percent", "phone", "share", "zone_label"]


def number(value: float | None) -> str:
    """12,345 or 12,34,567, as the locale groups digits; a dash for None."""
    return "–" if value is None else str(format_decimal(value, locale=current_locale()))


def percent(value: float | None) -> str:
    """A share as a percentage with one decimal; a dash for None."""
    return "–" if value is None else str(format_percent(value, format="#,##0.0%", locale=current_locale()))


def share(part: int, whole: int) -> float | None:
    """`part` of `whole`; None of nothing. Pure."""
    return part / whole if whole else None


def zone_label(at: datetime, zone: str) -> str:
    """The zone of a moment for people: `IST (UTC+5:30)`."""
    local = at.astimezone(ZoneInfo(zone))
    offset = local.utcoffset() or timedelta()
    minutes = int(offset.total_seconds() // 60)
    shown = f"UTC{'+' if minutes >= 0 else '−'}{abs(minutes) // 60}" + (f":{abs(minutes) % 60:02d}" if minutes % 60 else "")
    name = local.tzname() or ""
    if not minutes:
        return "UTC" if name in {"UTC", "GMT"} and zone in {"UTC", "Etc/UTC"} else f"{name} (UTC)"
    return f"{name} ({shown})" if name.isalpha() else shown


def _time_tag(at: datetime, shown: str, title: str) -> Markup:
    iso = at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(iso, title, shown)


def full_moment(at: datetime, zone: str) -> str:
    """Date and time with the zone, as plain text: `4 Mar 2026, 15:30:00 IST (UTC+5:30)`."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{format_datetime(local, 'd MMM y, HH:mm:ss', locale=current_locale())} {zone_label(at, zone)}"


def moment(at: datetime | None, zone: str, now: datetime | None = None) -> Markup | str:
    """A moment in a zone, with the zone's short name: `15:30 IST`, with the date unless it is the day of `now`."""
    if at is None:
        return "–"
    local = at.astimezone(ZoneInfo(zone))
    same_day = now is not None and now.astimezone(ZoneInfo(zone)).date() == local.date()
    pattern = "HH:mm" if same_day else "d MMM HH:mm" if now is not None and now.year == local.year else "d MMM y HH:mm"
    label = zone_label(at, zone).split(" (")[0]
    return _time_tag(at, f"{format_datetime(local, pattern, locale=current_locale())} {label}", full_moment(at, zone))


def clock_time(at: datetime | None, zone: str) -> Markup | str:
    """The time of day to the second, for lists of one day under a heading that names the zone."""
    if at is None:
        return "–"
    local = at.astimezone(ZoneInfo(zone))
    return _time_tag(at, str(babel_time(local.timetz(), "HH:mm:ss", locale=current_locale())), full_moment(at, zone))


def day(at: datetime | None, zone: str) -> Markup | str:
    """A date."""
    if at is None:
        return "–"
    return _time_tag(at, str(format_date(at.astimezone(ZoneInfo(zone)).date(), "d MMM y", locale=current_locale())), full_moment(at, zone))


def ago(at: datetime | None, now: datetime) -> str:
    """How long ago something was, in one unit: `3 min ago`."""
    if at is None:
        return gettext("never")
    seconds = (now - at).total_seconds()
    if seconds < 60:
        return gettext("just now")
    for size, text in ((86_400, gettext("%(n)s d ago")), (3600, gettext("%(n)s h ago")), (60, gettext("%(n)s min ago"))):
        if seconds >= size:
            return text % {"n": number(int(seconds // size))}
    return gettext("just now")


def duration(seconds: float | None) -> str:
    """`mm:ss`, or `h:mm:ss` from an hour on; a dash for None."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"


def phone(value: str | None) -> str:
    """A number in its international form, with its groups; as it stands if it cannot be read."""
    if not value:
        return "–"
    try:
        read = phonenumbers.parse(value.partition(";ext=")[0])
    except phonenumbers.NumberParseException:
        return value
    return str(phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


def masked(value: str | None) -> str:
    """A number of which the country code and the last three digits are shown: `+91 ••••• 543`."""
    if not value:
        return "–"
    plain = value.partition(";ext=")[0]
    try:
        code = f"+{phonenumbers.parse(plain).country_code} "
    except phonenumbers.NumberParseException:
        code = ""
    return f"{code}••••• {plain[-3:]}"
