"""Hours and parts of the day as people say them."""

from __future__ import annotations

import re
from datetime import time
from typing import Final

__all__ = ["PARTS", "find_hour"]

PARTS: Final = {
    "morning": time(10), "subah": time(10), "noon": time(12), "midday": time(12), "lunch": time(13), "lunchtime": time(13),
    "afternoon": time(15), "dopahar": time(14), "evening": time(18), "shaam": time(18), "sham": time(18), "night": time(20),
    "tonight": time(20), "raat": time(20),
}  # fmt: skip
_MORNING: Final = {"morning", "subah"}
_UNIT_AFTER: Final = (
    r"(?! ?(?:%|percent|rupees|rs|dollars|pounds|euros|thousand|hundred|lakh|k\b|days|day|weeks|week|months|minutes|hours|hour|"
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r""
    r"st\b|nd\b|rd\b|th\b|/|of|out))"
)
_HOURS: Final = (
    re.compile(r"\b(\d{1,2})(?:[:. ]([0-5]\d))? ?(am|pm)\b"),
    re.compile(r"\b(half past|quarter past|quarter to|sadhe|sava|paune) (\d{1,2})\b"),
    re.compile(r"(?<![\d/:])(\d{1,2}):([0-5]\d)(?!\d)"),
    re.compile(r"\b(\d{1,2})(?: ([0-5]\d))? ?(?:oclock|baje)\b"),
    re.compile(rf"\b(?:at|by|around|about|after|before|past) (\d{{1,2}})(?:[ .]([0-5]\d))?(?![\d/:,.-]\d|\d){_UNIT_AFTER}"),
    re.compile(rf"\b(?:tomorrow|today|tonight|day|kal|aaj) (\d{{1,2}})(?: ([0-5]\d))?(?![\d/:,.-]\d|\d){_UNIT_AFTER}"),
)
_PART: Final = re.compile(rf"\b({'|'.join(PARTS)})\b")
_GREETING: Final = re.compile(r"\bgood (?:morning|afternoon|evening|night)\b")


def find_hour(text: str) -> tuple[time | None, str | None, str]:
    """The hour and the part of the day that a text (words and digits only) names, each None if absent; and the words used."""
    text = _GREETING.sub("", text)
    part_match = _PART.search(text)
    part = part_match.group(1) if part_match else None
    for number, pattern in enumerate(_HOURS):
        for match in pattern.finditer(text):
            hour = _hour(number, match, part)
            if hour is not None:
                return hour, part, match.group(0) + (f" {part}" if part and part not in match.group(0) else "")
    return None, part, part or ""


def _hour(number: int, match: re.Match[str], part: str | None) -> time | None:
    if number == 1:
        hour = int(match.group(2))
        before = match.group(1) in {"quarter to", "paune"}
        minute = {"half past": 30, "sadhe": 30, "quarter past": 15, "sava": 15}.get(match.group(1), 45)
        hour -= 1 if before else 0
        half = None
    else:
        hour, minute = int(match.group(1)), int(match.group(2) or 0)
        half = match.group(3) if number == 0 else None
    if not 0 <= hour <= 23 or (half and not 1 <= hour <= 12):
        return None
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    elif hour < 12 and (part in {"night", "tonight", "raat"} or (part not in _MORNING and (1 <= hour <= 7 or (part and hour)))):
        hour += 12
    return time(hour, minute)
