"""Numbers, dates and times in a text, in digits or in words, in the languages that callees are spoken to in. Pure."""

from __future__ import annotations

import functools
import re
from datetime import date
from typing import Final

from babel.dates import get_month_names

from core.conversation.number_words import MAGNITUDES, SMALL, split_compound
from core.conversation.phrases.normal import SENTENCE_END, TRANSLITERATED, tokens

__all__ = ["Day", "days_in", "numbers_in", "runs_of_digits", "times_in"]

Day = tuple[int, int]
"""Month and day."""
_LANGUAGES: Final = ("en", "es", "fr", "de", "hi")
_ISO: Final = re.compile(r"\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\b")
_PARTS: Final = re.compile(r"\b(\d{1,2})[-/.](\d{1,2})(?:[-/.](?:\d{4}|\d{2}))?\b")
_NUMBER: Final = re.compile(r"\d[\d.,'\u00a0\u202f ]*\d|\d")
_CLOCK: Final = re.compile(r"\b([01]?\d|2[0-3])[:.h]([0-5]\d)\s*(am|pm|a\.m|p\.m)?", re.IGNORECASE)
_HOUR: Final = re.compile(r"\b(1[0-2]|0?[1-9])\s*(am|pm|a\.m|p\.m)\b", re.IGNORECASE)
_JOINERS: Final = frozenset({"and", "y", "et", "und", "aur"})


def _words(text: str) -> list[str]:
    plain = [word.removeprefix(TRANSLITERATED) for word in tokens(text, apostrophes="split")]
    found: list[str] = []
    for word in plain:
        found += split_compound(word)
    return found


def numbers_in(text: str) -> set[float]:
    """Every number in the text: 1,500.00, 1.500,00 and "fifteen hundred" are 1500."""
    found: set[float] = set()
    for match in _NUMBER.finditer(text):
        found |= _readings(match[0])
    return found | _spelled(_words(text))


def _readings(written: str) -> set[float]:
    """The numbers that digits with separators can mean: 1.500 is 1500, and one and a half."""
    plain = re.sub(r"[ '\u00a0\u202f]", "", written).strip(".,")
    found: set[float] = set()
    last = max(plain.rfind("."), plain.rfind(","))
    whole = re.sub(r"[.,]", "", plain)
    if whole:
        if last < 0 or len(plain) - last - 1 == 3:
            found.add(float(whole))
        if (last >= 0 and len(plain) - last - 1 != 3) or (last >= 0 and plain.count(plain[last]) == 1):
            found.add(float(f"{re.sub('[.,]', '', plain[:last]) or '0'}.{plain[last + 1 :]}"))
    for part in re.split(r"[ \u00a0\u202f]+", written):
        if part != written and (digits := re.sub(r"\D", "", part)):
            found.add(float(digits))
    return found


def _spelled(words: list[str]) -> set[float]:
    """The numbers that the words spell, each run of number words as one number."""
    found: set[float] = set()
    total, group, active, hundreds = 0, 0, False, False

    def close() -> None:
        nonlocal total, group, active, hundreds
        if active:
            found.add(float(total + group))
        total, group, active, hundreds = 0, 0, False, False

    for word in words:
        if word in MAGNITUDES:
            size = MAGNITUDES[word]
            if size == 100:
                group = (group or 1) * 100
            else:
                total, group = total + (group or 1) * size, 0
            active = True
        elif word in SMALL:
            value = SMALL[word]
            if active and group % 100 and value >= 10 and group < 100:  # nineteen eighty, fifteen fifty: pairs of digits
                group = group * 100 + value
            elif active and group % 10 and value < 100:
                close()
                group, active = value, True
            else:
                group, active = group + value, True
        elif word.isdigit() and len(word) <= 3:
            if active and group % 100:
                close()
            group, active = group + int(word), True
        elif not (active and word in _JOINERS):
            close()
    close()
    return found


def runs_of_digits(text: str) -> set[str]:
    """Digits said in a row, whatever stands between them: 4471, "4 4 7 1", "four four seven one", "44-71"."""
    found: set[str] = set()
    run = ""
    for word in [*_words(text), SENTENCE_END]:
        if word.isdigit():
            run += word
        elif word in SMALL and SMALL[word] < 100:
            run += str(SMALL[word])
        elif re.fullmatch(r"[a-z]*\d+[a-z]*", word):
            run += re.sub(r"\D", "", word)
        else:
            found.add(run)
            run = ""
    for match in re.finditer(r"\d+(?:[-./ ]?\d+)*", text):
        found.add(re.sub(r"\D", "", match[0]))
    found |= {str(int(number)) for number in numbers_in(text) if number >= 1000 and number == int(number)}
    return {one for one in found if one}


def days_in(text: str) -> set[Day]:
    """The days of the year in the text: ISO, 5/3 in either order, "the fifth of March", "3 de marzo"."""
    found: set[Day] = set()
    rest = text
    for match in _ISO.finditer(text):
        found |= _day(int(match[2]), int(match[3]))
        rest = rest.replace(match[0], " ")
    for match in _PARTS.finditer(rest):
        first, second = int(match[1]), int(match[2])
        found |= _day(first, second) | _day(second, first)
    words = _words(rest)
    months = _months()
    for at, word in enumerate(words):
        if word not in months:
            continue
        near = words[max(at - 4, 0) : at] + words[at + 1 : at + 4]
        for number in _spelled_days(near):
            found |= _day(months[word], number)
    return found


def _day(month: int, day: int) -> set[Day]:
    try:
        date(2024, month, day)
    except ValueError:
        return set()
    return {(month, day)}


def _spelled_days(words: list[str]) -> set[int]:
    plain = [re.sub(r"(?<=\d)(st|nd|rd|th|er|o|a|e)$", "", word) for word in words]
    numbers = {int(word) for word in plain if word.isdigit()} | {int(number) for number in _spelled(plain)}
    return {number for number in numbers if 1 <= number <= 31}


@functools.cache
def _months() -> dict[str, int]:
    """The names of the months, as words are compared; short forms of four letters and more, and of English."""
    found: dict[str, int] = {}
    for language in _LANGUAGES:
        for width in ("wide", "abbreviated"):
            for number, name in get_month_names(width, locale=language).items():
                for word in tokens(str(name)):
                    plain = word.removeprefix(TRANSLITERATED)
                    if len(plain) >= 4 or (language == "en" and plain != "mar") or width == "wide":
                        found.setdefault(plain, int(number))
    return found | {"sept": 9}


def times_in(text: str) -> set[tuple[int, int]]:
    """The times of day in the text, 15:00 and 3 pm alike."""
    found: set[tuple[int, int]] = set()
    for match in _CLOCK.finditer(text):
        found.add((_hour(int(match[1]), match[3]), int(match[2])))
    for match in _HOUR.finditer(text):
        found.add((_hour(int(match[1]), match[2]), 0))
    return found


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    return hour % 12 + (12 if half.lower().startswith("p") else 0)
