"""`dialler report`: on the terminal and as a file, equal to the run's own report."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from dialler.reports.catalogue import REPORTS
from tests.web.cli.conftest import Dialler, json_of


@pytest.fixture
def ran(folder: Path, dialler: Dialler) -> Path:
    """The output folder of a run, with its own database."""
    dialler("run", folder, "--out", "out", "--start", "2026-03-04T10:00", "--seed", "1")
    return Path("out")


def test_it_agrees_with_the_run_and_writes_every_report(ran: Path, dialler: Dialler, tmp_path: Path) -> None:
    summary = json.loads((ran / "summary.json").read_text(encoding="utf-8"))
    made = json_of(dialler("report", "Spring reminders", "-d", ran, "--format", "json"))
    figures = {row[0]: row[2] for row in made["rows"]}
    assert (figures["leads"], figures["attempts"], figures["answered"]) == (summary["leads"], summary["attempts"], summary["answered"])
    assert round(figures["answer_rate"], 4) == summary["answer_rate"]
    assert (figures["people"], figures["machines"], figures["silent"]) == tuple(
        summary["answered_by"][name] for name in ("people", "machines", "silent")
    )
    assert made["zone"] == "Europe/London"
    shown = dialler("report", "Spring reminders", "-d", ran).stdout
    assert "Attempts" in shown
    assert "Still live at generation: 0" in shown
    assert "answered ÷ attempts" in dialler("report", "Spring reminders", "-d", ran, "--definitions").stdout
    for name in REPORTS:
        dialler("report", "Spring reminders", "-d", ran, "--report", name)
    rows = dialler("report", "Spring reminders", "-d", ran, "-r", "calls", "-f", "csv").stdout.splitlines()
    assert len(list(csv.reader(row for row in rows if not row.startswith(("#", '"#'))))) == summary["attempts"] + 1
    file = tmp_path / "lists.xlsx"
    assert "1 row written to" in dialler("report", "Spring reminders", "-d", ran, "-r", "lists", "-f", "xlsx", "-o", file).stdout
    assert file.read_bytes()[:2] == b"PK"


def test_mistakes_are_named(ran: Path, dialler: Dialler) -> None:
    for words, said in (
        (("--report", "none"), "--report: there is no report 'none'"),
        (("--zone", "Asia/Kolkatta"), "Did you mean Asia/Kolkata"),
        (("--from", "soon"), "--from: 'soon' is not a date"),
        (("--format", "xlsx"), "Name the file with --out"),
        (("--where", "colour=red"), "there is no filter 'colour'"),
    ):
        assert said in dialler("report", "Spring reminders", "-d", ran, *words, code=2).output
