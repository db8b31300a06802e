"""Workbooks as lead files: the same leads, reports and row numbers as a CSV file, and the traps of spreadsheets."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from dialler.imports.errors import LeadFileError
from dialler.imports.options import ImportOptions
from dialler.imports.reader import LeadFile
from dialler.imports.workbook import WorkbookLimits, open_sheet, workbook_kind
from dialler.imports.workbook_child import cell_text
from tests.dialler.imports.reading import read

Rows = list[list[Any]]
LEADS: Rows = [["Name", "Phone", "Account"], ["NA", 919000100000, "00012"], ["Ben", "+919000100001", "7"], ["x", "nothing", ""]]


def workbook(sheets: dict[str, Rows], *, hidden: tuple[str, ...] = (), merged: str = "") -> bytes:
    """An .xlsx; a text that begins with = is a formula."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"default_date_format": "dd/mm/yyyy"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                sheet.write(number, column, value)
        if merged:
            sheet.merge_range(merged, rows[0][0])
        if name in hidden:
            sheet.hide()
    book.close()
    return file.getvalue()


def ods(rows: Rows) -> bytes:
    """An .ods, with each number as a float."""
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>{value}</text:p></table:table-cell>'
            if isinstance(value, int | float)
            else f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'
            for value in row
        )
        + "</table:table-row>"
        for row in rows
    )
    space = "urn:oasis:names:tc:opendocument:xmlns"
    document = (
        f'<?xml version="1.0"?><office:document-content xmlns:office="{space}:office:1.0" xmlns:table="{space}:table:1.0"'
        f' xmlns:text="{space}:text:1.0"><office:body><office:spreadsheet><table:table table:name="Leads">{cells}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml", '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
        )
        archive.writestr("content.xml", document)
    return file.getvalue()


@pytest.mark.parametrize("make", [lambda rows: workbook({"Sheet1": rows}), ods])
def test_a_workbook_reads_like_a_csv_file(make: Any, tmp_path: Path) -> None:
    found = read(tmp_path, make(LEADS), default_region="IN")
    same = read(tmp_path, "Name,Phone,Account\nNA,919000100000,00012\nBen,+919000100001,7\nx,nothing,\n", default_region="IN")
    assert [(lead.line, lead.phone, lead.variables) for lead in found.leads] == [
        (lead.line, lead.phone, lead.variables) for lead in same.leads
    ]
    assert found.rejected == same.rejected
    assert found.leads[0].variables == {"name": "NA", "account": "00012"}
    assert found.report.sha256 != same.report.sha256
    assert found.report.delimiter.startswith("sheet ")


def test_dates_are_written_as_dates(tmp_path: Path) -> None:
    rows: Rows = [
        ["Phone", "Due", "At", "Both", "Paid"],
        ["+447700900123", date(2026, 3, 5), time(14, 30), datetime(2026, 3, 5, 9, 15), True],
    ]
    (lead,) = read(tmp_path, workbook({"a": rows})).leads
    assert lead.variables == {"due": "2026-03-05", "at": "14:30", "both": "2026-03-05 09:15", "paid": "TRUE"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7.0, "7"),
        (919000100000.0, "919000100000"),
        (0.1 + 0.2, "0.3"),
        (1234.5, "1234.5"),
        (-2.0, "-2"),
        (0.000001, "0.000001"),
        (None, ""),
        (float("nan"), ""),
    ],
)
def test_numbers_are_written_as_they_are_shown(value: Any, text: str) -> None:
    assert cell_text(value) == text


def test_account_numbers_that_lost_digits_are_refused(tmp_path: Path) -> None:
    rows: Rows = [
        ["Phone", "Account"],
        ["+447700900123", 1234567890123456],
        ["+447700900124", "1234567890123456"],
        ["+447700900125", 123456789012345],
    ]
    found = read(tmp_path, workbook({"a": rows}))
    assert found.phones == ["+447700900124", "+447700900125"]
    assert [(row.line, row.column, row.value) for row in found.rejected] == [(2, "Account", "1234567890123456")]
    assert "lost" in found.rejected[0].reason


def test_a_formula_without_a_result_is_not_zero(tmp_path: Path) -> None:
    rows: Rows = [["Phone", "Due"], ["+447700900123", "=1+1"], ["=A2", "5"]]
    found = read(tmp_path, workbook({"a": rows}))
    assert found.leads[0].variables == {"due": ""}
    assert found.report.repairs["uncalculated"] == 1
    assert [(row.line, row.column) for row in found.rejected] == [(3, "Phone")]
    assert "formula" in found.rejected[0].reason
    assert any("2 formulas" in line for line in found.report.lines())


def test_titles_above_the_header_and_blank_rows_keep_their_numbers(tmp_path: Path) -> None:
    rows: Rows = [["Leads of March", "", ""], [], ["", "Name", "Mobile"], ["", "Ann", "+447700900123"], [], ["", "Ben", "+447700900124"]]
    found = read(tmp_path, workbook({"a": rows}))
    assert [(lead.line, lead.phone) for lead in found.leads] == [(4, "+447700900123"), (6, "+447700900124")]
    assert found.report.header_line == 3
    assert found.report.blank_rows == 1


def test_merged_cells_are_told(tmp_path: Path) -> None:
    rows: Rows = [["Contact", "", ""], ["Name", "Mobile", "City"], ["Ann", "+447700900123", "Ely"]]
    found = read(tmp_path, workbook({"a": rows}, merged="A1:B1"))
    assert found.phones == ["+447700900123"]
    assert any("merged (A1:B1)" in line for line in found.report.lines())


def test_of_several_sheets_the_user_says_which(tmp_path: Path) -> None:
    other: Rows = [["Phone"], ["+447700900129"]]
    content = workbook({"March": LEADS, "April": other, "empty": []})
    with pytest.raises(LeadFileError, match="2 sheets with rows") as caught:
        read(tmp_path, content)
    assert any("'April'" in line for line in caught.value.looked_at)
    assert "sheet:" in caught.value.advice
    assert read(tmp_path, content, sheet="april").phones == ["+447700900129"]
    assert read(tmp_path, content, sheet="2").phones == ["+447700900129"]
    with pytest.raises(LeadFileError, match="no sheet 'May'"):
        read(tmp_path, content, sheet="May")


def test_hidden_sheets_are_told_and_read_only_by_name(tmp_path: Path) -> None:
    content = workbook({"shown": LEADS, "old": [["Phone"], ["+447700900129"]]}, hidden=("old",))
    found = read(tmp_path, content, default_region="IN")
    assert len(found.leads) == 2
    assert any("Hidden sheets were not read: old" in line for line in found.report.lines())
    assert read(tmp_path, content, sheet="old").phones == ["+447700900129"]


def test_a_sheet_of_a_csv_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LeadFileError, match="no workbook"):
        read(tmp_path, "phone\n+447700900123\n", sheet="a")


def test_a_workbook_with_a_password(tmp_path: Path) -> None:
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 400
    with pytest.raises(LeadFileError, match="password"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (WorkbookLimits(unpacked=1000), "unpacks to"),
        (WorkbookLimits(rows=2), "4 rows"),
        (WorkbookLimits(cells=5), "5 cells"),
        (WorkbookLimits(seconds=0.001), "within"),
    ],
)
def test_limits(limits: WorkbookLimits, says: str, tmp_path: Path) -> None:
    path = tmp_path / "leads.xlsx"
    path.write_bytes(workbook({"a": LEADS}))
    with path.open("rb") as handle, pytest.raises(LeadFileError, match=says):
        open_sheet(path, handle, workbook_kind(handle) or "", None, limits)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range(1100):
                part.write(b"0" * 1_000_000)
    with pytest.raises(LeadFileError, match="unpacks to"):
        read(tmp_path, file.getvalue())


def test_a_damaged_workbook(tmp_path: Path) -> None:
    with pytest.raises(LeadFileError) as caught:
        read(tmp_path, workbook({"a": LEADS})[:-200])
    assert caught.value.advice


def test_consent_countries_and_duplicates_hold_for_workbooks_too(tmp_path: Path) -> None:
    rows: Rows = [
        ["country_code", "Phone", "DNC"],
        [44, 2079460123, False],
        [44, 7700900124, True],
        [44, "07700 900124", ""],
        [1, 2079460124, ""],
    ]
    found = read(tmp_path, workbook({"a": rows}), default_region="US")
    assert found.phones == ["+442079460123", "+12079460124"]
    assert found.rejections == [(3, "consent"), (4, "consent")]


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "upload.tmp"
    path.write_bytes(workbook({"a": LEADS}))
    with LeadFile(path, ImportOptions(default_region="IN")) as leads:
        assert len(list(leads)) == 3
        assert leads.report().encoding == ".xlsx"
