"""The rows of a campaign as DataFrames. The only module of the room that asks the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, func, select

from core.kernel.statements import table_of
from dialler.imports.tables import LeadImport, RejectedRow
from dialler.leads.tables import Attempt, Lead, LeadHandoff, LeadHistory
from dialler.reports.spec import ReportSpec

__all__ = ["read_attempts", "read_handoffs", "read_imports", "read_last_changes", "read_leads", "read_rejected"]

_leads, _attempts, _imports = table_of(Lead), table_of(Attempt), table_of(LeadImport)
_rejected, _handoffs, _history = table_of(RejectedRow), table_of(LeadHandoff), table_of(LeadHistory)

_PAGE: Final = 10_000
_FROM_RESULT: Final[dict[str, tuple[str, ...]]] = {
    "from_number": ("from_number",),
    "bot_id": ("bot_id",),
    "bot_version": ("bot_version",),
    "end_reason": ("end_reason",),
    "started_at": ("started_at",),
    "ringing_at": ("ringing_at",),
    "answered_at": ("answered_at",),
    "result_ended_at": ("ended_at",),
    "recording_key": ("recording_key",),
    "right_party": ("post_call_analysis", "right_party"),
    "promise_date": ("post_call_analysis", "promise_date"),
    "promise_amount": ("post_call_analysis", "promise_amount"),
    "callback_words": ("post_call_analysis", "callback_preferred_time_text"),
}
"""What is read from the call result, without its transcript: name -> where it is in the JSON."""
_MOMENTS: Final = ("created_at", "placed_at", "attempt_ended_at", "started_at", "ringing_at", "answered_at", "result_ended_at")


def read_attempts(connection: Connection, spec: ReportSpec) -> pd.DataFrame:
    """The attempts of the campaign that were placed in the period, with what their results say, in the order of their making."""
    columns: list[ColumnElement[Any]] = [
        _attempts.c.id.label("attempt_id"),
        *(_attempts.c[name] for name in ("lead_id", "number", "kind", "state", "call_id", "created_at", "placed_at")),
        _attempts.c.ended_at.label("attempt_ended_at"),
        *(_attempts.c[name] for name in ("charged", "disconnected_by", "outcome", "disposition", "sip_status", "phone_rang", "fault")),
        _attempts.c.call_duration_seconds.label("talk"),
        *(_leads.c[name] for name in ("line", "import_id")),
        func.coalesce(_attempts.c.phone, _leads.c.phone).label("phone"),
        *(_attempts.c.result[path if len(path) > 1 else path[0]].as_string().label(name) for name, path in _FROM_RESULT.items()),
    ]
    query = (
        select(*columns)
        .join(_leads, _leads.c.id == _attempts.c.lead_id)
        .where(_attempts.c.campaign_id == spec.campaign_id, _attempts.c.placed_at.is_not(None))
        .order_by(_attempts.c.created_at, _attempts.c.id)
    )
    if spec.start is not None:
        query = query.where(_attempts.c.placed_at >= spec.start)
    if spec.end is not None:
        query = query.where(_attempts.c.placed_at < spec.end)
    return _frame(connection, query, moments=_MOMENTS)


def read_leads(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """The leads of the campaign, without their variables."""
    names = ("import_id", "line", "phone", "state", "disposition", "outcome", "attempts", "uncharged", "due_at", "note", "updated_at")
    query = (
        select(_leads.c.id.label("lead_id"), *(_leads.c[name] for name in names))
        .where(_leads.c.campaign_id == campaign_id, _leads.c.state != "staged")
        .order_by(_leads.c.id)
    )
    return _frame(connection, query, moments=("due_at", "updated_at"))


def read_imports(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """The lead files that the campaign took in, with the report of each."""
    query = (
        select(*(_imports.c[name] for name in ("id", "source_name", "activated_at", "report")))
        .where(_imports.c.campaign_id == campaign_id, _imports.c.state == "active")
        .order_by(_imports.c.created_at, _imports.c.id)
    )
    return _frame(connection, query, moments=("activated_at",))


def read_rejected(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """How many rows of each lead file were rejected, by kind and reason."""
    query = (
        select(_rejected.c.import_id, _rejected.c.kind, _rejected.c.reason, func.count().label("count"))
        .join(_imports, _imports.c.id == _rejected.c.import_id)
        .where(_imports.c.campaign_id == campaign_id, _imports.c.state == "active")
        .group_by(_rejected.c.import_id, _rejected.c.kind, _rejected.c.reason)
        .order_by(_rejected.c.import_id, func.count().desc(), _rejected.c.kind, _rejected.c.reason)
    )
    return _frame(connection, query)


def read_handoffs(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """The open entries of the work list: leads whose callee asked for a person."""
    names = ("lead_id", "attempt_id", "asked_at", "wanted_at", "reason", "state", "claimed_by")
    query = (
        select(*(_handoffs.c[name] for name in names))
        .where(_handoffs.c.campaign_id == campaign_id, _handoffs.c.state != "done")
        .order_by(_handoffs.c.id)
    )
    return _frame(connection, query, moments=("asked_at", "wanted_at"))


def read_last_changes(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """The last change of each lead: when, and by which event."""
    last = (
        select(func.max(_history.c.id).label("id"))
        .join(_leads, _leads.c.id == _history.c.lead_id)
        .where(_leads.c.campaign_id == campaign_id)
        .group_by(_history.c.lead_id)
        .subquery()
    )
    query = select(*(_history.c[name] for name in ("lead_id", "at", "event", "note"))).join(last, last.c.id == _history.c.id)
    return _frame(connection, query, moments=("at",))


def _frame(connection: Connection, query: Select[Any], *, moments: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of a query; timestamps are UTC."""
    result = connection.execute(query, execution_options={"yield_per": _PAGE})
    names = list(result.keys())
    columns: list[list[Any]] = [[] for _ in names]
    for page in result.partitions():
        for into, values in zip(columns, zip(*page, strict=True), strict=True):
            into.extend(values)
    frame = pd.DataFrame({name: pd.Series(values, dtype="object") for name, values in zip(names, columns, strict=True)})
    for name in moments:
        frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601")
    return frame
