"""Reads one sheet of a workbook in a process of its own: `python -m dialler.imports.workbook_child FILE SHEET ROWS CELLS`.

A workbook is unpacked and built up in memory by its reader, so it is never opened in the process that dials. To standard output goes a line
of JSON about the sheet, or the problem; then a line for each row: its cells as text, from the first row and column of the sheet.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dialler.imports.values import LOST_DIGITS, NOT_CALCULATED
from dialler.imports.workbook import PROTECTED

if TYPE_CHECKING:
    import pandas

__all__ = ["cell_text", "main"]

_FIRST_LOST: Final = 10**15
"""From here a number of a spreadsheet may have lost digits: it keeps fifteen."""
_NAMED: Final = 20
_CELL: Final = re.compile(rb'<c r="([A-Z]+)(\d+)"[^>]*?>\s*(<f\b[^>]*?(?:/>|>.*?</f>))\s*(?:<v>(.*?)</v>|<v/>)?', re.DOTALL)
_SHEET_ENTRY: Final = re.compile(r'<sheet\b[^>]*?\bname="([^"]*)"[^>]*?\br:id="([^"]*)"')
_RELATION: Final = re.compile(r"<Relationship\b[^>]*>")
_MERGED: Final = re.compile(rb'<mergeCell ref="([A-Z0-9:]+)"')
_MOST_XML: Final = 300_000_000
_MOST_MEMORY: Final = 4 << 30
_MOST_CPU_SECONDS: Final = 120


class _Problem(Exception):
    def __init__(self, reason: str, advice: str, looked_at: Sequence[str] = ()) -> None:
        self.told = {"reason": reason, "advice": advice, "looked_at": list(looked_at)}


def cell_text(value: Any) -> str:
    """A cell as a lead file would have it: whole numbers without `.0`, dates without a time of midnight, text unchanged."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number_text(value)
    if isinstance(value, datetime):
        midnight = (value.hour, value.minute, value.second) == (0, 0, 0)
        return f"{value:%Y-%m-%d}" if midnight else f"{value:%Y-%m-%d %H:%M:%S}".removesuffix(":00")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return f"{value:%H:%M:%S}".removesuffix(":00")
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return str(value)


def _number_text(value: float) -> str:
    if value != value:  # noqa: PLR0124 - not a number
        return ""
    if abs(value) >= _FIRST_LOST:
        return f"{LOST_DIGITS}{value:.0f}"
    if value == int(value):
        return str(int(value))
    text = f"{value:.15g}"
    return f"{value:.15f}".rstrip("0") if "e" in text else text


def main(arguments: Sequence[str]) -> None:
    """Read the sheet and write it to standard output; a problem is written likewise."""
    path, wanted, most_rows, most_cells = Path(arguments[0]), arguments[1], int(arguments[2]), int(arguments[3])
    with suppress(ImportError, ValueError, OSError):  # not every system has such limits
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (_MOST_CPU_SECONDS, _MOST_CPU_SECONDS))
    try:
        _write(path, wanted or None, most_rows, most_cells)
    except _Problem as problem:
        _line({"problem": problem.told})
    except MemoryError:
        _line({"problem": {"reason": "The workbook is too big to be read.", "advice": _AS_CSV, "looked_at": []}})


_AS_CSV: Final = "Save the sheet as CSV (UTF-8), and use that file."


def _write(path: Path, wanted: str | None, most_rows: int, most_cells: int) -> None:
    import pandas  # noqa: PLC0415 - takes half a second; asked for by a workbook only

    try:
        book = pandas.ExcelFile(path, engine="calamine")
    except Exception as error:
        raise _unreadable(error) from error
    with book:
        name, notes = _choose(book, wanted)
        try:
            frame = pandas.read_excel(book, sheet_name=name, header=None, dtype=object, na_filter=False, keep_default_na=False)
        except Exception as error:
            raise _unreadable(error) from error
        rows, columns = frame.shape
        if rows > most_rows or rows * columns > most_cells:
            raise _Problem(
                f"The sheet {name!r} has {rows:,} rows and {columns:,} columns; {most_rows:,} rows and {most_cells:,} cells are read.",
                _AS_CSV,
            )
        more, uncalculated = _looked_up(path, name)
        notes += more
        if uncalculated:
            notes.append(
                f"{len(uncalculated)} formulas were saved without results and read as empty. Open the file in a spreadsheet and save it."
            )
        _line({"sheet": name, "notes": notes})
        _write_rows(frame, uncalculated)


def _unreadable(error: Exception) -> _Problem:
    if "password" in str(error).lower() or "encrypt" in str(error).lower():
        return _Problem(*PROTECTED)
    return _Problem(
        f"The workbook cannot be read: {str(error)[:200]}.", "Open it in a spreadsheet and save it again; or save it as CSV (UTF-8)."
    )


def _choose(book: pandas.ExcelFile, wanted: str | None) -> tuple[str, list[str]]:
    """The sheet to read, and sentences about those that are not."""
    sheets = [
        (str(sheet.name), str(sheet.visible).endswith(".Visible"), str(sheet.typ).endswith(".WorkSheet"))
        for sheet in book.book.sheets_metadata
    ]
    tables = [(name, visible) for name, visible, is_table in sheets if is_table]
    names = [name for name, _ in tables]
    if wanted is not None:
        found = [name for name in names if name == wanted] or [
            name for name in names if name.strip().casefold() == wanted.strip().casefold()
        ]
        if not found and wanted.isdecimal() and 1 <= int(wanted) <= len(names):
            found = [names[int(wanted) - 1]]
        if not found:
            raise _Problem(
                f"There is no sheet {wanted!r}, which campaign.yaml names as `sheet`.",
                "Write the name of one of its sheets there, or its number from 1.",
                [f"sheets: {', '.join(names[:_NAMED])}"],
            )
        return found[0], []
    hidden = [name for name, visible in tables if not visible]
    visible_ones = [name for name, visible in tables if visible]
    if len(visible_ones) == 1:
        with_rows = [(visible_ones[0], 1)]  # to count the rows of a sheet is to read it
    else:
        with_rows = [(name, rows) for name in visible_ones if (rows := _height(book, name))]
    if not with_rows:
        more = f" Its hidden sheets were not looked at: {', '.join(hidden[:_NAMED])}." if hidden else ""
        raise _Problem(
            f"The workbook has no sheet with rows.{more}", "Name a hidden sheet as `sheet` in campaign.yaml, or export the leads again."
        )
    if len(with_rows) > 1:
        raise _Problem(
            f"The workbook has {len(with_rows)} sheets with rows, and which one has the leads is not said.",
            f"Put its name into campaign.yaml, as in `sheet: {json.dumps(with_rows[0][0], ensure_ascii=False)}`.",
            [f"sheet {name!r}: {rows:,} rows" for name, rows in with_rows[:_NAMED]],
        )
    notes = [f"The sheet {with_rows[0][0]!r} was read."]
    if hidden:
        notes.append(f"Hidden sheets were not read: {', '.join(hidden[:_NAMED])}. `sheet` in campaign.yaml can name one.")
    return with_rows[0][0], notes


def _height(book: pandas.ExcelFile, name: str) -> int:
    sheet = book.book.get_sheet_by_name(name)
    return int(sheet.height) if sheet.width else 0


def _looked_up(path: Path, name: str) -> tuple[list[str], set[tuple[int, int]]]:
    """What only the XML of an .xlsx tells: merged cells, in a sentence; and the cells (row, column, from 0) whose formula has no result
    in the file, or a zero that no spreadsheet has calculated.
    """
    with suppress(zipfile.BadZipFile, KeyError, UnicodeDecodeError), zipfile.ZipFile(path) as archive:
        workbook, relations = archive.read("xl/workbook.xml").decode(), archive.read("xl/_rels/workbook.xml.rels").decode()
        targets = {_attribute(entry, "Id"): _attribute(entry, "Target") for entry in _RELATION.findall(relations)}
        target = next((targets[identity] for sheet, identity in _SHEET_ENTRY.findall(workbook) if _unescaped(sheet) == name), None)
        if target is None:
            return [], set()
        part = archive.getinfo(target.lstrip("/") if target.startswith("/") else f"xl/{target}")
        if part.file_size > _MOST_XML:
            return [], set()
        xml = archive.read(part)
        ranges = [found.decode() for found in _MERGED.findall(xml)]
        merged = f"Cells are merged ({', '.join(ranges[:5])}): only the first cell of each has the value, the others count as empty."
        zero_is_none = 'fullCalcOnLoad="1"' in workbook
        formulas = _CELL.findall(xml) if b"<f" in xml else []
        found = {
            (int(row) - 1, _column_number(column.decode()))
            for column, row, _formula, value in formulas
            if not value or (zero_is_none and value == b"0")
        }
        return [merged] if ranges else [], found
    return [], set()


def _attribute(entry: str, name: str) -> str:
    match = re.search(rf'\b{name}="([^"]*)"', entry)
    return match[1] if match else ""


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&apos;", "'").replace("&amp;", "&")


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _write_rows(frame: pandas.DataFrame, uncalculated: set[tuple[int, int]]) -> None:
    rows: Iterable[tuple[Any, ...]] = frame.itertuples(index=False, name=None)
    for number, row in enumerate(rows):
        cells = [cell_text(value) for value in row]
        if uncalculated:
            cells = [NOT_CALCULATED if (number, column) in uncalculated else text for column, text in enumerate(cells)]
        _line(cells)


def _line(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
