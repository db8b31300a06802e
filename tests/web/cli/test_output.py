"""Tables on terminals of every width: no number and no id is ever cut."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from web.cli.output import table

HEADINGS = ("Attempt", "Phone", "Disposition", "Tries", "Share", "")
ROWS = [
    ("27bc73d2-ba0e-59fd-971e-0b5dea372c4b", "+441414960971", "PROMISE_TO_PAY", 1_234_567, "12.5%", "Promised to pay on 2026-03-07."),
    ("e1b4c2d0-0000-4000-8000-00000000ffff", "+12025550143", "BUSY", 3, "100.0%", None),
]


def printed(width: int) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width).print(table(HEADINGS, ROWS))
    return [line.rstrip() for line in out.getvalue().splitlines()]


@pytest.mark.parametrize("width", [40, 60, 79, 80, 95, 105, 120, 200])
def test_no_word_is_cut(width: int) -> None:
    lines = printed(width)
    assert max(map(len, lines)) <= width
    words = " ".join(lines).split()
    for row in ROWS:
        for cell in row:
            for word in str(cell or "").split():
                assert word in words, f"{word} is cut at {width} columns"


def test_with_room_enough_each_row_is_one_line() -> None:
    assert printed(200) == [
        "Attempt                               Phone          Disposition       Tries   Share",
        "27bc73d2-ba0e-59fd-971e-0b5dea372c4b  +441414960971  PROMISE_TO_PAY  1234567   12.5%  Promised to pay on 2026-03-07.",
        "e1b4c2d0-0000-4000-8000-00000000ffff  +12025550143   BUSY                  3  100.0%",
    ]


def test_with_a_little_less_room_sentences_are_wrapped() -> None:
    assert printed(105)[1:3] == [
        "27bc73d2-ba0e-59fd-971e-0b5dea372c4b  +441414960971  PROMISE_TO_PAY  1234567   12.5%  Promised to pay",
        " " * 86 + "on 2026-03-07.",
    ]


def test_with_far_too_little_room_rows_stand_as_fields() -> None:
    assert printed(45)[:7] == [
        "Attempt: 27bc73d2-ba0e-59fd-971e-0b5dea372c4b",
        "Phone: +441414960971",
        "Disposition: PROMISE_TO_PAY",
        "Tries: 1234567",
        "Share: 12.5%",
        "Promised to pay on 2026-03-07.",
        "",
    ]


def test_a_table_without_rows_has_its_headings() -> None:
    out = io.StringIO()
    Console(file=out, width=80).print(table(("File", "Size"), []))
    assert out.getvalue().split() == ["File", "Size"]
