"""A report as a file: CSV, XLSX or JSON. Each says what was asked for, in which zone, when it was made, and by which definitions.

No cell is run by a spreadsheet: in CSV such cells are defused as in every other export, in XLSX every text is stored as text.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, cast

import xlsxwriter

from dialler.imports.exported import as_text, defused
from dialler.reports.catalogue import Column
from dialler.reports.definitions import DEFINITIONS, Definition
from dialler.reports.spec import BadSpec, Report

__all__ = ["Format", "definitions_of", "facts_of", "write_report"]

Format = Literal["csv", "xlsx", "json"]
_MOST_ROWS: Final = 1_048_576 - 1
"""Rows of a sheet below its header."""
_SHEET_FORMATS: Final = {
    "share": "0.0%",
    "moment": "yyyy-mm-dd hh:mm",
    "money": "#,##0.00",
    "seconds": "0.0",
    "count": "#,##0",
    "decimal": "#,##0.##",
}


def write_report(report: Report, path: Path, kind: Format, *, excel: bool = False) -> None:
    """Write a report to a file.

    Args:
        excel: of CSV: begin with a byte order mark, and write as text what a spreadsheet would change.

    Raises:
        BadSpec: it has more rows than a sheet holds.
    """
    match kind:
        case "csv":
            _write_csv(report, path, excel=excel)
        case "xlsx":
            _write_xlsx(report, path)
        case "json":
            document = {**report.as_dict(), "definitions": {one.name: asdict(one) for one in definitions_of(report)}}
            path.write_text(json.dumps(document, ensure_ascii=False) + "\n", encoding="utf-8")


def facts_of(report: Report) -> list[tuple[str, str]]:
    """What every file says about itself: name and value."""
    facts = [
        ("Report", report.title),
        ("Campaign", f"{report.campaign} (sandbox: no real phone rang)" if report.sandbox else report.campaign),
        ("Filter", report.filter),
        ("Time zone", report.zone),
        ("Generated at", report.generated_at),
    ]
    if report.as_of != report.generated_at:
        facts.append(("By the campaign's clock", report.as_of))
    facts += [
        ("Definitions version", str(report.definitions_version)),
        ("Conversions", ", ".join(report.conversions)),
        ("Still live at generation", str(report.live)),
        *(("Note", note) for note in report.notes),
    ]
    return facts


def definitions_of(report: Report) -> list[Definition]:
    """The definitions of the figures in a report."""
    names: Iterable[str | None] = (column.metric for column in report.columns)
    if report.name == "summary":
        names = (row[0] for row in report.rows)
    return [DEFINITIONS[name] for name in dict.fromkeys(names) if name is not None]


def _write_csv(report: Report, path: Path, *, excel: bool) -> None:
    with path.open("w", encoding="utf-8-sig" if excel else "utf-8", newline="") as file:
        writer = csv.writer(file)
        for name, value in facts_of(report):
            writer.writerow([f"# {name}: {value}"])
        writer.writerow([column.key for column in report.columns])
        for row in report.rows:
            cells = [defused(_text(value)) for value in row]
            writer.writerow(map(as_text, cells) if excel else cells)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _write_xlsx(report: Report, path: Path) -> None:
    if len(report.rows) > _MOST_ROWS:
        raise BadSpec("format", f"it has {len(report.rows):,} rows, and a sheet holds {_MOST_ROWS:,}: ask for a shorter period, or for CSV")
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        formats = {kind: book.add_format({"num_format": text}) for kind, text in _SHEET_FORMATS.items()}
        sheet = book.add_worksheet(report.title[:31])
        sheet.freeze_panes(1, 0)
        if report.rows:
            sheet.autofilter(0, 0, len(report.rows), len(report.columns) - 1)
        for number, column in enumerate(report.columns):
            sheet.set_column(number, number, _width(column, report.rows, number))
        for number, column in enumerate(report.columns):
            sheet.write_string(0, number, column.title, bold)
        for line, row in enumerate(report.rows, 1):
            for number, (column, value) in enumerate(zip(report.columns, row, strict=True)):
                _write_cell(sheet, line, number, column, value, formats)
        about = book.add_worksheet("About")
        about.set_column(0, 0, 26)
        about.set_column(1, 1, 90)
        line = 0
        for name, text in facts_of(report):
            about.write_string(line, 0, name, bold)
            about.write_string(line, 1, text, wrapped)
            line += 1
        for one in definitions_of(report):
            line += 1
            about.write_string(line, 0, one.title, bold)
            about.write_string(line, 1, f"{one.formula} Unit: {one.unit}; base: {one.base}. {one.remark}".strip(), wrapped)


def _write_cell(sheet: Any, line: int, number: int, column: Column, value: Any, formats: dict[str, Any]) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_string(line, number, "yes" if value else "no")
    elif column.kind == "moment":
        sheet.write_datetime(line, number, datetime.fromisoformat(cast(str, value)).replace(tzinfo=None), formats["moment"])
    elif isinstance(value, int | float):
        sheet.write_number(line, number, value, formats.get(column.kind))
    else:
        sheet.write_string(line, number, str(value))


def _width(column: Column, rows: Sequence[Sequence[Any]], number: int) -> float:
    longest = max((len(_text(row[number])) for row in rows[:200]), default=0)
    return min(max(len(column.title), 16 if column.kind == "moment" else longest) + 2, 60)
