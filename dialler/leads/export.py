"""Leads and attempts as rows of a table, for CSV files. Cells that a spreadsheet would take for a formula are defused."""

from __future__ import annotations

import csv
import io
import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import IO, Any, Final, Literal

from sqlalchemy import Connection, Row, bindparam, or_, select

from core.kernel.database import Database
from core.kernel.moments import moment_text
from core.kernel.statements import table_of
from dialler.imports.exported import LEAD_COLUMNS, VARIABLE_PREFIX, as_text, defused
from dialler.imports.queries import variable_names
from dialler.imports.several_numbers import BETWEEN
from dialler.leads.queries import evidence_of
from dialler.leads.tables import Attempt, Lead

__all__ = [
    "ATTEMPT_COLUMNS",
    "attempt_cells",
    "attempt_pages",
    "attempt_rows",
    "csv_text",
    "lead_cells",
    "lead_columns",
    "lead_pages",
    "lead_rows",
    "write_export",
]

_leads = table_of(Lead)
_attempts = table_of(Attempt)

ATTEMPT_COLUMNS: Final = (
    "attempt_id", "line", "phone", "number", "kind", "state", "call_id", "created_at", "placed_at", "ended_at", "charged",
    "disconnected_by", "outcome", "disposition", "sip_status", "phone_rang", "fault", "call_duration_seconds", "evidence",
)  # fmt: skip
_PAGE: Final = 1000
_REFUSED: Final = 300
"""The least SIP status of a call that was not answered."""
_CANCELLED_BY_US: Final = 487
"""The status of a call that rang until we gave it up."""
Explain = Callable[[int | None, str, str | None], str]


def lead_columns(names: Sequence[str]) -> list[str]:
    """The header of a table of leads with these variables: each as templates call it, `crm.NAME`."""
    return [*LEAD_COLUMNS, *(defused(f"{VARIABLE_PREFIX}{name}") for name in names)]


def lead_cells(lead: Row[Any], names: Sequence[str], explain: Explain = lambda *_: "") -> list[str]:
    """A lead as a row under `lead_columns(names)`.

    Args:
        lead: with `failed_result`, the result of its last call that was not answered.
        names: its variables.
        explain: what a failed call means and what to do, from its SIP status, reason and fault.
    """
    fixed = [lead.line, lead.phone, lead.state, lead.disposition, lead.outcome, lead.attempts, lead.uncharged, lead.due_at, lead.note]
    numbers = f" {BETWEEN} ".join(number["phone"] for number in lead.numbers or ())
    fixed.append("" if lead.state == "completed" else _why_failed(lead.failed_result, explain))
    return [defused(_text(value)) for value in (*fixed, numbers, *(lead.variables.get(name) for name in names))]


def attempt_cells(attempt: Row[Any]) -> list[str]:
    """An attempt, with `line` and `lead_phone` of its lead, as a row under `ATTEMPT_COLUMNS`."""
    values = attempt._mapping
    other = {"attempt_id": values["id"], "phone": values["phone"] or values["lead_phone"], "evidence": evidence_of(attempt)}
    return [defused(_text(other.get(name, values.get(name)))) for name in ATTEMPT_COLUMNS]


_failed = (
    select(_attempts.c.result)
    .where(_attempts.c.lead_id == _leads.c.id, _attempts.c.fault.is_not(None), _attempts.c.result.is_not(None))
    .where(or_(_attempts.c.sip_status.is_(None), _attempts.c.sip_status >= _REFUSED))
    .order_by(_attempts.c.number.desc())
    .limit(1)
    .scalar_subquery()
    .label("failed_result")
)
# By ids alone, without the campaign: SQLite would go through all leads of the campaign and sort them, once a page.
_LEADS = select(_leads, _failed).where(_leads.c.id.in_(bindparam("ids", expanding=True))).order_by(_leads.c.id)
_ATTEMPTS = (
    select(_attempts, _leads.c.line, _leads.c.phone.label("lead_phone"))
    .join(_leads, _leads.c.id == _attempts.c.lead_id)
    .where(_attempts.c.lead_id.in_(bindparam("ids", expanding=True)))
    .order_by(_attempts.c.lead_id, _attempts.c.number)
)


def _why_failed(result: Mapping[str, Any] | None, explain: Explain) -> str:
    """The status and the reason of a call that was not answered, and what to do about it."""
    if result is None:
        return ""
    status, reason, fault = result.get("sip_status"), str(result.get("sip_reason") or ""), result.get("fault")
    if status == _CANCELLED_BY_US and fault == "callee":
        return "It rang, and nobody answered."
    said = f"{status or ''} {reason}".strip().rstrip(".")
    return f"{said}. {explain(status, reason, fault)}".strip(". ") + "." if said else ""


def lead_rows(connection: Connection, campaign_id: str, names: Sequence[str], explain: Explain) -> Iterator[list[str]]:
    """The rows of all leads under `lead_columns(names)`, in the order of the files, a thousand in memory at a time."""
    for ids in _batches(connection, campaign_id):
        for lead in connection.execute(_LEADS, {"ids": ids}):
            yield lead_cells(lead, names, explain)


def attempt_rows(connection: Connection, campaign_id: str) -> Iterator[list[str]]:
    """The rows of all attempts under `ATTEMPT_COLUMNS`, in the order of the leads, those of a thousand leads in memory at a time."""
    for ids in _batches(connection, campaign_id):
        yield from map(attempt_cells, connection.execute(_ATTEMPTS, {"ids": ids}))


def write_export(
    db: Database,
    campaign_id: str,
    what: Literal["leads", "attempts"],
    file: IO[str],
    *,
    excel: bool = False,
    delimiter: str = ",",
    explain: Explain = lambda *_: "",
) -> int:
    """Write the leads or the attempts as CSV. All rows are of one moment, while the campaign goes on.

    Args:
        db: the database.
        campaign_id: the campaign.
        what: which of the two.
        file: takes text, with line ends as they are written.
        excel: begin with a byte order mark, and write as text what a spreadsheet would change (`dialler.imports.exported.as_text`).
        delimiter: between cells.
        explain: as `lead_cells` has it.

    Returns:
        How many rows there are below the header.
    """
    with db.read() as connection:
        if db.is_postgresql:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        header: Sequence[str] = ATTEMPT_COLUMNS
        if what == "leads":
            names = variable_names(connection, campaign_id)
            header, rows = lead_columns(names), lead_rows(connection, campaign_id, names, explain)
        else:
            rows = attempt_rows(connection, campaign_id)
        if excel:
            file.write("\ufeff")
        writer, number = csv.writer(file, delimiter=delimiter), 0
        writer.writerow(header)
        for number, row in enumerate(rows, start=1):  # noqa: B007 - the last one is the answer
            writer.writerow(map(as_text, row) if excel else row)
    return number


def lead_pages(db: Database, campaign_id: str, names: Sequence[str]) -> Iterator[list[list[str]]]:
    """The rows of all leads by the page. Each page is read in a transaction of its own: what changes meanwhile may show."""
    with db.read() as connection:
        batches = list(_batches(connection, campaign_id))
    for ids in batches:
        with db.read() as connection:
            rows = connection.execute(_LEADS, {"ids": ids}).all()
        yield [lead_cells(row, names) for row in rows]


def attempt_pages(db: Database, campaign_id: str) -> Iterator[list[list[str]]]:
    """The rows of all attempts by the page, as `lead_pages`: the attempts of so many leads at a time."""
    with db.read() as connection:
        batches = list(_batches(connection, campaign_id))
    for ids in batches:
        with db.read() as connection:
            rows = connection.execute(_ATTEMPTS, {"ids": ids}).all()
        yield [attempt_cells(row) for row in rows]


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV (RFC 4180)."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _batches(connection: Connection, campaign_id: str) -> Iterator[Sequence[int]]:
    """The ids of the leads in the order of the files, a thousand at a time; eight bytes a lead are in memory."""
    query = select(_leads.c.id).where(_leads.c.campaign_id == campaign_id, _leads.c.state != "staged").order_by(_leads.c.id)
    with connection.execute(query, execution_options={"yield_per": _PAGE}) as found:
        ids = array("q", found.scalars())
    return (ids[first : first + _PAGE] for first in range(0, len(ids), _PAGE))


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
