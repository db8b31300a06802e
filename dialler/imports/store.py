"""Imports in the database: one function per statement, and the reports of earlier imports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.kernel.persons import link_numbers
from core.kernel.processes import ProcessIdentity
from core.kernel.statements import table_of
from dialler.imports.options import ImportOptions
from dialler.imports.report import ImportReport, LeadRow, Rejected
from dialler.imports.tables import LeadImport, RejectedRow
from dialler.leads.history import add_history_of_many
from dialler.leads.limits import waiting_from
from dialler.leads.states import QUEUE_OF, WAITING, next_state
from dialler.leads.tables import Lead, LeadNumber

__all__ = [
    "NewImport",
    "activate_leads",
    "add_import",
    "add_leads",
    "add_rejected",
    "close_import",
    "count_imports",
    "delete_staged_leads",
    "find_active",
    "has_other_leads",
    "keep_alive",
    "known_variables",
    "latest_import",
    "link_persons",
    "rejected_rows",
    "staged_imports",
    "suppress_leads",
    "waiting_leads",
]

_REJECTED = ("line", "column", "value", "reason", "advice", "kind")
_ACTIVATED_AT_ONCE = 20_000
_SUPPRESSED_AT_ONCE = 500

_imports = table_of(LeadImport)
_rejected = table_of(RejectedRow)
_leads, _numbers = table_of(Lead), table_of(LeadNumber)


def count_imports(connection: Connection, campaign_id: str) -> int:
    """How many imports the campaign has had, including discarded ones."""
    return int(connection.execute(select(func.count()).select_from(_imports).where(_imports.c.campaign_id == campaign_id)).scalar_one())


def find_active(connection: Connection, campaign_id: str, sha256: str, options: dict[str, Any]) -> ImportReport | None:
    """The report of the active import of the same bytes, read with the same options."""
    rows = connection.execute(
        select(_imports.c.report).where(_imports.c.campaign_id == campaign_id, _imports.c.sha256 == sha256, _imports.c.state == "active")
    )
    reports = [ImportReport.from_dict(row.report) for row in rows]
    defaults = ImportOptions().as_json()  # of settings that did not exist yet
    return next((report for report in reports if defaults | report.options == options), None)


def latest_import(connection: Connection, campaign_id: str) -> ImportReport | None:
    """The report of the campaign's latest active import."""
    report = connection.execute(
        select(_imports.c.report)
        .where(_imports.c.campaign_id == campaign_id, _imports.c.state == "active")
        .order_by(_imports.c.activated_at.desc(), _imports.c.created_at.desc())
        .limit(1)
    ).scalar_one_or_none()
    return None if report is None else ImportReport.from_dict(report)


def rejected_rows(connection: Connection, import_id: str) -> Iterator[Rejected]:
    """The rejected rows of an import in file order; read them within the transaction."""
    columns = (_rejected.c.line, _rejected.c.column, _rejected.c.value, _rejected.c.reason, _rejected.c.advice, _rejected.c.kind)
    found = connection.execution_options(yield_per=2000).execute(
        select(*columns).where(_rejected.c.import_id == import_id).order_by(_rejected.c.id)
    )
    for row in found:
        yield Rejected(*row)


def staged_imports(connection: Connection, campaign_id: str) -> list[tuple[str, ProcessIdentity, datetime]]:
    """Imports that are in progress or were left by a crash: id, owner, the owner's last heartbeat."""
    rows = connection.execute(select(_imports).where(_imports.c.campaign_id == campaign_id, _imports.c.state == "staged").with_for_update())
    return [(row.id, ProcessIdentity(row.owner_host, row.owner_pid, row.owner_pid_started), row.alive_at) for row in rows]


@dataclass(frozen=True)
class NewImport:
    """A new import: its campaign, its file, and the process that runs it."""

    id: str
    campaign_id: str
    source_name: str
    sha256: str
    created_at: datetime
    owner: ProcessIdentity


def add_import(connection: Connection, new: NewImport, wall: datetime) -> None:
    """Add a staged import. Raises IntegrityError if the campaign already has one."""
    connection.execute(
        insert(_imports).values(
            id=new.id,
            campaign_id=new.campaign_id,
            source_name=new.source_name,
            sha256=new.sha256,
            state="staged",
            report={},
            created_at=new.created_at,
            owner_host=new.owner.host,
            owner_pid=new.owner.pid,
            owner_pid_started=new.owner.started,
            alive_at=wall,
        )
    )


def keep_alive(connection: Connection, import_id: str, wall: datetime) -> bool:
    """Record a heartbeat. False if the import is no longer staged: another process presumed it dead."""
    done = connection.execute(update(_imports).where(_imports.c.id == import_id, _imports.c.state == "staged").values(alive_at=wall))
    return bool(done.rowcount)


def close_import(connection: Connection, import_id: str, state: str, now: datetime, report: dict[str, Any]) -> bool:
    """Change a staged import to `active` or `discarded`. False if it was no longer staged."""
    done = connection.execute(
        update(_imports)
        .where(_imports.c.id == import_id, _imports.c.state == "staged")
        .values(state=state, report=report, activated_at=now if state == "active" else None)
    )
    return bool(done.rowcount)


def has_other_leads(connection: Connection, campaign_id: str) -> bool:
    """Whether the campaign has any leads now."""
    return connection.execute(select(_leads.c.id).where(_leads.c.campaign_id == campaign_id).limit(1)).first() is not None


def known_variables(connection: Connection, campaign_id: str, phones: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Those of the numbers that the campaign already has, with their variables."""
    rows = connection.execute(
        select(_leads.c.phone, _leads.c.variables).where(_leads.c.campaign_id == campaign_id, _leads.c.phone.in_(phones))
    )
    others = connection.execute(
        select(_numbers.c.phone, _leads.c.variables)
        .join(_leads, _leads.c.id == _numbers.c.lead_id)
        .where(_numbers.c.campaign_id == campaign_id, _numbers.c.phone.in_(phones))
    )
    return {row.phone: row.variables for row in (*others, *rows)}


def add_leads(connection: Connection, campaign_id: str, import_id: str, rows: Sequence[LeadRow], *, position: int, now: datetime) -> int:
    """Add staged leads, the first at `position`. Returns how many were added: numbers that the campaign already has are left unchanged."""
    if not rows:
        return 0
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = (
        dialect.insert(_leads).on_conflict_do_nothing(index_elements=["campaign_id", "phone"]).execution_options(preserve_rowcount=True)
    )
    common = {"campaign_id": campaign_id, "import_id": import_id, "state": "staged", "attempts": 0, "uncharged": 0, "updated_at": now}
    one, several = [], []
    for number, row in enumerate(rows, start=position):
        values = {
            **common,
            "position": number,
            "line": row.line,
            "phone": row.phone,
            "variables": row.variables,
            "not_before": row.times.not_before,
            "expires_at": row.times.expires_at,
        }
        if row.numbers:
            several.append({**values, "numbers": [given.as_json() for given in row.numbers]})
        else:
            one.append(values)
    added = connection.execute(statement, one).rowcount if one else 0
    if several:
        added += connection.execute(statement, several).rowcount
        _add_numbers(connection, campaign_id, import_id, [row for row in rows if row.numbers])
    return added


def _add_numbers(connection: Connection, campaign_id: str, import_id: str, rows: Sequence[LeadRow]) -> None:
    """Keep the other numbers of leads that were just added, so that each is found as theirs."""
    first = [row.phone for row in rows]
    query = select(_leads.c.phone, _leads.c.id).where(
        _leads.c.campaign_id == campaign_id, _leads.c.import_id == import_id, _leads.c.phone.in_(first)
    )
    ids = {row.phone: row.id for row in connection.execute(query)}
    others = [
        {"campaign_id": campaign_id, "phone": number.phone, "lead_id": ids[row.phone]}
        for row in rows
        if row.phone in ids
        for number in row.numbers[1:]
    ]
    if others:
        connection.execute(insert(_numbers), others)


def link_persons(connection: Connection, import_id: str) -> None:
    """Note for all campaigns which numbers of the import's leads belong to one person."""
    query = select(_leads.c.numbers).where(_leads.c.import_id == import_id, _leads.c.numbers.is_not(None)).order_by(_leads.c.id)
    groups = [[number["phone"] for number in numbers] for numbers in connection.execute(query).scalars()]
    link_numbers(connection, groups)


def waiting_leads(connection: Connection, campaign_id: str, phones: Sequence[str]) -> list[int]:
    """The ids of the campaign's leads with these numbers that wait to be dialled."""
    others = select(_numbers.c.lead_id).where(_numbers.c.campaign_id == campaign_id, _numbers.c.phone.in_(phones))
    with_number = _leads.c.phone.in_(phones) | _leads.c.id.in_(others)
    which = (_leads.c.campaign_id == campaign_id) & with_number & _leads.c.state.in_(WAITING)
    return list(connection.execute(select(_leads.c.id).where(which)).scalars())


def suppress_leads(connection: Connection, ids: Sequence[int], now: datetime, note: str) -> int:
    """End those of the leads that still wait: they must not be called. Returns how many."""
    done = 0
    for first in range(0, len(ids), _SUPPRESSED_AT_ONCE):
        which = _leads.c.id.in_(ids[first : first + _SUPPRESSED_AT_ONCE]) & _leads.c.state.in_(WAITING)
        add_history_of_many(connection, which, now, "suppressed", "suppressed")
        values = {"state": "suppressed", "queue": None, "due_at": None, "attempt_id": None, "note": note, "updated_at": now}
        done += connection.execute(update(_leads).where(which).values(**values)).rowcount
    return done


def add_rejected(connection: Connection, import_id: str, rows: Sequence[Rejected]) -> None:
    """Add rejected rows."""
    if rows:
        connection.execute(
            insert(_rejected), [{"import_id": import_id, **{name: getattr(row, name) for name in _REJECTED}} for row in rows]
        )


def activate_leads(connection: Connection, import_id: str, now: datetime) -> int:
    """Make the staged leads of an import visible, with their history: due now, or from their `not_before` on. Returns how many.

    All in the caller's transaction, which must be a single one. SQLite keeps the changes of a statement in memory until it ends, so there
    it is done in parts.
    """
    state = next_state("staged", "activated")
    staged = (_leads.c.import_id == import_id) & (_leads.c.state == "staged")
    first, last = connection.execute(select(func.min(_leads.c.id), func.max(_leads.c.id)).where(staged)).one()
    if first is None:
        return 0
    part = _ACTIVATED_AT_ONCE if connection.dialect.name == "sqlite" else last - first + 1
    activated = 0
    for start in range(first, last + 1, part):
        which = staged & (_leads.c.id >= start) & (_leads.c.id < start + part)
        add_history_of_many(connection, which, now, "activated", state)
        activated += connection.execute(
            update(_leads).where(which).values(state=state, **waiting_from(now, QUEUE_OF[state]), updated_at=now)
        ).rowcount
    return activated


def delete_staged_leads(connection: Connection, campaign_id: str, keep_import_id: str | None, limit: int) -> int:
    """Delete up to `limit` staged leads of other imports, with those imports' rejected rows. Returns how many leads."""
    others = select(_imports.c.id).where(_imports.c.campaign_id == campaign_id, _imports.c.state == "discarded")
    connection.execute(delete(_rejected).where(_rejected.c.import_id.in_(others)))
    which = (_leads.c.campaign_id == campaign_id) & (_leads.c.state == "staged")
    if keep_import_id is not None:
        which &= _leads.c.import_id != keep_import_id
    batch = select(_leads.c.id).where(which).limit(limit)
    return connection.execute(delete(_leads).where(_leads.c.id.in_(batch))).rowcount
