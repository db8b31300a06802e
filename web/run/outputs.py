"""The files that a run leaves behind. Cells that a spreadsheet would take for a formula are defused."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from core.kernel.database import Database
from dialler.imports.tables import LeadImport, RejectedRow
from dialler.leads.tables import Attempt, Lead, ReceivedResult

__all__ = ["defused", "outcome_table", "write_outputs"]

_leads = Lead.__table__  # type: ignore[attr-defined]
_attempts = Attempt.__table__  # type: ignore[attr-defined]
_received = ReceivedResult.__table__  # type: ignore[attr-defined]
_imports = LeadImport.__table__  # type: ignore[attr-defined]
_rejected = RejectedRow.__table__  # type: ignore[attr-defined]

_ATTEMPT_COLUMNS = (
    "attempt_id", "line", "phone", "number", "kind", "state", "call_id", "created_at", "placed_at", "ended_at", "charged",
    "disconnected_by", "outcome", "disposition", "sip_status", "phone_rang", "fault", "call_duration_seconds",
)  # fmt: skip
_LEAD_COLUMNS = ("line", "phone", "state", "disposition", "outcome", "attempts", "uncharged_dials", "due_at", "note")


def defused(value: object) -> str:
    """A cell's text, with a leading apostrophe where a spreadsheet would run it as a formula; phone numbers stay as they are."""
    text = _text(value)
    if text[:1] in {"=", "@", "\t", "\r"} or (text[:1] in {"+", "-"} and not text[1:].replace(".", "", 1).isdigit()):
        return "'" + text
    return text


def write_outputs(db: Database, campaign_id: str, folder: Path) -> None:
    """Write leads.csv, attempts.csv, results.jsonl and rejected.csv into `folder`, in place of any before."""
    folder.mkdir(parents=True, exist_ok=True)
    with db.read() as connection:
        names = _variable_names(connection, campaign_id)
        _write_csv(folder / "leads.csv", (*_LEAD_COLUMNS, *names), _lead_rows(connection, campaign_id, names))
        _write_csv(folder / "attempts.csv", _ATTEMPT_COLUMNS, _attempt_rows(connection, campaign_id))
        _write_csv(folder / "rejected.csv", ("line", "column", "value", "reason", "what_to_do"), _rejected_rows(connection, campaign_id))
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


def _variable_names(connection: Connection, campaign_id: str) -> list[str]:
    """The variables of the campaign's leads, in the order of the files."""
    names: dict[str, None] = {}
    reports = connection.execute(
        select(_imports.c.report)
        .where(_imports.c.campaign_id == campaign_id, _imports.c.state == "active")
        .order_by(_imports.c.activated_at)
    ).scalars()
    for report in reports:
        for name in report.get("variables", {}).values() if isinstance(report.get("variables"), dict) else report.get("variables", []):
            names[str(name)] = None
    return list(names)


def _lead_rows(connection: Connection, campaign_id: str, names: list[str]) -> Iterator[list[str]]:
    query = select(_leads).where(_leads.c.campaign_id == campaign_id, _leads.c.state != "staged").order_by(_leads.c.id)
    for lead in connection.execution_options(yield_per=1000).execute(query):
        fixed = [lead.line, lead.phone, lead.state, lead.disposition, lead.outcome, lead.attempts, lead.uncharged, lead.due_at, lead.note]
        yield [defused(value) for value in (*fixed, *(lead.variables.get(name) for name in names))]


def _attempt_rows(connection: Connection, campaign_id: str) -> Iterator[list[str]]:
    query = (
        select(_attempts, _leads.c.line, _leads.c.phone)
        .join(_leads, _leads.c.id == _attempts.c.lead_id)
        .where(_attempts.c.campaign_id == campaign_id)
        .order_by(_leads.c.id, _attempts.c.number)
    )
    for attempt in connection.execution_options(yield_per=1000).execute(query):
        values = attempt._mapping
        yield [defused(values["id"] if name == "attempt_id" else values[name]) for name in _ATTEMPT_COLUMNS]


def _rejected_rows(connection: Connection, campaign_id: str) -> Iterator[list[str]]:
    query = (
        select(_rejected)
        .join(_imports, _imports.c.id == _rejected.c.import_id)
        .where(_imports.c.campaign_id == campaign_id, _imports.c.state == "active")
        .order_by(_imports.c.created_at, _rejected.c.line, _rejected.c.id)
    )
    for row in connection.execution_options(yield_per=1000).execute(query):
        yield [defused(value) for value in (row.line, row.column, row.value, row.reason, row.advice)]


def _results(connection: Connection, campaign_id: str) -> Iterator[str]:
    query = (
        select(_received.c.payload)
        .join(_attempts, _attempts.c.id == _received.c.attempt_id)
        .where(_attempts.c.campaign_id == campaign_id)
        .order_by(_attempts.c.ended_at, _attempts.c.id)
    )
    for payload in connection.execution_options(yield_per=500).execute(query).scalars():
        yield json.dumps(payload, ensure_ascii=False, sort_keys=True)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _write_csv(path: Path, header: Iterable[str], rows: Iterable[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
