"""The port through which a process that holds calls gets reports without computing them."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Row

from dialler.reports.spec import ReportSpec

__all__ = ["MEDIA_TYPES", "ReportFailed", "ReportMaker"]

MEDIA_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
"""The kinds of files that reports come as."""


class ReportFailed(Exception):
    """A report could not be made; the message is for people."""


class ReportMaker(Protocol):
    """Has reports computed outside this process."""

    def zone_of(self, connection: Connection, campaign: Row[Any]) -> str:
        """The time zone of a campaign's reports unless another is asked for."""

    def made(self, spec: ReportSpec, kind: str, *, excel: bool = False) -> AbstractAsyncContextManager[Path]:
        """The file of a report, until the end of the block; raises BadSpec and ReportFailed."""
