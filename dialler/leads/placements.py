"""Dialouts that were answered: the lead is being dialled, its attempt has a call.

Whether a dialout was answered may be written a moment later, for many at once: after a crash the core is asked. Until then it stands in
the journal; a result that comes first takes it along.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, select, update

from core.kernel.statements import Bulk, table_of
from dialler.campaigns.store import lock_campaign
from dialler.leads.claims import Claim
from dialler.leads.history import Change, add_changes
from dialler.leads.tables import Attempt, Lead

__all__ = ["Placement", "change_by", "mark_placed", "write_placements"]

log = logging.getLogger(__name__)

_leads, _attempts = table_of(Lead), table_of(Attempt)

_LEADS_PLACED = Bulk(
    {"lead": _leads.c.id, "token": _leads.c.lease_token, "attempt": _leads.c.attempt_id, "at": _leads.c.updated_at},
    lambda given: (
        update(_leads)
        .where(
            _leads.c.id == given.c.lead,
            _leads.c.state == "claimed",
            _leads.c.lease_token == given.c.token,
            _leads.c.attempt_id == given.c.attempt,
        )
        .values(state="dialling", updated_at=given.c.at)
        .returning(_leads.c.id)
    ),
)
_ATTEMPTS_PLACED = Bulk(
    {"attempt": _attempts.c.id, "call": _attempts.c.call_id, "at": _attempts.c.placed_at},
    lambda given: (
        update(_attempts)
        .where(_attempts.c.id == given.c.attempt, _attempts.c.state == "placing")
        .values(state="placed", call_id=given.c.call, placed_at=given.c.at)
    ),
)


@dataclass(frozen=True)
class Placement:
    """A dialout was answered with a call id.

    Attributes:
        taken: the lead and its attempt.
        token: the lease token that the lead was claimed under.
        call_id: the call.
        at: when the answer came.
        when_over: called when it turns out that the campaign does not run any more under that token.
    """

    taken: Claim
    token: str | None
    call_id: str
    at: datetime
    when_over: Callable[[], None] | None = field(default=None, compare=False)


def change_by(placement: Placement) -> Change:
    """What happened to the lead."""
    return Change(placement.taken.lead_id, placement.at, "claimed", "placed", "dialling", placement.taken.attempt_id)


def mark_placed(connection: Connection, taken: Claim, token: str | None, call_id: str, now: datetime) -> bool:
    """Write one answer. If the result was faster, or the lead is another owner's by now, nothing changes.

    Returns whether more may be dialled: the campaign runs, under that token.
    """
    return _write(connection, [Placement(taken, token, call_id, now, lambda: None)])[taken.campaign_id, token]


def write_placements(connection: Connection, entries: Sequence[Placement]) -> Callable[[], None]:
    """Write many answers at once, as `mark_placed` does: the writer of the journal."""
    runs = _write(connection, entries)

    def tell() -> None:
        for one in entries:
            if one.when_over is not None and not runs[one.taken.campaign_id, one.token]:
                one.when_over()

    return tell


def _write(connection: Connection, placements: Sequence[Placement]) -> dict[tuple[str, str | None], bool]:
    """Write answers. Returns for each campaign and token whether it runs under that token."""
    campaigns = {name: lock_campaign(connection, name) for name in sorted(_to_lock(connection, placements))}
    rows = [{"lead": p.taken.lead_id, "token": p.token, "attempt": p.taken.attempt_id, "at": p.at} for p in placements]
    moved = {row.id for row in _LEADS_PLACED.run(connection, rows)}
    placed = [one for one in placements if one.taken.lead_id in moved]
    if placed:
        _ATTEMPTS_PLACED.run(connection, ({"attempt": p.taken.attempt_id, "call": p.call_id, "at": p.at} for p in placed))
        add_changes(connection, map(change_by, placed))
    for one in placements:
        if one.taken.lead_id not in moved:
            _log_late_answer(connection, one)
    return {
        (one.taken.campaign_id, one.token): bool(row.state == "running" and row.owner_token == one.token)
        for one in placements
        if (row := campaigns.get(one.taken.campaign_id)) is not None
    }


def _to_lock(connection: Connection, placements: Sequence[Placement]) -> set[str]:
    """The campaigns that must be locked, or asked whether they run. On SQLite a transaction that may write is the only one."""
    locks = connection.dialect.name != "sqlite"
    return {one.taken.campaign_id for one in placements if locks or one.when_over is not None}


def _log_late_answer(connection: Connection, late: Placement) -> None:
    attempt_id = late.taken.attempt_id
    known = connection.execute(select(_attempts.c.call_id).where(_attempts.c.id == attempt_id)).scalar_one_or_none()
    if known == late.call_id:
        log.info("the result of call %s was faster than the answer of its dialout, or it is known already", late.call_id)
    else:
        log.warning("the dialout of attempt %s was answered too late: lead %s has moved on", attempt_id, late.taken.lead_id)
