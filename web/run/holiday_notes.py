"""What `dialler check` says of public holidays that differ between the parts of a country. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.bots.config import BotConfig
from core.kernel.hours import HoursConfig, differing_days, holiday_parts
from core.kernel.numbers import Place
from core.kernel.words import counted
from dialler.campaigns.config import CampaignConfig

__all__ = ["holiday_notes"]

_SHOWN = 8
_AHEAD = timedelta(days=366)
_MOST_PARTS = 6


def holiday_notes(campaign: CampaignConfig, bot: BotConfig, places: Counter[Place], now: datetime) -> list[str]:
    """Which parts are meant, where a country is named whose parts have different holidays; and what differs.

    Args:
        campaign: its calling window is looked at.
        bot: its active hours are.
        places: where the leads' numbers were issued, with how many of them.
        now: the current time: days before it do not matter.
    """
    window = campaign.calling_window
    notes = _of("campaign.yaml: calling_window.holidays", window, places, now, window.time_zone) if window else []
    return [*notes, *_of("bot.yaml: active_hours.holidays", bot.active_hours, places, now, bot.time_zone)]


def _of(key: str, hours: HoursConfig, places: Counter[Place], now: datetime, time_zone: str) -> list[str]:
    today = now.astimezone(ZoneInfo(time_zone)).date()
    countries = [name for name in hours.holidays if holiday_parts(name)]
    return [note for country in countries if (note := _note(key, country, places, today))]


def _note(key: str, country: str, places: Counter[Place], today: date) -> str | None:
    differ = [
        f"{day:%a %d %b %Y} {called} ({_named(parts, country)})"
        for year in (today.year, today.year + 1)
        for day, (called, parts) in differing_days(country, year).items()
        if today <= day < today + _AHEAD
    ]
    if not differ:
        return None
    told = sum(count for place, count in places.items() if place.country == country and place.parts)
    untold = sum(count for place, count in places.items() if place.country == country and not place.parts)
    shown = "; ".join(differ[:_SHOWN]) + (f"; and {len(differ) - _SHOWN} more" if len(differ) > _SHOWN else "")
    example = f"{country}-{holiday_parts(country)[0]}"
    return (
        f"{key} names {country}, whose parts have different holidays. Where a number tells its part ({counted(told, 'lead', 'leads')}), "
        f"the holidays of that part count; where it does not ({counted(untold, 'lead', 'leads')}), those of every part. Which do you mean? "
        f"Write one part, such as {example}, a list of them, or {country}-* for every part. What differs: {shown}"
    )


def _named(parts: Iterable[str], country: str) -> str:
    """The parts, or how many others there are if there are too many."""
    having, everyone = list(parts), holiday_parts(country)
    if len(having) > _MOST_PARTS and len(everyone) - len(having) <= _MOST_PARTS:
        return f"not {', '.join(part for part in everyone if part not in having)}"
    return ", ".join(having) if len(having) <= _MOST_PARTS else f"{', '.join(having[:_MOST_PARTS])} and {len(having) - _MOST_PARTS} more"
