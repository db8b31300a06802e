"""Leads for people: lists, one lead with its attempts and its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select

from core.kernel.statements import table_of
from dialler.campaigns.tables import Campaign
from dialler.leads.tables import OPEN, Attempt, Lead, LeadHistory, LeadNumber

__all__ = [
    "AttemptFilter",
    "LeadFilter",
    "attempts_of",
    "count_leads",
    "dispositions",
    "evidence_of",
    "find_attempt",
    "find_leads",
    "has_number",
    "history_of",
    "list_attempts",
    "list_leads",
    "live_attempts",
]

_campaigns = table_of(Campaign)
_leads = table_of(Lead)
_attempts = table_of(Attempt)
_numbers = table_of(LeadNumber)
_history = table_of(LeadHistory)


@dataclass(frozen=True)
class LeadFilter:
    """Which leads; None does not restrict. Leads of an import that is under way are never shown."""

    campaign_id: str | None = None
    state: str | None = None
    disposition: str | None = None
    outcome: str | None = None
    phone: str | None = None
    """As `leads.phone` has it."""


@dataclass(frozen=True)
class AttemptFilter:
    """Which attempts of a campaign; None does not restrict."""

    campaign_id: str
    state: str | None = None
    outcome: str | None = None
    disposition: str | None = None
    lead_id: int | None = None


def list_leads(connection: Connection, which: LeadFilter, *, limit: int, after: int = 0) -> Sequence[Row[Any]]:
    """Leads with the name of their campaign (`campaign`), in the order of the file.

    Args:
        connection: a transaction.
        which: which ones.
        limit: how many at most.
        after: only leads with a higher id: the last one of the page before. For the leads of one campaign.
    """
    query = _which(_with_campaign(), which).order_by(_leads.c.campaign_id, _leads.c.id).limit(limit)
    return connection.execute(query.where(_leads.c.id > after) if after else query).all()


def list_attempts(
    connection: Connection, which: AttemptFilter, *, limit: int, before: tuple[datetime, str] | None = None
) -> Sequence[Row[Any]]:
    """Attempts with `line` and `phone` of their leads, newest first.

    Args:
        connection: a transaction.
        which: which ones.
        limit: how many at most.
        before: (created_at, id) of the last one of the page before.
    """
    query = select(_attempts, _leads.c.line, _leads.c.phone.label("lead_phone")).join(_leads, _leads.c.id == _attempts.c.lead_id)
    for name in ("campaign_id", "state", "outcome", "disposition", "lead_id"):
        if (value := getattr(which, name)) is not None:
            query = query.where(_attempts.c[name] == value)
    if before is not None:
        at, last = before
        query = query.where(or_(_attempts.c.created_at < at, and_(_attempts.c.created_at == at, _attempts.c.id < last)))
    return connection.execute(query.order_by(_attempts.c.created_at.desc(), _attempts.c.id.desc()).limit(limit)).all()


def live_attempts(connection: Connection, campaign_id: str, *, limit: int) -> Sequence[Row[Any]]:
    """Attempts on their way or in a call, with `line`, `phone` and `variables` of their leads, the oldest first.

    Its cost does not grow with the campaign.
    """
    query = select(_attempts, _leads.c.line, _leads.c.phone, _leads.c.variables).join(_leads, _leads.c.id == _attempts.c.lead_id)
    query = query.where(_attempts.c.campaign_id == campaign_id, OPEN, _attempts.c.state.in_(("placing", "placed")))
    return connection.execute(query.order_by(_attempts.c.created_at, _attempts.c.id).limit(limit)).all()


def count_leads(connection: Connection, which: LeadFilter) -> int:
    """How many there are."""
    return int(connection.execute(_which(select(func.count()).select_from(_leads), which)).scalar_one())


def find_leads(connection: Connection, id_or_phone: str, campaign_id: str | None = None) -> Sequence[Row[Any]]:
    """The leads with that number in the database, or that phone number (as `leads.phone` has it)."""
    is_id = id_or_phone.isascii() and id_or_phone.isdigit() and len(id_or_phone) < 19
    wanted = _leads.c.id == int(id_or_phone) if is_id else has_number(id_or_phone)
    return connection.execute(_which(_with_campaign(), LeadFilter(campaign_id)).where(wanted).order_by(_leads.c.id)).all()


def has_number(phone: str) -> ColumnElement[bool]:
    """Whether a lead has this number, as its first or as another one."""
    return or_(_leads.c.phone == phone, _leads.c.id.in_(select(_numbers.c.lead_id).where(_numbers.c.phone == phone)))


def attempts_of(connection: Connection, lead_id: int) -> Sequence[Row[Any]]:
    """The attempts of a lead, in order."""
    return connection.execute(select(_attempts).where(_attempts.c.lead_id == lead_id).order_by(_attempts.c.number)).all()


def find_attempt(connection: Connection, attempt_id: str) -> Row[Any] | None:
    """The attempt with this id."""
    return connection.execute(select(_attempts).where(_attempts.c.id == attempt_id)).one_or_none()


def evidence_of(attempt: Row[Any]) -> dict[str, Any] | None:
    """What the core's rules decided when the call of an attempt was dialled, by its result; None if it has none."""
    found = (attempt.result or {}).get("evidence")
    return found if isinstance(found, dict) else None


def history_of(connection: Connection, lead_id: int) -> Sequence[Row[Any]]:
    """Every change of a lead's state, in order."""
    return connection.execute(select(_history).where(_history.c.lead_id == lead_id).order_by(_history.c.id)).all()


def dispositions(connection: Connection) -> list[str]:
    """The dispositions that leads have."""
    return list(connection.execute(select(_leads.c.disposition).where(_leads.c.disposition.is_not(None)).distinct()).scalars())


def _with_campaign() -> Select[Any]:
    return select(_leads, _campaigns.c.name.label("campaign")).join(_campaigns, _campaigns.c.id == _leads.c.campaign_id)


def _which(query: Select[Any], which: LeadFilter) -> Select[Any]:
    query = query.where(_leads.c.state != "staged")
    for name in ("campaign_id", "state", "disposition", "outcome", "phone"):
        if (value := getattr(which, name)) is not None:
            query = query.where(has_number(value) if name == "phone" else _leads.c[name] == value)
    return query
