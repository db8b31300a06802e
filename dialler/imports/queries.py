"""Imports for people: lists, pages of rejected rows, and the totals of a campaign's imports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, select

from core.kernel.statements import table_of
from dialler.imports.header import Column
from dialler.imports.report import ImportReport
from dialler.imports.tables import LeadImport, RejectedRow

__all__ = ["find_import", "imports_of", "merged_report", "rejected_page", "rejected_rows", "variable_names"]

_imports = table_of(LeadImport)
_rejected = table_of(RejectedRow)


def imports_of(connection: Connection, campaign_id: str) -> Sequence[Row[Any]]:
    """Every import of a campaign, newest first, including those in progress and those that failed."""
    query = select(_imports).where(_imports.c.campaign_id == campaign_id)
    return connection.execute(query.order_by(_imports.c.created_at.desc(), _imports.c.id.desc())).all()


def find_import(connection: Connection, campaign_id: str, import_id: str) -> Row[Any] | None:
    """An import of a campaign."""
    query = select(_imports).where(_imports.c.campaign_id == campaign_id, _imports.c.id == import_id)
    return connection.execute(query).one_or_none()


def rejected_page(connection: Connection, import_id: str, *, after: int, limit: int) -> Sequence[Row[Any]]:
    """Rejected rows of an import in file order, after the one with the id `after`."""
    query = select(_rejected).where(_rejected.c.import_id == import_id, _rejected.c.id > after)
    return connection.execute(query.order_by(_rejected.c.id).limit(limit)).all()


def rejected_rows(connection: Connection, campaign_id: str) -> int:
    """How many rows of a campaign's lead files were not imported."""
    return sum(report.rejected for report in _reports(connection, campaign_id))


def variable_names(connection: Connection, campaign_id: str) -> list[str]:
    """The variables of a campaign's leads, in the order of the files."""
    return list(dict.fromkeys(name for report in _reports(connection, campaign_id) for name in report.variables))


def merged_report(connection: Connection, campaign_id: str, source_name: str, import_id: str) -> ImportReport | None:
    """One report for all leads of a campaign, used for a clone; None if nothing was imported."""
    reports = _reports(connection, campaign_id)
    if not reports:
        return None
    columns: dict[str | None, Column] = {}
    for column in (column for report in reports for column in report.columns):
        columns.setdefault(column.variable, column)
    imported = sum(report.imported for report in reports)
    return replace(
        reports[-1],
        source_name=source_name,
        sha256="",  # no file has this hash
        size=0,
        columns=tuple(replace(column, position=number) for number, column in enumerate(columns.values(), 1)),
        rows_read=imported,
        imported=imported,
        already_there=0,
        already_there_differ=0,
        rejected=0,
        duplicates=0,
        blank_rows=0,
        rejected_by_kind={},
        repairs={},
        warnings=(),
        import_id=import_id,
    )


def _reports(connection: Connection, campaign_id: str) -> list[ImportReport]:
    """The reports of the active imports, oldest first."""
    query = select(_imports.c.report).where(_imports.c.campaign_id == campaign_id, _imports.c.state == "active")
    return [ImportReport.from_dict(report) for report in connection.execute(query.order_by(_imports.c.activated_at)).scalars()]
