"""Ends the leads of a person, and takes out what tells of them. The rows stay, so that figures add up.

First all their leads end (`end_leads`): nothing is dialled from then on. The number of a lead goes last (`erase_leads`): until then it is
found again by that number, after a crash as well.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, select, update

from core.kernel.erasure import ERASED, NotErasable, digits_of, erased_result, holds_one_of
from core.kernel.statements import AnyRow, table_of
from dialler.campaigns.store import lock_campaign
from dialler.imports.tables import RejectedRow
from dialler.leads.history import add_history
from dialler.leads.states import CLAIMED, WAITING, next_state
from dialler.leads.tables import Attempt, Lead, LeadHandoff, LeadHistory, LeadNumber
from dialler.people.finding import leads_of, rejected_of, rows_of

__all__ = ["ErasedLeads", "end_leads", "erase_leads"]

_leads, _attempts, _history = table_of(Lead), table_of(Attempt), table_of(LeadHistory)
_numbers, _handoffs, _rejected = table_of(LeadNumber), table_of(LeadHandoff), table_of(RejectedRow)
_WHY_NOT: Final = {
    "staged": "A lead file with the person in it is being imported. Erase them once that is over.",
    "held": "Lead {id} may have been dialled, and nobody said whether it was. Say so first (`dialler leads resolve`), then erase.",
    **dict.fromkeys(CLAIMED, "Lead {id} is being dialled. Erase the person once that call is over."),
}


@dataclass
class ErasedLeads:
    """How much was erased: leads, attempts, entries of the work list, rejected rows."""

    leads: int = 0
    attempts: int = 0
    work_list: int = 0
    rejected_rows: int = 0


def end_leads(connection: Connection, numbers: Collection[str], now: datetime) -> None:
    """End every lead of a person that waits: it is not dialled any more.

    Args:
        connection: a transaction that may write.
        numbers: the keys of all numbers of the person.
        now: the current time.

    Raises:
        NotErasable: a lead is being dialled or imported, nobody knows whether it was dialled, or somebody is about to call the person.
    """
    for campaign_id in sorted({lead.campaign_id for lead in leads_of(connection, numbers)}):
        lock_campaign(connection, campaign_id, alone=True)
    for lead in leads_of(connection, numbers):  # as they are now that nobody else changes them
        if lead.state in _WHY_NOT:
            raise NotErasable(_WHY_NOT[lead.state].format(id=lead.id))
        claimed = select(_handoffs.c.claimed_by).where(_handoffs.c.lead_id == lead.id, _handoffs.c.state == "claimed")
        if (who := connection.execute(claimed).scalar()) is not None:
            raise NotErasable(f"{who} has lead {lead.id} of the work list to call. Erase the person once that is done.")
        if lead.state in WAITING:
            to_state = next_state(lead.state, "erased")
            ended = {"state": to_state, "queue": None, "due_at": None, "updated_at": now}
            connection.execute(update(_leads).where(_leads.c.id == lead.id).values(ended))
            add_history(connection, lead.id, now, lead.state, "erased", to_state)


def erase_leads(connection: Connection, numbers: Collection[str], now: datetime) -> ErasedLeads:
    """Take the person out of their leads and of rejected rows. Their leads have ended (`end_leads`).

    Args:
        connection: a transaction that may write.
        numbers: the keys of all numbers of the person.
        now: the current time.
    """
    done, digits = ErasedLeads(), digits_of(numbers)
    for lead in leads_of(connection, numbers):
        _erase_lead(connection, lead, digits, now, done)
    for row in rejected_of(connection, numbers):
        reason, advice = (ERASED if holds_one_of(text, digits) else text for text in (row.reason, row.advice))
        values = {"value": ERASED, "reason": reason, "advice": advice}
        connection.execute(update(_rejected).where(_rejected.c.id == row.id).values(values))
        done.rejected_rows += 1
    return done


def _erase_lead(connection: Connection, lead: AnyRow, digits: Collection[str], now: datetime, done: ErasedLeads) -> None:
    for attempt in rows_of(connection, _attempts, _attempts.c.lead_id, [lead.id]):
        result = erased_result(attempt.result, digits) if attempt.result is not None else None
        connection.execute(update(_attempts).where(_attempts.c.id == attempt.id).values(phone=None, last_refusal=None, result=result))
        done.attempts += 1
    connection.execute(update(_history).where(_history.c.lead_id == lead.id).values(note=None))
    for entry in rows_of(connection, _handoffs, _handoffs.c.lead_id, [lead.id]):
        closed = {} if entry.state == "done" else {"state": "done", "done_by": ERASED, "done_at": now}
        values = {"reason": None, "note": None, **closed}
        connection.execute(update(_handoffs).where(_handoffs.c.id == entry.id).values(values))
        done.work_list += 1
    connection.execute(delete(_numbers).where(_numbers.c.lead_id == lead.id))
    gone: dict[str, Any] = {"phone": f"{ERASED} {lead.id}", "variables": {}, "numbers": None, "place": 0, "note": None, "updated_at": now}
    connection.execute(update(_leads).where(_leads.c.id == lead.id).values(gone))
    done.leads += 1
