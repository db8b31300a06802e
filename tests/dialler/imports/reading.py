"""Help for tests that read lead files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dialler.imports.options import ImportOptions
from dialler.imports.reader import check_file
from dialler.imports.report import ImportReport, LeadRow, Rejected


class ReadFile:
    """What came out of a file."""

    def __init__(self, report: ImportReport, leads: list[LeadRow], rejected: list[Rejected]) -> None:
        self.report, self.leads, self.rejected = report, leads, rejected

    @property
    def phones(self) -> list[str]:
        return [lead.phone for lead in self.leads]

    @property
    def rejections(self) -> list[tuple[int, str]]:
        return [(row.line, row.kind) for row in self.rejected]


def read(folder: Path, content: bytes | str, **options: Any) -> ReadFile:
    """Read a file with this content; text is written as UTF-8."""
    path = folder / "leads.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    leads: list[LeadRow] = []
    rejected: list[Rejected] = []
    report = check_file(path, ImportOptions(**options), on_lead=leads.append, on_rejected=rejected.append)
    assert report.rows_read == len(leads) + len(rejected)
    assert (report.imported, report.rejected) == (len(leads), len(rejected))
    assert all(row.reason and row.advice for row in rejected)
    return ReadFile(report, leads, rejected)
