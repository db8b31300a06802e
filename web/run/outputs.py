"""The files that a run leaves behind. Cells that a spreadsheet would take for a formula are defused."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from sqlalchemy import Connection, func, or_, select

from core.kernel.database import Database
from core.kernel.failures import without_numbers
from core.kernel.statements import table_of
from core.transports.sip.advice import advice
from dialler.imports.exported import defused
from dialler.imports.queries import variable_names
from dialler.imports.tables import RejectedRow
from dialler.leads.export import ATTEMPT_COLUMNS, attempt_rows, lead_columns, lead_rows
from dialler.leads.tables import Attempt, Lead
from web.run.files import replaced

__all__ = ["advice_on", "failure_table", "outcome_table", "why_calls_failed", "write_outputs"]

_leads = table_of(Lead)
_attempts = table_of(Attempt)
_rejected = table_of(RejectedRow)

_ADVISED = frozenset({404, 410, 484, 604, 607})
"""Statuses of the callee's side for which something can be done all the same."""
_REFUSED = 300
_REASONS = 10  # a summary is to be read


def write_outputs(db: Database, campaign_id: str, import_id: str | None, folder: Path) -> None:
    """Write leads.csv, attempts.csv, results.jsonl and rejected.csv into `folder`, in place of any before.

    rejected.csv is of one import, that of the lead file as it is now: rows that were put right since are not in it any more.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with db.read() as connection:
        names = variable_names(connection, campaign_id)
        _write_csv(folder / "leads.csv", lead_columns(names), lead_rows(connection, campaign_id, names, advice_on))
        _write_csv(folder / "attempts.csv", ATTEMPT_COLUMNS, attempt_rows(connection, campaign_id))
        _write_csv(folder / "rejected.csv", ("line", "column", "value", "reason", "what_to_do"), _rejected_rows(connection, import_id))
        _write_lines(folder / "results.jsonl", _results(connection, campaign_id))


def outcome_table(connection: Connection, campaign_id: str) -> list[tuple[str, str, int]]:
    """How many leads ended in which state with which disposition: (state, disposition, count), most first."""
    rows = connection.execute(
        select(_leads.c.state, func.coalesce(_leads.c.disposition, ""), func.count())
        .where(_leads.c.campaign_id == campaign_id, _leads.c.state != "staged")
        .group_by(_leads.c.state, _leads.c.disposition)
        .order_by(func.count().desc(), _leads.c.state, func.coalesce(_leads.c.disposition, ""))
    )
    return [(state, disposition, count) for state, disposition, count in rows]


def failure_table(connection: Connection, campaign_id: str) -> list[tuple[str, int]]:
    """What is noted of the leads whose last call failed for a technical reason: (note, leads), most first."""
    rows = connection.execute(
        select(_leads.c.note, func.count())
        .where(_leads.c.campaign_id == campaign_id, _leads.c.disposition == "ERROR", _leads.c.note.is_not(None))
        .group_by(_leads.c.note)
        .order_by(func.count().desc(), _leads.c.note)
        .limit(_REASONS)
    )
    return [(note, count) for note, count in rows]


def advice_on(status: int | None, reason: str, fault: str | None) -> str:
    """What a failed call means, and what to do; empty where it was the callee's, and nothing is to be done.

    Args:
        status: the final SIP status; None: none came.
        reason: its reason phrase.
        fault: whose fault it was.
    """
    if fault == "callee" and status not in _ADVISED:
        return ""
    if status is None:
        return advice(408) if "does not answer" in reason or "100 Trying" in reason else ""
    return advice(status)


def why_calls_failed(connection: Connection, campaign_id: str) -> list[tuple[int | None, str, str | None, int]]:
    """Why calls were not answered: (SIP status, reason, whose fault, calls), most first. Numbers in a reason are masked: texts that
    differ in them only are one."""
    status, reason, fault = (_attempts.c.result[name] for name in ("sip_status", "sip_reason", "fault"))
    failed = (  # apart from the grouping: PostgreSQL takes an expression with parameters for another one each time
        select(status.as_integer().label("status"), func.coalesce(reason.as_string(), "").label("reason"), fault.as_string().label("fault"))
        .where(_attempts.c.campaign_id == campaign_id, _attempts.c.fault.is_not(None), _attempts.c.result.is_not(None))
        .where(or_(_attempts.c.sip_status.is_(None), _attempts.c.sip_status >= _REFUSED))
        .subquery()
    )
    rows = connection.execute(
        select(failed.c.status, failed.c.reason, failed.c.fault, func.count())
        .where(failed.c.reason != "")
        .group_by(failed.c.status, failed.c.reason, failed.c.fault)
    )
    found = Counter[tuple[int | None, str, str | None]]()
    for row in rows:
        found[row[0], without_numbers(row[1]), row[2]] += row[3]
    ordered = sorted(found.items(), key=lambda one: (-one[1], one[0][0] or 0, one[0][1]))
    return [(*why, calls) for why, calls in ordered[:_REASONS]]


def _rejected_rows(connection: Connection, import_id: str | None) -> Iterator[list[str]]:
    query = select(_rejected).where(_rejected.c.import_id == import_id).order_by(_rejected.c.line, _rejected.c.id)
    for row in connection.execute(query, execution_options={"yield_per": 1000}):
        yield [defused(str(value)) for value in (row.line, row.column, row.value, row.reason, row.advice)]


def _results(connection: Connection, campaign_id: str) -> Iterator[str]:
    query = (
        select(_attempts.c.result)
        .where(_attempts.c.campaign_id == campaign_id, _attempts.c.result.is_not(None))
        .order_by(_attempts.c.ended_at, _attempts.c.id)
    )
    for payload in connection.execute(query, execution_options={"yield_per": 500}).scalars():
        yield json.dumps(payload, ensure_ascii=False, sort_keys=True)


def _write_csv(path: Path, header: Iterable[str], rows: Iterable[list[str]]) -> None:
    with replaced(path) as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    with replaced(path) as file:
        file.writelines(line + "\n" for line in lines)
