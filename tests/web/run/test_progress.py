"""Progress for people, where there is no terminal: a line now and then, when there is something to say."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from tests.conftest import START
from web.run.progress import LiveReporter, RunProgress

AT_FIRST = RunProgress(START, "running", 10, 0, 10, 0, 0, 0, 0, 0, 0, 50, None, None, None)


def test_the_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    now, out = 100.0, io.StringIO()
    monkeypatch.setattr("web.run.progress.time.monotonic", lambda: now)
    reporter = LiveReporter(Console(file=out, width=200))
    reporter.start()
    reporter.show(AT_FIRST)
    assert out.getvalue() == "", "nothing has happened yet"
    for seconds, progress in (
        (6, replace(AT_FIRST, done=3, dialled=5, answered=2, seconds_left=70.0)),
        (1, replace(AT_FIRST, done=4)),
        (6, replace(AT_FIRST, done=9, dialled=12, hold="outside the calling window")),
        (6, replace(AT_FIRST, done=9, dialled=12, hold="outside the calling window")),
    ):
        now += seconds
        reporter.show(progress)
    reporter.end()
    assert out.getvalue().splitlines() == [
        "3/10 done, 5 dialled, 0 ringing, 0 talking, 2 answered, seats 0/50, 1m 10s left",
        "9/10 done, 12 dialled, 0 ringing, 0 talking, 0 answered, seats 0/50, holding: outside the calling window",
    ]
