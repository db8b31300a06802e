"""Finds the header, the names of the columns, and the column with the number to dial."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from dialler.imports.consent import Consent, ConsentColumn, find_consent
from dialler.imports.country_column import find_code_columns
from dialler.imports.dialect import refuse_unsplit
from dialler.imports.encoding import DAMAGED
from dialler.imports.errors import LeadFileError
from dialler.imports.exported import LEAD_COLUMNS, NUMBERS, PHONE, VARIABLE_PREFIX, is_export
from dialler.imports.names import unique_names, variable_name
from dialler.imports.options import ImportOptions
from dialler.imports.phone_column import choose_phone_column, column_evidence, named_columns, only_one
from dialler.imports.phone_words import header_score
from dialler.imports.phones import looks_like_phone
from dialler.imports.rows import Row
from dialler.imports.several_numbers import NumberColumn, number_columns
from dialler.imports.values import clean_value, strip_invisible

__all__ = ["Column", "Layout", "find_layout"]

_TOP_ROWS = 30
_SAMPLED_ROWS = 300


@dataclass(frozen=True)
class Column:
    """A column: its place (from 1), its header as it stands, and the name of its variable.

    The variable is None for the phone column, and for what our own export has about leads beside their variables.
    """

    position: int
    header: str
    variable: str | None


@dataclass(frozen=True)
class Layout:
    """The columns. `header_line` is 0 if the file has no header; data begin after line `last_header_line`."""

    header_line: int
    last_header_line: int
    columns: tuple[Column, ...]
    phone: int
    """Index of the phone column in `columns`, from 0."""
    warnings: tuple[str, ...] = ()
    numbers: tuple[NumberColumn, ...] = ()
    """The columns with the numbers of a person, in the order in which they are tried; none if only `phone` has them."""
    country: int | None = None
    """Index of the column with the country of each number, if there is one."""
    area: int | None = None
    """Index of the column with the area code of each number, if there is one."""
    consent: Consent = field(default_factory=Consent)
    """The columns that say who may be called."""
    exported: bool = False
    """The file is an export of ours (`dialler.imports.exported`)."""

    @property
    def phone_title(self) -> str:
        """The phone column for people: its header, or its number."""
        return self.columns[self.phone].header or f"column {self.phone + 1}"


def find_layout(rows: Sequence[Row], options: ImportOptions) -> Layout:
    """The layout of a file that begins with `rows`.

    Args:
        rows: the first rows, blank ones included.
        options: how to read the file.

    Raises:
        LeadFileError: there is no row, no such column, or no phone column.
    """
    phone_column = options.phone_columns[0] if options.phone_columns else options.phone_column
    filled = [row for row in rows if not row.is_blank]
    if not filled:
        raise LeadFileError("The file holds no rows, only blank lines.", "Export the leads again.")
    if (export := next((row for row in filled[:_TOP_ROWS] if is_export(row.cells)), None)) is not None:
        return _layout_of_export(export)
    if phone_column is None:
        refuse_unsplit(filled)
    width = _usual_width(filled)
    header, warnings = _find_header(filled, phone_column, width), []
    data = [row for row in filled if header is None or row.line > header.line]
    if header is None:
        headers = [""] * max(width, _common_width(filled, width))
        warnings.append("The file has no header: its variables are column_1, column_2 and so on. Add a header row for better names.")
    else:
        headers = [clean_value(cell.replace(DAMAGED, "\ufffd")).text for cell in header.cells]
        headers += [""] * (_common_width(data, len(headers)) - len(headers))
        if above := sum(row.line < header.line for row in filled):
            warnings.append(f"The header was found in line {header.line}; {above} row(s) above it were not read.")
    if not data:
        raise LeadFileError("The file has a header and no rows below it.", "Export the leads again.", [f"header: {', '.join(headers)}"])
    sample = data[:_SAMPLED_ROWS]
    numbers = number_columns(headers, options.phone_columns) if phone_column is None or options.phone_columns else ()
    if numbers:
        phone = numbers[0].position
        warnings.append(_said(numbers))
    else:
        phone, warning = _phone_position(headers, sample, phone_column, options.default_region)
        warnings += [warning] if warning else []
    cells = [row.cells for row in sample]
    whole = frozenset({phone, *(column.position for column in numbers)})
    codes = find_code_columns(headers, cells, whole, options.country_column, options.area_code_column)
    taken = frozenset(position for position in (*whole, codes.country, codes.area) if position is not None)
    consent = find_consent(headers, cells, taken, options)
    warnings += codes.notes
    names = unique_names(headers)
    columns = tuple(
        Column(position, header, None if position == phone + 1 else name)
        for position, (header, name) in enumerate(zip(headers, names, strict=True), start=1)
    )
    warnings += _renamed(columns)
    begins, ends = (0, data[0].line - 1) if header is None else (header.line, header.line + header.lines - 1)
    return Layout(begins, ends, columns, phone, tuple(warnings), numbers, codes.country, codes.area, consent)


def _layout_of_export(header: Row) -> Layout:
    headers = [clean_value(cell).text for cell in header.cells]
    phone = headers.index(PHONE)
    numbers = (NumberColumn(headers.index(NUMBERS), NUMBERS), NumberColumn(phone, PHONE)) if NUMBERS in headers else ()
    names = iter(unique_names([cell.removeprefix(VARIABLE_PREFIX) for cell in headers if cell not in LEAD_COLUMNS]))
    columns = tuple(Column(position, cell, None if cell in LEAD_COLUMNS else next(names)) for position, cell in enumerate(headers, start=1))
    ours = ", ".join(cell for cell in headers if cell in LEAD_COLUMNS and cell not in {PHONE, NUMBERS})
    state = headers.index("state")
    suppressed = Consent((ConsentColumn(state + 1, headers[state], "status", "obeyed"),))
    warning = f"The file is an export of this dialler: its own columns ({ours}) were left out."
    return Layout(
        header.line, header.line + header.lines - 1, columns, phone, (warning,), numbers=numbers, consent=suppressed, exported=True
    )


def _usual_width(rows: Sequence[Row]) -> int:
    """The most frequent number of cells, counted up to the last non-empty one."""
    counts = Counter(
        max(position for position, cell in enumerate(row.cells, start=1) if strip_invisible(cell) or position == 1) for row in rows
    )
    return max(counts, key=lambda width: (counts[width], width))


def _common_width(rows: Sequence[Row], headers: int) -> int:
    """The number of cells in most rows, if it exceeds the number of headers for a reason.

    The reason is that most rows (at least three) have that many cells, or that all do and the extra ones are empty. A few long rows have a
    stray delimiter.
    """
    width, count = Counter(len(row.cells) for row in rows).most_common(1)[0] if rows else (0, 0)
    all_blank = count == len(rows) and not any(strip_invisible(cell) for row in rows for cell in row.cells[headers:])
    return width if all_blank or (count >= 3 and count * 2 > len(rows)) else 0


def _find_header(rows: Sequence[Row], phone_column: str | None, width: int) -> Row | None:
    """The header among the first rows; None if the first full row is already data.

    In this order: the row with the cell that the user named; of the rows above the first number, the fullest one that names a phone column;
    the first of them with several words. Rows that fill less than half of the columns are titles.
    """
    top = rows[:_TOP_ROWS]
    if phone_column is not None and not phone_column.isdecimal():
        for row in top:
            if named_columns(row.cells, phone_column) and not _has_data(row):
                return row
        shown = next((row for row in top if _is_full(row, width)), top[0])
        raise LeadFileError(
            f"There is no column {phone_column!r}, which campaign.yaml names as `phone_column`.",
            "Write the header of the phone column there, or leave `phone_column` out to have it found.",
            [f"headers in line {shown.line}: {', '.join(shown.cells)}"],
        )
    until_data = []
    for row in top:
        if _has_data(row) and _is_full(row, width):
            break
        until_data.append(row)
    candidates = [row for row in until_data if _is_full(row, width)]
    named = [row for row in candidates if any(header_score(cell) > 0.5 for cell in row.cells)]
    if width == 1:
        return next(reversed(named or candidates), None)
    if named:
        return max(named, key=_filled)  # the first of equals: a title "Phone campaign" fills only one cell
    return next((row for row in candidates if _filled(row) > 1), None)


def _filled(row: Row) -> int:
    return sum(1 for cell in row.cells if strip_invisible(cell))


def _is_full(row: Row, width: int) -> bool:
    return len(row.cells) * 2 >= width and _filled(row) * 2 >= width


def _has_data(row: Row) -> bool:
    """Whether a cell looks like a phone number; no header does."""
    return any(looks_like_phone(strip_invisible(cell).strip("'=\"")) for cell in row.cells)


def _phone_position(headers: Sequence[str], data: Sequence[Row], phone_column: str | None, region: str | None) -> tuple[int, str | None]:
    evidence = [
        column_evidence(position, header, [row.cells[position] for row in data if position < len(row.cells)], region)
        for position, header in enumerate(headers)
    ]
    if phone_column is None:
        return choose_phone_column(evidence)
    positions = named_columns(headers, phone_column)
    if not positions:
        raise LeadFileError(
            f"There is no column {phone_column!r}, which campaign.yaml names as `phone_column`.",
            f"The file has {len(headers)} column(s); write the header of one, or its number from 1.",
            [f"headers: {', '.join(headers)}"],
        )
    return positions[0] if len(positions) == 1 else only_one([evidence[position] for position in positions]), None


def _said(numbers: Sequence[NumberColumn]) -> str:
    listed = ", ".join(repr(column.title) for column in numbers)
    return f"Each person's numbers come from {listed}, and are tried in this order. Set `phone_columns` in campaign.yaml for another one."


def _renamed(columns: Sequence[Column]) -> list[str]:
    """A warning for each variable whose name does not follow from its header alone."""
    return [
        f"Column {column.position} ({column.header or 'no header'}) is the variable {column.variable}."
        for column in columns
        if column.variable is not None and column.header and column.variable != variable_name(column.header)
    ]
