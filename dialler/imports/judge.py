"""Decides on one row: a lead, or the reason why not. Pure functions of the row and the layout of its file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from dialler.imports.countries import country_of
from dialler.imports.encoding import CUT, DAMAGED
from dialler.imports.errors import CellProblem, Problem
from dialler.imports.exported import undefused
from dialler.imports.header import Layout
from dialler.imports.labels import is_fax, label_of
from dialler.imports.options import ImportOptions
from dialler.imports.phone_words import header_score
from dialler.imports.phones import read_phone, read_phone_in_parts
from dialler.imports.report import LeadRow, Rejected
from dialler.imports.rows import Row
from dialler.imports.several_numbers import BETWEEN, Number, NumberColumn, parts_of
from dialler.imports.times import times_of_lead
from dialler.imports.values import FAX_PROBLEM, LOST_DIGITS, NOT_CALCULATED, clean_value, strip_invisible
from dialler.policy.times import ALWAYS, LeadTimes

__all__ = ["Judge", "shown"]

_SHOWN = 200
_NAMED = 0.5


def shown(text: str) -> str:
    """A cell for display and storage: without broken characters, not too long."""
    text = (
        text.replace(LOST_DIGITS, "")
        .replace(NOT_CALCULATED, "")
        .replace(DAMAGED, "\ufffd")
        .replace(CUT, " ...")
        .replace("\0", "\ufffd")
        .strip("\r\n")
    )
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _cell(row: Row, position: int | None) -> str:
    return clean_value(row.cells[position]).text if position is not None and position < len(row.cells) else ""


class _Refused(Exception):
    def __init__(self, column: str, value: str, problem: Problem, kind: str) -> None:
        self.column, self.value, self.problem, self.kind = column, value, problem, kind


@dataclass(frozen=True)
class Judge:
    """Decides the rows of one file. `delimiter` is the name of the file's delimiter, for people; `time_columns` holds leads' own limits."""

    layout: Layout
    options: ImportOptions
    delimiter: str
    time_columns: Mapping[str, int] = field(default_factory=dict)

    def decide(self, row: Row) -> tuple[LeadRow, tuple[str, ...]] | Rejected:
        """The lead of a row with the repairs made, or the rejected row with the first reason found."""
        try:
            if row.problem is not None:
                raise _Refused("", " | ".join(row.cells), row.problem, "text")
            self._check_width(row)
            if self.layout.exported:
                row = replace(row, cells=list(map(undefused, row.cells)))
            self._check_consent(row)
            numbers: tuple[Number, ...] = ()
            if self.layout.numbers or self._has_several(row):
                numbers, repairs = self._numbers(row)
                phone = numbers[0].phone
            else:
                phone, repairs = self._phone(row)
            variables, more = self._variables(row)
            times = self._times(row, phone)
        except _Refused as refused:
            problem = refused.problem
            rejected = Rejected(row.line, refused.column, shown(refused.value), problem.reason, problem.advice, refused.kind)
            return replace(rejected, phones=self.marked(row)) if refused.kind == "consent" else rejected
        return LeadRow(row.line, phone, variables, times, numbers if len(numbers) > 1 else ()), repairs + more

    def duplicate(self, row: Row, earlier: int) -> Rejected:
        """Reject the row because line `earlier` has the same number."""
        reason = f"Line {earlier} has the same number; only the first row with a number counts."
        return Rejected(
            row.line, self.layout.phone_title, shown(_cell(row, self.layout.phone)), reason, "Remove one of the rows.", "duplicate"
        )

    def marked(self, row: Row) -> tuple[str, ...]:
        """The numbers of a row that says not to call them, whatever other rows say; none if it does not, or has no number."""
        if row.problem is not None or len(row.cells) > len(self.layout.columns):
            return ()
        barred = self.layout.consent.barred(row.cells)
        if barred is None or not barred.marks:
            return ()
        return tuple(number.phone for number in self._readable(row)[0])

    def marked_elsewhere(self, row: Row, phone: str, line: int) -> Rejected:
        """Reject the row because line `line` says not to call its number."""
        reason = f"Line {line} has the same number and says not to call it."
        advice = "Leave both rows out, or correct that line."
        return Rejected(row.line, self.layout.phone_title, shown(_cell(row, self.layout.phone)), reason, advice, "consent", (phone,))

    def swallowed_a_lead(self, row: Row, inner: Iterable[Row]) -> bool:
        """Whether a line within a multi-line row is a complete lead, while its number is only part of a cell."""
        long_cells = [cell for cell in row.cells if "\n" in cell or "\r" in cell]
        return any(self._is_whole_lead(line.cells) and any(line.cells[self.layout.phone] in cell for cell in long_cells) for line in inner)

    def _is_whole_lead(self, cells: list[str]) -> bool:
        if len(cells) != len(self.layout.columns):
            return False
        try:
            self._read(Row(0, cells), cells[self.layout.phone])
        except CellProblem:
            return False
        return True

    def _check_width(self, row: Row) -> None:
        """Check the number of cells. Missing cells count as empty; extra ones, even blank, mean that values may be under wrong headers."""
        width = len(self.layout.columns)
        if len(row.cells) > width:
            problem = Problem(
                f"The row has {len(row.cells)} cells, but the header has {width}.",
                f'A {self.delimiter} within a value moves the rest to wrong columns: put the value in "quotes".',
            )
            raise _Refused("", " | ".join(row.cells), problem, "cells")

    def _check_consent(self, row: Row) -> None:
        consent = self.layout.consent
        if consent.decides and (barred := consent.barred(row.cells)) is not None:
            raise _Refused(barred.column, barred.value, barred.problem, "consent")

    def _has_several(self, row: Row) -> bool:
        return self.layout.phone < len(row.cells) and BETWEEN in row.cells[self.layout.phone]

    def _numbers(self, row: Row) -> tuple[tuple[Number, ...], tuple[str, ...]]:
        """The numbers of a row in the order in which they are tried. One that cannot be used is left out if there is another."""
        numbers, repairs, problem = self._readable(row)
        if numbers:
            return numbers, repairs
        if problem is not None:
            raise problem
        raise _Refused(self.layout.phone_title, "", self._no_number(row), "phone")

    def _readable(self, row: Row) -> tuple[tuple[Number, ...], tuple[str, ...], _Refused | None]:
        """The numbers of a row that can be dialled, the repairs, and what is wrong with the first one that cannot."""
        found: dict[str, Number] = {}
        repairs: tuple[str, ...] = ()
        problem = None
        for column in self.layout.numbers or (NumberColumn(self.layout.phone, self.layout.phone_title),):
            label = _cell(row, column.kind).strip("* ")
            for part in parts_of(row.cells[column.position] if column.position < len(row.cells) else ""):
                if not strip_invisible(part):
                    continue
                try:
                    if is_fax(f"{label}: 1"):
                        raise CellProblem(FAX_PROBLEM)
                    phone, made = self._read(row, part)
                except CellProblem as error:
                    problem = problem or _Refused(column.title, part, error.problem, "phone")
                    repairs += ("other_number",)
                    continue
                repairs += made
                found.setdefault(phone, Number(phone, label or label_of(part) or column.title))
        return tuple(found.values()), repairs, problem

    def _phone(self, row: Row) -> tuple[str, tuple[str, ...]]:
        title = self.layout.phone_title
        cell = row.cells[self.layout.phone] if self.layout.phone < len(row.cells) else ""
        text = strip_invisible(cell)
        if not text:
            raise _Refused(title, "", self._no_number(row), "phone")
        if text == title and self.layout.header_line:
            raise _Refused(title, cell, Problem("This is the header once more, not a lead.", "Remove the row."), "phone")
        try:
            return self._read(row, cell)
        except CellProblem as error:
            raise _Refused(title, cell, error.problem, "phone") from error

    def _read(self, row: Row, cell: str) -> tuple[str, tuple[str, ...]]:
        """The number of a cell, with the country and the area code that stand in other cells of its row."""
        region, layout = self.options.default_region, self.layout
        if layout.country is None and layout.area is None:
            return read_phone(cell, region)
        country, area = None, _cell(row, layout.area)
        written = _cell(row, layout.country)
        if not written and area.startswith(("+", "00")):  # a column of area codes with calling codes in it
            written, area = area, ""
        if written and (country := country_of(written)) is None:
            problem = Problem(
                f"{shown(written)!r} beside it is not known as a country.", "Write a calling code there (+44), or an ISO code (GB)."
            )
            raise CellProblem(problem)
        return read_phone_in_parts(cell, region, country, area)

    def _no_number(self, row: Row) -> Problem:
        """The number is missing: look for one in another column that is named like a phone."""
        for column, cell in zip(self.layout.columns, row.cells, strict=False):
            if header_score(column.header) <= _NAMED:  # nor a column for somebody else's number
                continue
            with contextlib.suppress(CellProblem):
                read_phone(cell, self.options.default_region)
                return Problem(
                    f"There is no phone number here, but one in {column.header!r}.",
                    "Copy it over if it is the one to dial, or set `phone_column` in campaign.yaml.",
                )
        return Problem("There is no phone number.", "Fill it in, or remove the row.")

    def _variables(self, row: Row) -> tuple[dict[str, str], tuple[str, ...]]:
        variables: dict[str, str] = {}
        repairs: tuple[str, ...] = ("short_rows",) if len(row.cells) < len(self.layout.columns) else ()
        longest = self.options.max_variable_length
        for index, column in enumerate(self.layout.columns):
            if column.variable is None:
                continue
            try:
                cleaned = clean_value(row.cells[index] if index < len(row.cells) else "")
            except CellProblem as error:
                raise _Refused(column.header or column.variable, row.cells[index], error.problem, "value") from error
            if len(cleaned.text) > longest:
                problem = Problem(f"The value has {len(cleaned.text)} characters; {longest} are allowed.", "Shorten it.")
                raise _Refused(column.header or column.variable, cleaned.text, problem, "value")
            repairs += cleaned.repairs
            if cleaned.text or column.header:  # a column without a header counts only if the cell is not empty
                variables[column.variable] = cleaned.text
        return variables, repairs

    def _times(self, row: Row, phone: str) -> LeadTimes:
        options = self.options.times
        if not self.time_columns and not options.of_campaign:
            return ALWAYS
        cells = {limit: clean_value(row.cells[at]).text for limit, at in self.time_columns.items() if at < len(row.cells)}
        for limit, text in cells.items():
            try:
                times_of_lead(options, {limit: text}, phone, self.options.default_region)
            except CellProblem as error:
                column = self.layout.columns[self.time_columns[limit]]
                raise _Refused(column.header or column.variable or limit, text, error.problem, "value") from error
        return times_of_lead(options, cells, phone, self.options.default_region)
