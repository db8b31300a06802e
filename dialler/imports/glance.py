"""What was found in a lead file, and what becomes of its first rows, as plain values: for a program, or for a page in a browser."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dialler.imports.errors import LeadFileError
from dialler.imports.header import Layout
from dialler.imports.options import ImportOptions
from dialler.imports.reader import LeadFile
from dialler.imports.report import Rejected

__all__ = ["ColumnUse", "Glance", "GlanceRow", "glance"]


@dataclass(frozen=True)
class ColumnUse:
    """A column: its place (from 1), its header, its variable, and what it is used for.

    `use`: `number`, `country`, `area_code`, `suppress_if`, `require`, `obeyed`, `shown` (says who may be called, and is not used), or
    `variable`.
    """

    position: int
    header: str
    variable: str | None
    use: str


@dataclass(frozen=True)
class GlanceRow:
    """A row: its line, its cells as they stand, and the lead that it becomes; or why it does not become one."""

    line: int
    cells: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    column: str = ""
    reason: str = ""
    advice: str = ""


@dataclass(frozen=True)
class Glance:
    """A lead file. With a `reason` it cannot be read as it is; then only `advice` and `looked_at` say more.

    Attributes:
        encoding: its name for people; the kind of a workbook (`.xlsx`).
        separator: the name of the delimiter; the sheet of a workbook.
        header_line: 0 if there is no header.
        notes: what else was noticed, in sentences.
    """

    source_name: str
    encoding: str = ""
    separator: str = ""
    header_line: int = 0
    columns: tuple[ColumnUse, ...] = ()
    rows: tuple[GlanceRow, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""
    advice: str = ""
    looked_at: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values only."""
        return asdict(self)


def glance(path: Path, options: ImportOptions, *, source_name: str | None = None, rows: int = 20) -> Glance:
    """Look at the beginning of a lead file. Nothing is imported; of the whole file only the encoding is looked at.

    Marks such as `Do Not Call` further down, and numbers that are repeated there, are not seen.

    Args:
        path: the file.
        options: how to read it.
        source_name: its name for people; the file's own name if None.
        rows: how many rows below the header are shown.

    Raises:
        OSError: the file cannot be opened.
    """
    name = source_name or path.name
    try:
        with LeadFile(path, options, source_name) as leads:
            report = leads.report()
            shown = tuple(_row(cells, decided) for cells, decided in leads.first(rows))
            return Glance(name, report.encoding, report.delimiter, report.header_line, _uses(leads.layout), shown, report.warnings)
    except LeadFileError as error:
        return Glance(name, reason=error.reason, advice=error.advice, looked_at=error.looked_at)


def _row(cells: tuple[str, ...], decided: Any) -> GlanceRow:
    if isinstance(decided, Rejected):
        return GlanceRow(decided.line, cells, column=decided.column, reason=decided.reason, advice=decided.advice)
    numbers = tuple(number.phone for number in decided.numbers) or (decided.phone,)
    return GlanceRow(decided.line, cells, numbers, decided.variables)


def _uses(layout: Layout) -> tuple[ColumnUse, ...]:
    uses = {column.position - 1: column.use for column in layout.consent.columns}
    uses |= {at: use for at, use in ((layout.country, "country"), (layout.area, "area_code")) if at is not None}
    uses |= dict.fromkeys((layout.phone, *(column.position for column in layout.numbers)), "number")
    return tuple(
        ColumnUse(column.position, column.header, column.variable, uses.get(at, "variable")) for at, column in enumerate(layout.columns)
    )
