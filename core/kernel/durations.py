"""Durations as people write them: `45s`, `30m`, `2h`, `1d`, `1h30m`, or a number of minutes."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

__all__ = ["Duration", "LongDuration", "format_duration", "parse_duration"]

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PARTS = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([dhms])")
_YEAR = timedelta(days=366)


def parse_duration(value: object, *, longest: timedelta = _YEAR) -> timedelta:
    """Parse a duration: text with units, or a number of minutes.

    Raises:
        ValueError: it is neither, is negative, or is longer than `longest` (a year; its message counts in years).
    """
    if isinstance(value, timedelta):
        length = value
    elif isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("a length of time is written 45s, 30m, 2h or 1d, or as a number of minutes")
    else:
        length = timedelta(seconds=_seconds(value))
    if not timedelta(0) <= length <= longest:
        years = longest // _YEAR
        raise ValueError(f"a length of time here is between 0 and {years} {'year' if years == 1 else 'years'}")
    return length


def _seconds(value: float | str) -> float:
    text = str(value).strip().lower()
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        return min(float(text) * 60, 1e12)
    parts = _PARTS.findall(text)
    if not parts or _PARTS.sub("", text).strip():
        raise ValueError("a length of time is written 45s, 30m, 2h or 1d, or as a number of minutes")
    return min(sum(float(number) * _UNITS[unit] for number, unit in parts), 1e12)


def format_duration(length: timedelta) -> str:
    """The duration in the fewest units: `30m`, `1h30m`; seconds to the millisecond."""
    seconds = round(length.total_seconds(), 3)
    text = ""
    for unit, size in _UNITS.items():
        count = seconds if unit == "s" else seconds // size
        seconds -= count * size
        if count:
            text += f"{count:.3f}".rstrip("0").rstrip(".") + unit
    return text or "0s"


def _serialize(value: Any) -> str:
    return format_duration(value)


_AS_TEXT = PlainSerializer(_serialize, return_type=str)
_SCHEMA = WithJsonSchema({"type": "string", "examples": ["30m", "2h", "1d", "45s"]})

Duration = Annotated[timedelta, BeforeValidator(parse_duration), _AS_TEXT, _SCHEMA]
"""A field that holds a duration of up to a year; serialized as text."""

LongDuration = Annotated[timedelta, BeforeValidator(partial(parse_duration, longest=10 * _YEAR)), _AS_TEXT, _SCHEMA]
"""The same, up to ten years."""
