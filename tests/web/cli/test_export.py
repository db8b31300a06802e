"""`dialler campaigns export`: at any time, for a program, for a spreadsheet, and as a lead file again."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.web.cli.conftest import Dialler, write_folder


@pytest.fixture
def ran(folder: Path, dialler: Dialler) -> Path:
    """The output folder of a run, with its own database."""
    dialler("run", folder, "--out", "out", "--start", "2026-03-04T10:00", "--seed", "1")
    return Path("out")


def test_it_is_what_the_run_writes_or_a_reason(ran: Path, dialler: Dialler) -> None:
    leads = dialler("campaigns", "export", "Spring reminders", "-d", ran)
    assert leads.stdout_bytes == (ran / "leads.csv").read_bytes()
    attempts = dialler("campaigns", "export", "Spring reminders", "-d", ran, "--what", "attempts")
    assert attempts.stdout_bytes == (ran / "attempts.csv").read_bytes()
    assert "There is no campaign" in dialler("campaigns", "export", "Summer", "-d", ran, code=2).output
    assert "There is no folder" in dialler("campaigns", "export", "Spring reminders", "-d", ran, "--out", "none/leads.csv", code=2).output


def test_a_spreadsheet_opens_it_and_dialler_reads_it_again(ran: Path, dialler: Dialler, tmp_path: Path) -> None:
    again = write_folder(tmp_path / "again")
    said = dialler(
        "campaigns", "export", "Spring reminders", "-d", ran, "--excel", "--delimiter", "semicolon", "--out", again / "leads.csv"
    )
    assert "3 rows written to" in said.stdout
    content = (again / "leads.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfline;phone;")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    assert [row["phone"] for row in rows] == ['="+999555501000"', '="+999555501010"', '="+999555501050"']
    checked = " ".join(dialler("check", again).stdout.split())
    assert "3 rows read (UTF-8 with a byte order mark, semicolon), 3 new, 0 rejected" in checked
    assert "variables: customer_name, amount_due." in checked
    dialler("run", again, "--out", "out2", "--start", "2026-03-04T10:00", "--seed", "1")
    values = [(row["phone"], row["crm.customer_name"], row["crm.amount_due"]) for row in _read(Path("out2/leads.csv"))]
    assert values == [(row["phone"], row["crm.customer_name"], row["crm.amount_due"]) for row in _read(ran / "leads.csv")]


def _read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
