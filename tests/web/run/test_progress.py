"""What a run says of itself while it runs: on terminals of every width, as lines where there is none, and how long it still takes."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from dialler.leads.progress import DispositionCount
from tests.conftest import START
from tests.web.run.folders import CATALOGUE, make_folder, run
from web.run.progress import RunProgress
from web.run.reporters import JsonReporter, LiveReporter, Reporter
from web.run.time_left import TimeLeft

AT_FIRST = RunProgress(START, "running", 10, 0, 10, 0, 0, 0, 0, 0, 0, 50, None, None, None, limit=20)
LARGE = RunProgress(
    START, "running", 1_234_567, 1_034_567, 190_000, 9_999, 3_234_567, 1_500_123, 4_321, 5_678, 9_999, 10_000, None, None, 5025.0,
    limit=10_000, people=1_200_023, machines=290_100, silent=10_000, time_zone="America/Argentina/ComodRivadavia",
    troubles=("pushes to crm.example.com:8443 fail: it answered with status 503",),
    dispositions=(DispositionCount("RIGHT_PARTY_NOT_AVAILABLE", 123_456, 1_876_543), DispositionCount("BUSY", 7, 0)),
)  # fmt: skip


def drawn(progress: RunProgress, width: int, height: int = 40) -> list[str]:
    """The rows of the display on a terminal of this size."""
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    console.print(LiveReporter(console).picture(progress))
    file = console.file
    assert isinstance(file, io.StringIO)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def values(progress: RunProgress, width: int = 80) -> dict[str, str]:
    """The rows with a name, and what stands behind it."""
    rows = (re.split(r"\s{2,}", line, maxsplit=1) for line in drawn(progress, width))
    return {row[0]: row[1] for row in rows if len(row) == 2}


def test_the_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    now, out = 100.0, io.StringIO()
    monkeypatch.setattr("web.run.reporters.time.monotonic", lambda: now)
    reporter = LiveReporter(Console(file=out, width=300))
    reporter.start()
    reporter.show(AT_FIRST)
    assert out.getvalue() == "", "nothing has happened yet"
    closed = replace(
        AT_FIRST, done=9, dialled=12, hold="outside the campaign's calling window", hold_until=START + timedelta(hours=20),
        time_zone="Asia/Kolkata",
    )  # fmt: skip
    for seconds, progress in (
        (6, replace(AT_FIRST, done=3, dialled=5, answered=3, people=1, machines=2, seconds_left=70.0)),
        (1, replace(AT_FIRST, done=4)),
        (6, closed),
        (6, closed),
        (6, replace(AT_FIRST, state="paused", reason="paused by an operator", in_flight=1)),
    ):
        now += seconds
        reporter.show(progress)
    reporter.end()
    assert out.getvalue().splitlines() == [
        "3 of 10 leads done, 5 dialled, 3 answered (1 person, 2 machines, 0 silent), 0 ringing, 0 talking, 0 of 20 calls, "
        "0 of 50 seats, about 1 min 10 s left.",
        "9 of 10 leads done, 12 dialled, 0 answered (0 people, 0 machines, 0 silent), 0 ringing, 0 talking, 0 of 20 calls, "
        "0 of 50 seats. Waiting until Thu 05 Mar 11:30: outside the campaign's calling window (Asia/Kolkata).",
        "0 of 10 leads done, 0 dialled, 0 answered (0 people, 0 machines, 0 silent), 0 ringing, 0 talking, 1 of 20 calls, "
        "0 of 50 seats. Paused by an operator; 1 call is still in progress.",
    ]


def test_what_looks_like_markup_is_said_as_it_stands() -> None:
    out = io.StringIO()
    LiveReporter(Console(file=out, width=200)).say("Note: the column [red] of leads.csv")
    assert out.getvalue() == "Note: the column [red] of leads.csv\n"


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        (AT_FIRST, "Dialling"),
        (replace(AT_FIRST, waiting=0, in_flight=2), "Finishing the last calls"),
        (replace(AT_FIRST, state="paused", reason="paused by an operator"), "Paused by an operator."),
        (replace(AT_FIRST, state="paused", reason=None), "Paused."),
        (
            replace(AT_FIRST, state="stopping", reason="stopped by an operator", in_flight=2),
            "Stopping: stopped by an operator; 2 calls are still in progress.",
        ),
        (replace(AT_FIRST, state="failed", reason="The bot never opens."), "Ended early: The bot never opens."),
        (
            replace(AT_FIRST, hold="no lead is due before", hold_until=START + timedelta(minutes=7)),
            "Waiting until 10:07:00: no lead is due before.",
        ),
    ],
)
def test_the_status_says_why_it_does_not_dial(progress: RunProgress, said: str) -> None:
    assert values(progress)["Status"] == said


def test_the_rows_of_the_display() -> None:
    rows = values(replace(LARGE, time_zone="Asia/Kolkata"))
    assert rows["Leads"] == "1,034,567 of 1,234,567 done"
    assert rows["Calls"] == "9,999 of 10,000 (campaign limit): 4,321 ringing, 5,678 talking"
    assert rows["Seats"] == "9,999 of 10,000 in use"
    assert rows["Dialled"] == "3,234,567 calls, 1,500,123 answered: 1,200,023 people, 290,100"
    assert rows["Clock"] == "Wed 04 Mar 2026 15:30:00 Asia/Kolkata"
    assert rows["Left"] == "about 1 h 23 min"
    assert rows["RIGHT_PARTY_NOT_AVAILABLE"].split() == ["123,456", "1,876,543"]
    assert "Left" not in values(AT_FIRST), "nothing can be said yet"


@pytest.mark.parametrize("width", [30, 40, 60, 80, 110, 200])
def test_no_row_is_wider_than_the_terminal_and_no_number_is_cut(width: int) -> None:
    lines = drawn(LARGE, width)
    assert max(map(len, lines)) <= width
    words = " ".join(lines).split()
    for number in ("3,234,567", "1,500,123", "1,200,023", "290,100", "10,000", "123,456", "1,876,543", "9,999"):
        assert number in words, f"{number} is cut at {width} columns"
    assert "\u2026" not in "".join(lines)


def test_a_low_terminal_keeps_the_most_frequent_dispositions() -> None:
    many = replace(AT_FIRST, dispositions=tuple(DispositionCount(f"WORD_{n}", 20 - n, 1) for n in range(12)))
    low = drawn(many, 80, height=19)
    assert len(low) <= 18
    assert [line.split() for line in low[-5:]] == [
        ["WORD_0", "20", "1"],
        ["WORD_1", "19", "1"],
        ["WORD_2", "18", "1"],
        ["WORD_3", "17", "1"],
        ["(8", "others)", str(sum(20 - n for n in range(4, 12))), "8"],
    ]
    assert not any("WORD" in line for line in drawn(many, 80, height=10))


class Watching(Reporter):
    """Keeps what it is shown."""

    def __init__(self) -> None:
        self.seen: list[RunProgress] = []

    def show(self, progress: RunProgress) -> None:
        self.seen.append(progress)


def test_what_is_looked_up(tmp_path: Path) -> None:
    watching = Watching()
    window = {"time_zone": "Asia/Kolkata", "start": "00:00", "end": "24:00"}
    campaign = {"max_attempts": 1, "concurrency_limit": 7, "calling_window": window}
    folder = make_folder(tmp_path / "spring", CATALOGUE, campaign=campaign)
    summary = run(folder, tmp_path / "out", reporter=watching)
    last = watching.seen[-1]
    assert (last.state, last.leads, last.done, last.limit, last.seats, last.time_zone) == ("completed", 30, 30, 7, 50, "Asia/Kolkata")
    assert (last.people + last.machines + last.silent, last.answered) == (summary.answered, summary.answered)
    assert last.machines == sum(one["leads"] for one in summary.outcomes if one["disposition"] == "VOICEMAIL") > 0
    assert last.silent == sum(one["leads"] for one in summary.outcomes if one["disposition"] == "RNR") > 0
    came = Counter[str]()
    for one in summary.outcomes:
        came[one["disposition"]] += one["leads"]
    assert {one.disposition: one.done for one in last.dispositions} == came
    assert not any(one.waiting for one in last.dispositions)


def test_json_lines_have_it_all(capsys: pytest.CaptureFixture[str]) -> None:
    JsonReporter().show(LARGE)
    document = json.loads(capsys.readouterr().out)
    assert document["dispositions"][1] == {"disposition": "BUSY", "done": 7, "waiting": 0}
    assert (document["at"], document["people"], document["limit"]) == ("2026-03-04T10:00:00Z", 1_200_023, 10_000)


def test_the_time_left_counts_down() -> None:
    left = TimeLeft(done_before=100)
    assert [left.look(second, 1100, 100 + 10 * second, dials=True) for second in (0, 1, 4)] == [None, None, None], "too early to say"
    assert left.look(10, 1100, 200, dials=True) == 90
    assert left.look(20, 1100, 300, dials=True) == 80


def test_the_time_left_never_grows_and_is_not_said_when_it_would_have_to() -> None:
    left = TimeLeft(done_before=0)
    left.look(0, 1000, 0, dials=True)
    shown = [left.look(10, 1000, 500, dials=True)]
    shown += [left.look(second, 1000, 500, dials=True) for second in range(11, 60)]  # nobody is done any more
    assert shown[0] == 10
    assert shown[1] == 9
    assert shown[-1] is None
    shown += [left.look(second, 1000, 500 + 8 * (second - 59), dials=True) for second in range(60, 120)]  # more slowly
    said = [one for one in shown if one is not None]
    assert said == sorted(said, reverse=True)
    assert shown[-1] is not None


def test_time_without_dialling_counts_for_nothing() -> None:
    left = TimeLeft(done_before=0)
    left.look(0, 100, 0, dials=True)
    assert left.look(10, 100, 50, dials=True) == 10
    assert left.look(5000, 100, 50, dials=False) is None, "paused"
    assert left.look(5001, 100, 55, dials=True) == 9
