"""Leads and attempts as rows of a table, for CSV files. Cells that a spreadsheet would take for a formula are defused."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, or_, select

from core.kernel.database import Database
from core.kernel.moments import moment_text
from core.kernel.statements import table_of
from dialler.leads.tables import Attempt, Lead

__all__ = [
    "ATTEMPT_COLUMNS",
    "attempt_cells",
    "attempt_pages",
    "attempts_query",
    "csv_text",
    "defused",
    "lead_cells",
    "lead_columns",
    "lead_pages",
    "leads_query",
]

_leads = table_of(Lead)
_attempts = table_of(Attempt)

ATTEMPT_COLUMNS: Final = (
    "attempt_id", "line", "phone", "number", "kind", "state", "call_id", "created_at", "placed_at", "ended_at", "charged",
    "disconnected_by", "outcome", "disposition", "sip_status", "phone_rang", "fault", "call_duration_seconds",
)  # fmt: skip
_LEAD_COLUMNS: Final = ("line", "phone", "state", "disposition", "outcome", "attempts", "uncharged_dials", "due_at", "note", "why_failed")
_PAGE: Final = 1000
_REFUSED: Final = 300
"""The least SIP status of a call that was not answered."""
_CANCELLED_BY_US: Final = 487
"""The status of a call that rang until we gave it up."""
Explain = Callable[[int | None, str, str | None], str]


def defused(value: object) -> str:
    """A cell's text, with a leading apostrophe where a spreadsheet would run it as a formula; phone numbers stay as they are."""
    text = _text(value)
    if text[:1] in {"=", "@", "\t", "\r"} or (text[:1] in {"+", "-"} and not text[1:].replace(".", "", 1).isdigit()):
        return "'" + text
    return text


def lead_columns(names: Sequence[str]) -> list[str]:
    """The header of a table of leads with these variables: each as templates call it, `crm.NAME`."""
    return [*_LEAD_COLUMNS, *(defused(f"crm.{name}") for name in names)]


def lead_cells(lead: Row[Any], names: Sequence[str], explain: Explain = lambda *_: "") -> list[str]:
    """A lead as a row under `lead_columns(names)`.

    Args:
        lead: of `leads_query`.
        names: its variables.
        explain: what a failed call means and what to do, from its SIP status, reason and fault.
    """
    fixed = [lead.line, lead.phone, lead.state, lead.disposition, lead.outcome, lead.attempts, lead.uncharged, lead.due_at, lead.note]
    fixed.append("" if lead.state == "completed" else _why_failed(lead.failed_result, explain))
    return [defused(value) for value in (*fixed, *(lead.variables.get(name) for name in names))]


def attempt_cells(attempt: Row[Any]) -> list[str]:
    """An attempt, with `line` and `phone` of its lead, as a row under `ATTEMPT_COLUMNS`."""
    values = attempt._mapping
    return [defused(values["id"] if name == "attempt_id" else values[name]) for name in ATTEMPT_COLUMNS]


def leads_query(campaign_id: str) -> Select[Any]:
    """The leads of a campaign, in the order of the files, each with the result of its last call that was not answered."""
    failed = (
        select(_attempts.c.result)
        .where(_attempts.c.lead_id == _leads.c.id, _attempts.c.fault.is_not(None), _attempts.c.result.is_not(None))
        .where(or_(_attempts.c.sip_status.is_(None), _attempts.c.sip_status >= _REFUSED))
        .order_by(_attempts.c.number.desc())
        .limit(1)
        .scalar_subquery()
        .label("failed_result")
    )
    return select(_leads, failed).where(_leads.c.campaign_id == campaign_id, _leads.c.state != "staged").order_by(_leads.c.id)


def _why_failed(result: Mapping[str, Any] | None, explain: Explain) -> str:
    """The status and the reason of a call that was not answered, and what to do about it."""
    if result is None:
        return ""
    status, reason, fault = result.get("sip_status"), str(result.get("sip_reason") or ""), result.get("fault")
    if status == _CANCELLED_BY_US and fault == "callee":
        return "It rang, and nobody answered."
    said = f"{status or ''} {reason}".strip().rstrip(".")
    return f"{said}. {explain(status, reason, fault)}".strip(". ") + "." if said else ""


def attempts_query(campaign_id: str) -> Select[Any]:
    """The attempts of a campaign with `line` and `phone` of their leads, in the order of the leads."""
    return (
        select(_attempts, _leads.c.line, _leads.c.phone)
        .join(_leads, _leads.c.id == _attempts.c.lead_id)
        .where(_attempts.c.campaign_id == campaign_id)
        .order_by(_leads.c.id, _attempts.c.number)
    )


def lead_pages(db: Database, campaign_id: str, names: Sequence[str]) -> Iterator[list[list[str]]]:
    """The rows of all leads by the page. Each page is read in a transaction of its own: what changes meanwhile may show."""
    last = 0
    while True:
        with db.read() as connection:
            rows = connection.execute(leads_query(campaign_id).where(_leads.c.id > last).limit(_PAGE)).all()
        if not rows:
            return
        last = rows[-1].id
        yield [lead_cells(row, names) for row in rows]


def attempt_pages(db: Database, campaign_id: str) -> Iterator[list[list[str]]]:
    """The rows of all attempts by the page, as `lead_pages`: the attempts of so many leads at a time."""
    last = 0
    while True:
        with db.read() as connection:
            ids = _next_leads(connection, campaign_id, last)
            if not ids:
                return
            rows = connection.execute(attempts_query(campaign_id).where(_leads.c.id > last, _leads.c.id <= ids[-1])).all()
        last = ids[-1]
        yield [attempt_cells(row) for row in rows]


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV (RFC 4180)."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _next_leads(connection: Connection, campaign_id: str, after: int) -> list[int]:
    query = select(_leads.c.id).where(_leads.c.campaign_id == campaign_id, _leads.c.id > after).order_by(_leads.c.id)
    return list(connection.execute(query.limit(_PAGE)).scalars())


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment_text(value, "milliseconds")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
