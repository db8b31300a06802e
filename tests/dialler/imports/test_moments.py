"""Dates and times as files have them."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from dialler.imports.moments import NotAMoment, parse_moment
from dialler.policy.times import LocalMoment

DAY = date(2026, 3, 4)
TWO = LocalMoment(DAY, time(14, 0))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-04", LocalMoment(DAY)),
        ("2026-03-04 14:00", TWO),
        (" 2026/03/04  14:00:00 ", TWO),
        ("2026-03-04T14:00:00Z", LocalMoment(DAY, time(14), timedelta(0))),
        ("2026-03-04 14:00 +05:30", LocalMoment(DAY, time(14), timedelta(hours=5, minutes=30))),
        ("4.3.2026", LocalMoment(DAY)),
        ("04.03.2026 14:00 Uhr", TWO),
        ("4. März 2026 um 14 Uhr", TWO),
        ("4 March 2026 at 2pm", TWO),
        ("Wednesday, March 4, 2026 2:00 PM", TWO),
        ("4 mars 2026 14h00", TWO),
        ("4 de marzo de 2026", LocalMoment(DAY)),
        ("13/3/2026", LocalMoment(date(2026, 3, 13))),
        ("3/13/26 12:05 am", LocalMoment(date(2026, 3, 13), time(0, 5))),
    ],
)
def test_what_is_written_in_full_is_read(text: str, moment: LocalMoment) -> None:
    assert parse_moment(text) == moment


def test_the_order_of_day_and_month_is_not_guessed() -> None:
    assert parse_moment("3/4/2026", day_first=False).day == DAY
    assert parse_moment("4/3/2026", day_first=True).day == DAY
    with pytest.raises(NotAMoment, match="date_order"):
        parse_moment("3/4/2026")
    with pytest.raises(NotAMoment, match="date_order"):
        parse_moment("13/4/2026", day_first=False)


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "Tuesday 10:00", "14:00", "March 4", "2026-02-30", "2026-03-04 25:00", "2026-03-04 14", "4 Foo 2026", "+12025550109"],
)
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(NotAMoment, match=r"\. .*[Ww]rite|date_order"):
        parse_moment(text)
