"""Days as people say them.

`dateparser` resolves days by name and dates with a month; the rest (the 5th, the end of the month, "not tomorrow") is decided here.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final

from core.conversation.rules.named_time import When
from core.conversation.rules.numbers import digits

__all__ = ["find_day", "find_past_date"]

_DAYS: Final = {
    "somvar": "monday", "mangalvar": "tuesday", "mangal": "tuesday", "budhvar": "wednesday", "guruvar": "thursday",
    "shukravar": "friday", "shanivar": "saturday", "ravivar": "sunday", "itvar": "sunday", "mon": "monday", "tue": "tuesday",
    "tues": "tuesday", "wed": "wednesday", "thu": "thursday", "thur": "thursday", "thurs": "thursday", "fri": "friday",
    "saturday": "saturday", "sunday": "sunday",
}  # fmt: skip
_WEEKDAY: Final = rf"(monday|tuesday|wednesday|thursday|friday|{'|'.join(_DAYS)})s?"
_MONTH: Final = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept|"
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
    r"sep|oct|nov|dec)"
)
_NEGATED: Final = re.compile(r"\b(?:not|never|nahi)\b(?! (?:until|till|before|after))((?: \w+){0,3}) $")
_NOT_NEGATING: Final = frozenset(["until", "till", "before", "after", "but", "call", "phone", "ring", "now", "here"])


# Days. Each maker gets the match, now and whether days come first; returns None if it is no day after all.
_Maker = Callable[[re.Match[str], datetime, bool], When | None]


def _day_words(match: re.Match[str], days: int, now: datetime) -> When:
    return When(match.group(0), day=now.date() + timedelta(days=days))


def _relative(match: re.Match[str], now: datetime, _: bool) -> When | None:
    lead, amount, unit, tail = match.group(1), match.group(2), match.group(3), match.group(4)
    words = match.group(0).strip()
    if tail and tail.strip() in {"ago", "back"}:
        return None
    if not lead and not tail and match.string.strip() != words:
        return None  # "it takes 2 days" names no time
    if amount in {"few", "a few", "some"}:
        return When(words, vague=True)
    half = amount in {"half an", "half a", "aadhe", "aadha"}
    count = 0.5 if half else float({"a": 1, "an": 1, "couple of": 2, "a couple of": 2}.get(amount) or float(amount))
    if unit in {"hour", "hr", "ghante", "ghanta"}:
        return When(words, moment=now + timedelta(hours=count))
    if unit in {"minute", "min"}:
        return When(words, moment=now + timedelta(minutes=count))
    if unit in {"month", "mahine"}:
        month = now.month - 1 + int(count)
        return When(words, day=_date(now.year + month // 12, month % 12 + 1, now.day, clip=True))
    days = count * (7 if unit in {"week", "hafte"} else 1)
    return When(words, day=now.date() + timedelta(days=int(days)))


def _weekday(match: re.Match[str], now: datetime, _: bool) -> When | None:
    name = match.group(1)
    return When(match.group(0), day=_parsed(_DAYS.get(name, name), now))


def _with_month(match: re.Match[str], now: datetime, _: bool) -> When | None:
    number, month = (match.group(1), match.group(2)) if match.group(1) else (match.group(5), match.group(4))
    year = match.group(3) or match.group(6) or ""
    day = _parsed(f"{number} {month} {year}".strip(), now)
    return When(match.group(0), day=day) if day else None


def _numeric(match: re.Match[str], now: datetime, day_first: bool) -> When | None:
    day = _parsed(match.group(0), now, order="DMY" if day_first else "MDY")
    return When(match.group(0), day=day) if day else None


def _iso(match: re.Match[str], _: datetime, __: bool) -> When | None:
    day = _date(int(match.group(1)), int(match.group(2)), int(match.group(3)))
    return When(match.group(0), day=day) if day else None


def _of_month(match: re.Match[str], now: datetime, _: bool) -> When | None:
    wanted = int(match.group(1) or match.group(3))
    year, month = now.year, now.month
    if match.group(2) == "next" or (match.group(2) is None and wanted < now.day):
        year, month = _next_month(year, month)
    for _attempt in range(12):
        if (day := _date(year, month, wanted)) is not None:
            return When(match.group(0), day=day)
        if match.group(2):
            return None
        year, month = _next_month(year, month)
    return None


def _month_end(match: re.Match[str], now: datetime, _: bool) -> When:
    year, month = now.year, now.month
    if "next" in match.group(0):
        year, month = _next_month(year, month)
    return When(match.group(0), day=date(year, month, calendar.monthrange(year, month)[1]))


def _month_begin(match: re.Match[str], now: datetime, _: bool) -> When:
    year, month = _next_month(now.year, now.month)
    return When(match.group(0), day=date(year, month, 1))


_DAY_RULES: Final[tuple[tuple[re.Pattern[str], _Maker], ...]] = tuple(
    (re.compile(rf"(?<![\w/])(?:{pattern})(?!\w)"), maker)
    for pattern, maker in (
        (r"(?:the )?day after (?:tomorrow|tmrw)", lambda m, now, _: _day_words(m, 2, now)),
        (r"(?:parso|parson)", lambda m, now, _: _day_words(m, 2, now)),
        (
            r"((?:in|after|within|about|around|give me|need) )*?(half an|half a|a couple of|couple of|a few|few|some|an|a|aadhe|"
            r"\d+(?:\.\d+)?) "
            r"(minute|min|hour|hr|day|week|month|ghante|ghanta|din|hafte|mahine)s?( time| from now| later| baad| mein| me| ago|"
            r" back| or so)?",
            _relative,
        ),
        (
            r"(?:the )?(?:month end|(?:end of|end) (?:the |this |next )?month|last day of (?:the|this|next) month|"
            r"mahine ke (?:end|aakhir))",
            _month_end,
        ),
        (r"(?:the )?(?:beginning|start) of (?:the )?(?:next )?month", _month_begin),
        (
            rf"(?:the )?(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})(?: (20\d\d))?|({_MONTH}) (?:the )?(\d{{1,2}})(?:st|nd|rd|"
            rf"th)?(?: (20\d\d))?(?!\d|:)",
            _with_month,
        ),
        (r"(20\d\d)-(\d\d)-(\d\d)", _iso),
        (r"\d{1,2}[/-]\d{1,2}(?:[/-](?:20)?\d\d)?", _numeric),
        (
            r"(?:the )?(\d{1,2})(?:st|nd|rd|th)(?: (?:of )?(?:the )?(this|next)(?: month)?)?|(?:on the |the )?(\d{1,2}) (?:tarikh|tareekh)",
            _of_month,
        ),
        (r"(?:tomorrow|tmrw|kal)", lambda m, now, _: _day_words(m, 1, now)),
        (
            r"(?:by |before |at )?(?:the )?(?:end of (?:the |this )?week|week ?end|end of the working week)",
            lambda m, now, _: When(m.group(0), day=_parsed("friday" if "end of" in m.group(0) else "saturday", now)),
        ),
        (rf"(?:next |this |coming |on |by )*{_WEEKDAY}(?: next week)?", _weekday),
        (
            r"(?:next|coming|following|agle|agla) (?:week|month|year|hafte|mahine|few (?:days|weeks))|(?:few )?more (?:days|"
            r"weeks|time)|some ?(?:day|time)|soon",
            lambda m, _n, _: When(m.group(0), vague=True),
        ),
        (
            r"(?:later )?(?:today|tonight|aaj|this (?:morning|afternoon|evening))",
            lambda m, now, _: When(m.group(0), day=now.date()),
        ),
        (
            r"(?:right now|right away|straight away|immediately|at once|now itself|abhi)",
            lambda m, now, _: When(m.group(0), day=now.date(), immediate=True),
        ),
    )
)


def find_day(text: str, now: datetime, day_first: bool) -> When | None:
    """The first day, time from now or vague period in a text (words and digits only) that is not negated, else None."""
    named = [
        (match.start(), match.end(), order, when)
        for order, (pattern, make) in enumerate(_DAY_RULES)
        for match in pattern.finditer(text)
        if (when := make(match, now, day_first)) is not None
    ]
    found = []
    for start, _, order, when in named:
        after = max((end for _, end, _, _ in named if end <= start), default=0)  # "not tomorrow, Friday": the "not" is used up
        if not _is_negated(text[after:start]):
            found.append((start, order, when))
    exact = [entry for entry in found if not entry[2].vague and not entry[2].immediate]
    return min(exact or found, key=lambda entry: (entry[0], entry[1]))[2] if found else None


def _is_negated(before: str) -> bool:
    match = _NEGATED.search(f"{before.rstrip()} ")
    if match is None:
        return False
    between = match.group(1).split()
    if between[:1] and between[0] in {"call", "phone", "ring", "contact"}:  # "do not call me tomorrow"
        between = between[1:]
    return _NOT_NEGATING.isdisjoint(between)


def find_past_date(said: str, now: datetime) -> date | None:
    """The day in the past that a plain text names ("yesterday", "two days ago", "on Monday", "on the 5th"), else None."""
    text = digits(said)
    if re.search(r"\b(?:today|this (?:morning|afternoon|evening)|just now|just paid|aaj)\b", text):
        return now.date()
    if re.search(r"\bday before yesterday\b", text):
        return now.date() - timedelta(days=2)
    if re.search(r"\b(?:yesterday|last night|kal)\b", text):
        return now.date() - timedelta(days=1)
    if match := re.search(r"\b(\d+|a|couple of|few) (day|week)s? (?:ago|back|before)\b", text):
        count = {"a": 1, "couple of": 2, "few": 0}.get(match.group(1)) if not match.group(1).isdigit() else int(match.group(1))
        return now.date() - timedelta(days=(count or 0) * (7 if match.group(2) == "week" else 1)) if count else None
    if match := re.search(rf"\b(?:on |last )+{_WEEKDAY}\b", text):
        return _parsed(_DAYS.get(match.group(1), match.group(1)), now, prefer="past")
    if match := re.search(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})\b|\b({_MONTH}) (\d{{1,2}})(?:st|nd|rd|th)?\b", text):
        number, month = (match.group(1), match.group(2)) if match.group(1) else (match.group(4), match.group(3))
        return _parsed(f"{number} {month}", now, prefer="past")
    if match := re.search(r"\b(?:on )?the (\d{1,2})(?:st|nd|rd|th)\b", text):
        wanted = int(match.group(1))
        year, month = now.year, now.month
        if wanted > now.day:
            year, month = (year, month - 1) if month > 1 else (year - 1, 12)
        return _date(year, month, wanted)
    return None


def _parsed(words: str, now: datetime, prefer: str = "future", order: str = "DMY") -> date | None:
    import dateparser  # noqa: PLC0415 - slow to import, and not every call needs it

    found = dateparser.parse(
        words,
        languages=["en"],
        settings={"RELATIVE_BASE": now, "PREFER_DATES_FROM": prefer, "DATE_ORDER": order, "PREFER_DAY_OF_MONTH": "first"},
    )
    return found.date() if found else None


def _next_month(year: int, month: int) -> tuple[int, int]:
    return (year, month + 1) if month < 12 else (year + 1, 1)


def _date(year: int, month: int, day: int, *, clip: bool = False) -> date | None:
    if not 1 <= month <= 12 or day < 1:
        return None
    last = calendar.monthrange(year, month)[1]
    if day > last:
        return date(year, month, last) if clip else None
    return date(year, month, day)
