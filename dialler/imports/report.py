"""The report on a lead file in plain values: for the console, for `summary.json`, for the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from core.kernel.words import counted
from dialler.imports.consent import ConsentColumn
from dialler.imports.encoding import FileFacts
from dialler.imports.header import Column, Layout
from dialler.imports.options import ImportOptions
from dialler.imports.phones import looks_like_phone
from dialler.imports.several_numbers import Number
from dialler.imports.values import REPAIRS
from dialler.policy.times import ALWAYS, LeadTimes

__all__ = ["ImportReport", "LeadRow", "Rejected", "Tally", "already_imported"]

_NAMES_SHOWN = 25


@dataclass(frozen=True, slots=True)
class LeadRow:
    """A row that can be imported: its line, the key of its number, its variables, and when it may be dialled."""

    line: int
    phone: str
    variables: dict[str, str]
    times: LeadTimes = ALWAYS
    numbers: tuple[Number, ...] = ()
    """All numbers in the order in which they are tried, `phone` the first; none if there is only that one."""

    def only(self, numbers: tuple[Number, ...]) -> LeadRow:
        """The row with some of its numbers only."""
        return replace(self, phone=numbers[0].phone, numbers=numbers if len(numbers) > 1 else ())


@dataclass(frozen=True, slots=True)
class Rejected:
    """A rejected row: its line, the column and the value at fault, the reason, and what to do.

    `kind`: `phone`, `duplicate`, `cells` (too many), `text` (undecodable, stray quote), `value`, or `consent` (not to be called).
    `phones`: the numbers that the file says not to call; not kept.
    """

    line: int
    column: str
    value: str
    reason: str
    advice: str
    kind: str
    phones: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImportReport:
    """One reading of one lead file.

    Rows are counted without header, titles and blank lines: rows_read = imported + already_there + rejected.
    `imported` counts the leads that are new to the campaign (in a check without a database: that would be); `already_there` those whose
    number the campaign already has (`already_there_differ` of them with different variables; the old values are kept); `rejected`
    includes `duplicates`.
    """

    source_name: str
    sha256: str
    size: int
    encoding: str
    delimiter: str
    header_line: int
    columns: tuple[Column, ...]
    phone_column: str
    options: dict[str, Any]
    rows_read: int = 0
    imported: int = 0
    already_there: int = 0
    already_there_differ: int = 0
    already_there_suppressed: int = 0
    """Leads of the campaign that are not called any more, because this file says so."""
    rejected: int = 0
    duplicates: int = 0
    blank_rows: int = 0
    rejected_by_kind: dict[str, int] = field(default_factory=dict)
    repairs: dict[str, int] = field(default_factory=dict)
    consent: tuple[ConsentColumn, ...] = ()
    """The columns that say who may be called."""
    warnings: tuple[str, ...] = ()
    unchanged: bool = False
    """The campaign already has this very file, read with the same options: nothing was done."""
    import_id: str | None = None

    @property
    def named_variables(self) -> list[str]:
        """The variables with a header, or all of them in a file without one."""
        return [column.variable for column in self.columns if column.variable is not None and (column.header or not self.header_line)]

    @property
    def variables(self) -> dict[str, str]:
        """Name of each variable, as used in `{{crm.NAME}}` -> the header it comes from."""
        return {column.variable: column.header for column in self.columns if column.variable is not None}

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values only."""
        return {**asdict(self), "columns": [asdict(column) for column in self.columns], "warnings": list(self.warnings)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ImportReport:
        """The report from the values of `as_dict`."""
        columns = tuple(Column(**column) for column in values["columns"])
        consent = tuple(ConsentColumn(**{**column, "values": tuple(column["values"])}) for column in values.get("consent", ()))
        return cls(**{**values, "columns": columns, "consent": consent, "warnings": tuple(values["warnings"])})

    def lines(self) -> list[str]:
        """The report in sentences for people."""
        if self.unchanged:
            return [f"{self.source_name}: the campaign has this very file already; nothing was changed."]
        there = f", {self.already_there:,} in the campaign already" if self.already_there else ""
        duplicates = f" ({counted(self.duplicates, 'duplicate')} included)" if self.duplicates else ""
        said = [
            f"{self.source_name}: {counted(self.rows_read, 'row')} read ({self.encoding}, {self.delimiter}), {self.imported:,} new{there}, "
            f"{self.rejected:,} rejected{duplicates}.",
            f"Numbers come from {self.phone_column!r}; variables: {_listed(self.named_variables)}.",
        ]
        if self.already_there_differ:
            said.append(
                f"{self.already_there_differ} of those in the campaign have other values in this file; the earlier values were kept."
            )
        said += [str(column) for column in self.consent]
        if barred := self.rejected_by_kind.get("consent"):
            said.append(f"{counted(barred, 'row is', 'rows are')} left out because they are not to be called.")
        if self.already_there_suppressed:
            said.append(
                f"{counted(self.already_there_suppressed, 'lead', 'leads')} of the campaign will not be called any more: this file says so."
            )
        said += [
            f"Repaired in {counted(count, 'cell')}: {REPAIRS[name]}." for name, count in sorted(self.repairs.items()) if name in REPAIRS
        ]
        if short := self.repairs.get("short_rows"):
            said.append(f"{counted(short, 'row ends', 'rows end')} early; missing cells count as empty.")
        return [*said, *self.warnings]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return (", ".join(names[:_NAMES_SHOWN]) or "none") + more


def already_imported(report: ImportReport) -> ImportReport:
    """The report of importing the file of `report` again: nothing new."""
    return replace(report, unchanged=True, imported=0, already_there=report.imported + report.already_there, already_there_differ=0)


class Tally:
    """Counts while a file is read; only whole numbers, however long the file is."""

    def __init__(self) -> None:
        self.rows = self.accepted = self.blank = 0
        self.by_kind: Counter[str] = Counter()
        self.repairs: Counter[str] = Counter()
        self.unknown_numbers = 0

    def accept(self, repairs: tuple[str, ...]) -> None:
        """Count a lead, and the repairs made in its row."""
        self.accepted += 1
        self.repairs.update(repairs)

    def reject(self, row: Rejected) -> None:
        """Count a rejected row."""
        self.by_kind[row.kind] += 1
        self.unknown_numbers += row.kind == "phone" and looks_like_phone(row.value) and "E" not in row.value.upper()

    def report(
        self, source_name: str, facts: FileFacts, delimiter: str, layout: Layout, options: ImportOptions, notes: Sequence[str] = ()
    ) -> ImportReport:
        """The counts so far; every accepted row counts as imported."""
        return ImportReport(
            source_name=source_name,
            sha256=facts.sha256,
            size=facts.size,
            encoding=facts.label,
            delimiter=delimiter,
            header_line=layout.header_line,
            columns=layout.columns,
            phone_column=layout.phone_title,
            options=options.as_json(),
            rows_read=self.rows,
            imported=self.accepted,
            rejected=self.by_kind.total(),
            duplicates=self.by_kind["duplicate"],
            blank_rows=self.blank,
            rejected_by_kind=dict(self.by_kind),
            repairs=dict(self.repairs),
            consent=() if layout.exported else layout.consent.columns,
            warnings=tuple(filter(None, (facts.warning, *notes, *layout.warnings, self._of_another_country(options.default_region)))),
        )

    def _of_another_country(self, region: str | None) -> str | None:
        """A warning if so many numbers are refused that the default region is probably wrong or missing."""
        if self.unknown_numbers * 2 <= self.rows:
            return None
        now = f"is {region}: is it the country of these numbers" if region else "is not set: which country are these numbers of"
        return f"Most rows have a number that cannot be dialled. `default_region` in campaign.yaml {now}?"
