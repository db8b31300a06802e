"""Which columns of a do-not-call file hold the number: by what the header says, and by what can be read as a number."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dialler.imports.names import variable_name
from dialler.imports.phone_column import named_columns
from dialler.imports.phone_words import header_score
from dialler.imports.rows import Row
from dialler.imports.values import strip_invisible
from web.number_list.cells import Shape, filled_length, numbers_in_row

__all__ = ["Layout", "LayoutUnknown", "find_layout"]

_TOP_ROWS = 30
_NAMED = 0.5
_ENOUGH = 0.5
_MOST_PARTS = 3
_AREA = re.compile(
    r"(phone_|tel_)?(area|npa|ndc|std|ddd|lada|prefix|vorwahl|indicatif|prefisso|prefijo|area_?code|city_code|trunk_code|std_code|dialing_code)"
)
_COUNTRY = re.compile(r"(phone_|tel_)?(cc|isd|country_?code|country_calling_code|calling_code|isd_code|landesvorwahl|indicatif_pays)")
_LOCAL = re.compile(
    r"(local|subscriber|line|number|no|num|nummer|numero|rufnummer|teilnehmer|"
    r"(local|subscriber|line|telephone|phone|7_?digit)_(number|no|num)|exchange|nxx)"
)
_SECOND = re.compile(
    r"alt|alternat\w*|second(ary)?|other|emergency|backup|home|work|office|landline|spouse|parent|kin|relative|guarantor|nominee|co|applicant"
)
_NO_NUMBER = re.compile(
    r"fax|id|ids|ref|reference|ext|extension|date|dob|since|time|code|zip|postcode|pin|status|type|valid|verified|consent|address|name|"
    r"email|mail|amount|balance|account|loan|order|invoice|policy|passport|serial|uid"
)


class LayoutUnknown(Exception):
    """It cannot be told where the numbers are. The lines say why, and what to do."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True)
class Layout:
    """Where the numbers are: one shape, or several if a row may have several numbers. Data begin after line `data_after`."""

    shapes: tuple[Shape, ...]
    width: int
    headers: tuple[str, ...]
    data_after: int
    skipped: tuple[str, ...]
    """The rows above the data, as they stand: headings."""

    def describe(self) -> str:
        """For people: `'Phone'`, or `'Area' + 'Number'` of a number in parts."""
        return ", ".join(" + ".join(self._title(column) for column in shape.columns) for shape in self.shapes)

    def _title(self, column: int) -> str:
        header = self.headers[column] if column < len(self.headers) else ""
        return repr(header) if header else f"column {column + 1}"


def find_layout(rows: Sequence[Row], column: str | None, region: str | None) -> Layout:
    """The layout of a file that begins with `rows` (none of them blank).

    Args:
        rows: the first rows.
        column: the user's word for the column: its header or its number; `A+B` for a number that is split over columns.
        region: the country of numbers written without a country code.

    Raises:
        LayoutUnknown: there is no such column, or it cannot be told which.
    """
    top = _headings(rows)
    header, data = (rows[top - 1] if top else None), rows[top:]
    headers = tuple(strip_invisible(cell) for cell in header.cells) if header else ()
    if not data:
        raise LayoutUnknown("The file has a header and no rows below it.", "If the list is not empty, export it again.")
    counts = Counter(filled_length(row.cells) for row in data)
    usual = min(width for width, count in counts.items() if count == max(counts.values()))
    width = max(filled_length(headers), 1) if headers else usual
    if headers and usual > width and counts[usual] >= 3 and counts[usual] * 2 > len(data):
        width = usual  # columns without a header, rather than stray delimiters in most rows
    shapes = _chosen(column, headers, width) if column else _found(headers, width, data, region)
    skipped = tuple(", ".join(cell for cell in row.cells if strip_invisible(cell))[:80] for row in rows[:top])
    return Layout(shapes, width, headers, header.line + header.lines - 1 if header else 0, skipped)


def _headings(rows: Sequence[Row]) -> int:
    """How many rows at the top are headings: up to the one that names a column of numbers, or a first row without digits."""
    for place, row in enumerate(rows[:_TOP_ROWS], start=1):
        if any(sum(map(str.isdigit, cell)) >= 7 and not _letters(cell) for cell in row.cells):
            break
        if any(header_score(cell) > _NAMED or _AREA.fullmatch(variable_name(cell) or "") for cell in row.cells):
            return place
    first = rows[0].cells if rows else []
    return int(any(map(_letters, first)) and not any(map(str.isdigit, "".join(first))))


def _letters(cell: str) -> bool:
    return any(map(str.isalpha, cell))


def _chosen(column: str, headers: Sequence[str], width: int) -> tuple[Shape, ...]:
    titles = [*headers, *[""] * (width - len(headers))]
    whole = named_columns(titles, column)
    parts = [whole] if whole else [named_columns(titles, part) for part in column.split("+")]
    if not all(parts):
        said = ", ".join(map(repr, headers)) if headers else f"none; number the columns from 1 to {width}"
        raise LayoutUnknown(f"--column: there is no column {column!r}. The headers are: {said}.")
    if any(len(found) > 1 for found in parts):
        raise LayoutUnknown(f"--column: several columns are called {column!r}. Write the number of the one you mean, from 1.")
    columns = tuple(found[0] for found in parts)
    return (Shape(columns, country=len(columns) > 1 and _is_country(headers, columns[0])),)


def _is_country(headers: Sequence[str], column: int) -> bool:
    return column < len(headers) and _COUNTRY.fullmatch(variable_name(headers[column]) or "") is not None


def _found(headers: Sequence[str], width: int, data: Sequence[Row], region: str | None) -> tuple[Shape, ...]:
    """A person on the list is not called on any of their numbers: every column of numbers counts."""
    if split := _split_by_header(headers):
        return (split, *_more(headers, width, data, region, beside=split))
    singles = {Shape((column,)): _share(Shape((column,)), width, data, region) for column in range(width)}
    scores = {shape: header_score(headers[shape.columns[0]]) for shape in singles if shape.columns[0] < len(headers)}
    named = [shape for shape, score in scores.items() if score > _NAMED]
    if sure := [shape for shape in named if singles[shape] > 0]:
        return tuple(sorted({*sure, *_more(headers, width, data, region)}, key=lambda shape: shape.columns))
    fit = [shape for shape, share in singles.items() if share >= _ENOUGH and _may_be(headers, shape)]
    if len(fit) == 1 or (not fit and any(singles[shape] >= _ENOUGH for shape in scores if _is_second(headers, shape.columns[0]))):
        return tuple(sorted({*fit, *_more(headers, width, data, region)}, key=lambda shape: shape.columns))
    if fit:
        listed = ", ".join(str(shape.columns[0] + 1) for shape in fit)
        raise LayoutUnknown(
            f"Columns {listed} all hold phone numbers, and no header says which are meant.",
            f"Name one with --column, as in --column {listed[0]}.",
        )
    if split := _split_by_content(width, data, region):
        return (split,)
    if len(named) == 1 or width == 1:
        return (named[0] if named else Shape((0,)),)
    hint = "" if region else " If the numbers are written without a country code, add --region, as in --region US."
    raise LayoutUnknown(
        "No column of phone numbers was found.",
        f"Name it with --column (its header, or its number from 1; A+B if a number is split over columns).{hint}",
    )


def _more(headers: Sequence[str], width: int, data: Sequence[Row], region: str | None, beside: Shape | None = None) -> list[Shape]:
    """Columns of further numbers: those in which most cells are numbers, unless the header names something else, and those that a
    header names and that are empty so far.

    Args:
        beside: the number in parts that is known already. What stands before its last part may belong to a further number, too.
    """
    found = []
    taken, before = (beside.columns, beside.columns[:-1]) if beside else ((), ())
    for column in range(width):
        second = _is_second(headers, column)
        named = second or (column < len(headers) and header_score(headers[column]) > 0)
        if column in taken or not (named or _may_be(headers, Shape((column,)))):
            continue
        shapes = [Shape((column,))]
        if before and named:
            shapes.insert(0, Shape((*before, column), country=beside is not None and beside.country))
        filled = [row for row in data if column < len(row.cells) and strip_invisible(row.cells[column])]
        fit = next((shape for shape in shapes if _share(shape, width, filled, region) >= _ENOUGH), None)
        if fit is None and named and not filled:
            fit = shapes[0]
        if fit is not None:
            found.append(fit)
    return found


def _is_second(headers: Sequence[str], column: int) -> bool:
    """Whether a header names a second number by a word that does not say "phone": `alternate`, `home`."""
    words = (variable_name(headers[column]) or "").split("_") if column < len(headers) else []
    return bool(words) and any(map(_SECOND.fullmatch, words)) and not any(map(_NO_NUMBER.fullmatch, words))


def _may_be(headers: Sequence[str], shape: Shape) -> bool:
    column = shape.columns[0]
    return column >= len(headers) or header_score(headers[column]) >= 0


def _split_by_header(headers: Sequence[str]) -> Shape | None:
    names = [variable_name(header) or "" for header in headers]
    country = next((place for place, name in enumerate(names) if _COUNTRY.fullmatch(name)), None)
    area = next((place for place, name in enumerate(names) if _AREA.fullmatch(name)), None)
    phones = [place for place, header in enumerate(headers) if header_score(header) > _NAMED and place not in {country, area}]
    local = phones[:1] or [place for place, name in enumerate(names) if _LOCAL.fullmatch(name) and place not in {country, area}][:1]
    if not local or (country is None and area is None):
        return None
    return Shape(tuple(place for place in (country, area, *local) if place is not None), country=country is not None)


def _split_by_content(width: int, data: Sequence[Row], region: str | None) -> Shape | None:
    best: tuple[float, Shape] | None = None
    for parts in range(2, min(_MOST_PARTS, width) + 1):
        for first in range(width - parts + 1):
            columns = tuple(range(first, first + parts))
            for shape in (Shape(columns), Shape(columns, country=True)):
                share = _share(shape, width, data, region)
                if share >= _ENOUGH and (best is None or share > best[0]):
                    best = share, shape
    return best[1] if best else None


def _share(shape: Shape, width: int, data: Sequence[Row], region: str | None) -> float:
    """The share of the rows with something in these columns in which a number can be read there."""
    filled = [row for row in data if any(column < len(row.cells) and strip_invisible(row.cells[column]) for column in shape.columns)]
    read = sum(1 for row in filled if numbers_in_row(row.cells, (shape,), width, region)[0])
    return read / max(len(filled), 1)
