"""The sample campaigns and the generator of larger samples."""

from __future__ import annotations

import csv
import tracemalloc
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from core.kernel.numbers import is_fictional
from dialler.imports import encoding
from dialler.imports.options import ImportOptions
from dialler.imports.reader import check_file
from dialler.imports.report import ImportReport, LeadRow, Rejected
from dialler.imports.sample import SAMPLE_KINDS, sample_rows, write_sample_leads

FOLDERS = Path(__file__).parents[3] / "sample_campaigns"


def checked(path: Path, region: str | None) -> tuple[ImportReport, list[LeadRow], list[Rejected]]:
    leads: list[LeadRow] = []
    rejected: list[Rejected] = []
    report = check_file(path, ImportOptions(default_region=region), on_lead=leads.append, on_rejected=rejected.append)
    return report, leads, rejected


@pytest.mark.parametrize(
    ("folder", "region", "good", "bad", "encoding", "delimiter"),
    [
        ("loan_reminder", "US", 188, {"phone": 8, "duplicate": 2, "cells": 1, "text": 1}, "UTF-8", "comma"),
        ("clinic_appointments", "GB", 57, {"phone": 2, "duplicate": 1}, "Windows-1252", "semicolon"),
        ("customer_survey", None, 76, {"phone": 3, "duplicate": 1}, "UTF-16", "tab"),
    ],
)
def test_sample_campaigns_are_what_their_readme_says(
    folder: str, region: str | None, good: int, bad: dict[str, int], encoding: str, delimiter: str
) -> None:
    report, leads, rejected = checked(FOLDERS / folder / "leads.csv", region)
    assert (report.imported, Counter(row.kind for row in rejected)) == (good, bad)
    assert (report.encoding, report.delimiter) == (encoding, delimiter)
    assert all(is_fictional(lead.phone) for lead in leads)
    readme = (FOLDERS / folder / "README.md").read_text(encoding="utf-8")
    assert f"{good} leads" in readme
    for row in rejected:
        assert f"| {row.line} |" in readme, f"the README does not tell of line {row.line}"


def test_sample_rows_repeat_and_differ() -> None:
    once = list(sample_rows(500, 7))
    assert once == list(sample_rows(500, 7))
    assert once != list(sample_rows(500, 8))


@pytest.mark.parametrize("kind", SAMPLE_KINDS)
def test_generated_samples_can_all_be_imported(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    write_sample_leads(path, 3000, 1, kind, today=date(2026, 3, 4))
    report, leads, rejected = checked(path, None)
    assert (report.imported, rejected) == (3000, [])
    assert all(lead.phone.startswith("+999") and is_fictional(lead.phone) for lead in leads)
    in_catalogue = sum(int(lead.phone[-2:]) < 30 for lead in leads)
    assert 200 < in_catalogue < 400
    assert sum(not lead.variables["customer_name"].isascii() for lead in leads) > 500
    assert all(all(lead.variables.values()) for lead in leads)


def test_wrong_samples_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="loan_reminder"):
        write_sample_leads(tmp_path / "x.csv", 1, 1, "nonsense")
    with pytest.raises(ValueError, match="100,000,000"):
        sample_rows(10**8 + 1, 1)
    assert not (tmp_path / "x.csv").exists()


def test_memory_does_not_grow_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own memory while reading 1,000 and 8,000 rows; bench/imports.py measures whole processes and the database."""
    monkeypatch.setattr(encoding, "_BLOCK", 16_384)  # a file of 1,000 rows has several blocks then
    peaks = []
    for rows in (1_000, 8_000):
        path = tmp_path / f"{rows}.csv"
        write_sample_leads(path, rows, 1)
        check_file(path, ImportOptions())  # caches of libraries are filled
        tracemalloc.start()
        check_file(path, ImportOptions())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.5


def test_a_sample_is_plain_csv(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    write_sample_leads(path, 2, 1)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["phone", "customer_name", "loan_number", "amount_due", "due_date", "city"]
    assert len(rows) == 3
