"""Dates and times as people say them, resolved against now on the callee's clock.

A bare hour from 1 to 7 is in the afternoon, and "next Friday" is the coming one: the bot repeats the date it understood, so the callee can
correct it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from core.conversation.rules.days import find_day, find_past_date
from core.conversation.rules.hours import PARTS, find_hour
from core.conversation.rules.named_time import When
from core.conversation.rules.numbers import digits

__all__ = ["When", "callback_time", "find_past_date", "find_when"]

DAY_BEGINS: Final = time(10, 0)
"""Hour at which to call on a day named without an hour."""


def find_when(said: str, now: datetime, *, day_first: bool = True) -> When | None:
    """The first time in a plain text that is not negated, else None.

    Args:
        said: text in plain form.
        now: the bot's local time, without zone.
        day_first: whether 5/3 is the fifth of March.
    """
    text = re.sub(r"(?<!\d)[,.!?;]+|[,.!?;]+(?!\d)", " ", digits(said))
    text = " ".join(text.split())
    day = find_day(text, now, day_first)
    if day is not None and day.moment is not None:
        return day
    hour, part, hour_words = find_hour(text)
    if day is None:
        if hour is None and part is None:
            return None
        return When(hour_words, hour=hour, part=part)
    if day.immediate and hour is not None:
        day = replace(day, immediate=False)
    words = day.words if not hour_words or hour_words in day.words else f"{day.words} {hour_words}"
    return replace(day, hour=hour, part=part, words=words)


def callback_time(when: When | None, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the callee wants to be called, aware; None if they named no usable time.

    A day without an hour is called at 10 in the morning; an hour that has passed today is tomorrow's.

    Args:
        when: the time they named.
        now: the bot's local time, without zone.
        zone: its time zone.
    """
    if when is None or when.vague or when.immediate:
        return None
    if when.moment is not None:
        passed = when.moment - now
        return (now.replace(tzinfo=zone).astimezone(ZoneInfo("UTC")) + passed).astimezone(zone)
    hour = when.hour or (PARTS[when.part] if when.part else None)
    if hour is None:
        if when.day is None or when.day <= now.date():
            return None
        hour = DAY_BEGINS
    at = datetime.combine(when.day or now.date(), hour)
    if at <= now:
        if when.hour is None and now.hour < 20 and now - at < timedelta(hours=3):
            at = now + timedelta(hours=1)  # "this evening", said in the evening
        elif when.hour is None and when.day == now.date():
            return None
        elif when.day is None or when.day == now.date():
            at += timedelta(days=1)
        else:
            return None
    return at.replace(tzinfo=zone)
