"""Reports as files: what they say about themselves, and that no spreadsheet runs a cell."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from core.kernel.database import Database
from dialler.reports.definitions import VERSION
from dialler.reports.files import facts_of, write_report
from dialler.reports.spec import Report
from tests.dialler.reports.support import START, Stage

EVIL = "=HYPERLINK(1)"


@pytest.fixture
def report(database: Database) -> Report:
    stage = Stage(database)
    lead = stage.lead("+12025550143")
    stage.talk(lead, EVIL)
    stage.attempt(lead, 2, START + timedelta(minutes=1))
    return stage.report("calls", zone="Asia/Kolkata", start="2026-03-04", where={"lead": str(lead)})


def test_every_file_says_what_it_is(report: Report, tmp_path: Path) -> None:
    facts = dict(facts_of(report))
    assert facts["Filter"].startswith("from 2026-03-04 00:00, lead is ")
    assert (facts["Time zone"], facts["Definitions version"], facts["Still live at generation"]) == ("Asia/Kolkata", str(VERSION), "1")
    write_report(report, tmp_path / "r.csv", "csv")
    lines = (tmp_path / "r.csv").read_text(encoding="utf-8").splitlines()
    about = [line.strip('"') for line in lines if line.startswith(("#", '"#'))]
    assert about == [f"# {name}: {value}" for name, value in facts_of(report)]
    write_report(report, tmp_path / "r.json", "json")
    document = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert (document["zone"], document["live"], document["definitions_version"]) == ("Asia/Kolkata", 1, VERSION)
    assert document["rows"] == report.rows
    write_report(report, tmp_path / "r.xlsx", "xlsx")
    sheets = CalamineWorkbook.from_path(str(tmp_path / "r.xlsx"))
    assert [row[:2] for row in sheets.get_sheet_by_name("About").to_python()][: len(facts_of(report))] == [
        list(fact) for fact in facts_of(report)
    ]


def test_no_cell_is_a_formula_and_numbers_keep_their_plus(report: Report, tmp_path: Path) -> None:
    write_report(report, tmp_path / "r.csv", "csv", excel=True)
    content = (tmp_path / "r.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = [row for row in csv.reader(content.decode("utf-8-sig").splitlines()) if not row[0].startswith("#")]
    first = dict(zip(rows[0], rows[1], strict=True))
    assert (first["disposition"], first["phone"]) == (f"'{EVIL}", '="+12025550143"')
    write_report(report, tmp_path / "r.xlsx", "xlsx")
    sheet = CalamineWorkbook.from_path(str(tmp_path / "r.xlsx")).get_sheet_by_index(0).to_python()
    cells = dict(zip(sheet[0], sheet[1], strict=True))
    assert (cells["Disposition"], cells["Number"], cells["Talk"]) == (EVIL, "+12025550143", 25)
    assert str(cells["Dialled"]) == "2026-03-04 15:30:00"
    assert b"<f>" not in (tmp_path / "r.xlsx").read_bytes()
