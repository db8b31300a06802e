from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.conversation.rules.numbers import amount_in, digits, rating_in
from core.conversation.rules.text import plain
from core.conversation.rules.when import callback_time, find_past_date, find_when

NOW = datetime(2026, 3, 4, 10, 0)  # a Wednesday
KOLKATA = ZoneInfo("Asia/Kolkata")


def day(text: str, now: datetime = NOW) -> date | None:
    when = find_when(plain(text), now)
    return when.date(now) if when else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tomorrow", "2026-03-05"),
        ("I will pay tomorrow evening", "2026-03-05"),
        ("the day after tomorrow", "2026-03-06"),
        ("Friday", "2026-03-06"),
        ("next Friday", "2026-03-06"),
        ("on Wednesday", "2026-03-11"),
        ("on the 5th", "2026-03-05"),
        ("on the 3rd", "2026-04-03"),
        ("the fifth", "2026-03-05"),
        ("the twenty fifth", "2026-03-25"),
        ("on the 31st", "2026-03-31"),
        ("5th of April", "2026-04-05"),
        ("April 5", "2026-04-05"),
        ("on March 12", "2026-03-12"),
        ("March 1st", "2027-03-01"),
        ("5 tarikh", "2026-03-05"),
        ("the 10th of next month", "2026-04-10"),
        ("10/03", "2026-03-10"),
        ("2026-04-09", "2026-04-09"),
        ("end of the month", "2026-03-31"),
        ("end of next month", "2026-04-30"),
        ("beginning of next month", "2026-04-01"),
        ("by the end of the week", "2026-03-06"),
        ("in 3 days", "2026-03-07"),
        ("in two weeks", "2026-03-18"),
        ("in a month", "2026-04-04"),
        ("after ten days", "2026-03-14"),
        ("in two hours", "2026-03-04"),
        ("this evening", "2026-03-04"),
        ("today", "2026-03-04"),
        ("right now", "2026-03-04"),
        ("kal", "2026-03-05"),
        ("parso", "2026-03-06"),
        ("shukravar ko", "2026-03-06"),
        ("not tomorrow, Friday", "2026-03-06"),
        ("not until Friday", "2026-03-06"),
        ("I am not free on Friday, Monday is better", "2026-03-09"),
        ("next week", None),
        ("next month", None),
        ("soon", None),
        ("some day", None),
        ("two days ago", None),
        ("yes", None),
        ("I have 2 children", None),
        ("one moment", None),
        ("just a second", None),
        ("may I ask", None),
        ("I will pay 5000", None),
        ("not tomorrow", None),
    ],
)
def test_days(text: str, expected: str | None) -> None:
    assert day(text) == (date.fromisoformat(expected) if expected else None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tomorrow at 5", "2026-03-05 17:00"),
        ("tomorrow at 5 pm", "2026-03-05 17:00"),
        ("tomorrow at 5 p.m.", "2026-03-05 17:00"),
        ("tomorrow at 9", "2026-03-05 09:00"),
        ("tomorrow at 5 in the morning", "2026-03-05 05:00"),
        ("at 17:30 tomorrow", "2026-03-05 17:30"),
        ("tomorrow at half past five", "2026-03-05 17:30"),
        ("tomorrow at quarter to six", "2026-03-05 17:45"),
        ("Friday at five thirty", "2026-03-06 17:30"),
        ("Monday at noon", "2026-03-09 12:00"),
        ("tomorrow at twelve", "2026-03-05 12:00"),
        ("tonight at 9", "2026-03-04 21:00"),
        ("tomorrow", "2026-03-05 10:00"),
        ("tomorrow morning", "2026-03-05 10:00"),
        ("tomorrow afternoon", "2026-03-05 15:00"),
        ("this evening", "2026-03-04 18:00"),
        ("at 5", "2026-03-04 17:00"),
        ("at 9 am", "2026-03-05 09:00"),  # it is ten already
        ("in two hours", "2026-03-04 12:00"),
        ("in half an hour", "2026-03-04 10:30"),
        ("in 45 minutes", "2026-03-04 10:45"),
        ("in 2 days at 5", "2026-03-06 17:00"),
        ("kal shaam 5 baje", "2026-03-05 17:00"),
        ("kal subah", "2026-03-05 10:00"),
        ("do ghante baad", "2026-03-04 12:00"),
        ("5 o'clock", "2026-03-04 17:00"),
        ("later", None),
        ("later today", None),
        ("next week", None),
        ("some other time", None),
        ("in a few days", None),
        ("now", None),
    ],
)
def test_callbacks(text: str, expected: str | None) -> None:
    at = callback_time(find_when(plain(text), NOW), NOW, KOLKATA)
    assert at == (datetime.fromisoformat(expected).replace(tzinfo=KOLKATA) if expected else None)


def test_this_evening_said_in_the_evening_is_in_an_hour() -> None:
    now = datetime(2026, 3, 4, 19, 0)
    assert callback_time(find_when("this evening", now), now, KOLKATA) == datetime(2026, 3, 4, 20, 0, tzinfo=KOLKATA)


def test_hours_from_now_are_real_hours_when_the_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 3, 29, 1, 30)  # the hour from 2 to 3 does not exist
    at = callback_time(find_when("in two hours", now), now, berlin)
    assert at is not None
    assert at.astimezone(UTC) - now.replace(tzinfo=berlin).astimezone(UTC) == timedelta(hours=2)


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),
    st.sampled_from(
        [
            "tomorrow at 5",
            "at 5",
            "this evening",
            "on the 31st",
            "friday",
            "in two hours",
            "end of the month at 9",
            "tonight",
            "on the 30th",
        ]
    ),
    st.sampled_from(["Asia/Kolkata", "America/New_York", "Europe/Berlin", "Pacific/Apia", "UTC"]),
)
def test_a_callback_is_never_in_the_past(now: datetime, text: str, zone_name: str) -> None:
    zone = ZoneInfo(zone_name)
    at = callback_time(find_when(text, now), now, zone)
    assert at is None or (at.tzinfo is not None and at.replace(tzinfo=None) > now)
    assert at is None or at.replace(tzinfo=None) - now < timedelta(days=63)


@given(st.text())
def test_any_text_is_searched_safely(text: str) -> None:
    find_when(plain(text), NOW)
    find_past_date(plain(text), NOW)
    amount_in(plain(text))
    rating_in(plain(text), 0, 10)


@given(st.integers(1, 28), st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)))
def test_a_day_of_the_month_is_the_next_one(number: int, now: datetime) -> None:
    found = day(f"on the {number}th", now)
    assert found is not None
    assert found.day == number
    assert timedelta(0) <= found - now.date() <= timedelta(days=31)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I paid yesterday", "2026-03-03"),
        ("two days ago", "2026-03-02"),
        ("on Monday", "2026-03-02"),
        ("on the 5th", "2026-02-05"),
        ("on the 2nd", "2026-03-02"),
        ("this morning", "2026-03-04"),
        ("I paid", None),
    ],
)
def test_days_in_the_past(text: str, expected: str | None) -> None:
    assert find_past_date(plain(text), NOW) == (date.fromisoformat(expected) if expected else None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I'll pay 5000 on Friday", 5000),
        ("5,000 rupees", 5000),
        ("Rs. 2500", 2500),
        ("five thousand", 5000),
        ("15k", 15000),
        ("2 lakh", 200000),
        ("$49.50", 49.5),
        ("20 dollars", 20),
        ("£75", 75),
        ("1,50,000", 150000),
        ("on the 5th at 10", None),
        ("in 3 days", None),
        ("at 17:30", None),
        ("in 2026", None),
        ("on 10/03/2026", None),
    ],
)
def test_amounts(text: str, expected: float | None) -> None:
    assert amount_in(plain(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9", 9),
        ("I would say 8.", 8),
        ("a ten", 10),
        ("ten out of ten", 10),
        ("not a ten, a six", 6),
        ("zero", 0),
        ("8 or 9", 8),
        ("eleven", None),
        ("great", None),
        ("seven and a half", 7),
    ],
)
def test_ratings(text: str, expected: int | None) -> None:
    assert rating_in(plain(text), 0, 10) == expected


def test_number_words() -> None:
    assert digits("the twenty fifth at half past five") == "the 25th at half past 5"
    assert digits("no one called first of all") == "no a called begin of all"
    assert digits("do you have two") == "do you have 2"
    assert digits("do baje") == "2 baje"
