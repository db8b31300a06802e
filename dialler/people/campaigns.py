"""Deletes a campaign: its leads and what hangs on them in batches, in the end its imports and itself. Its calls are the core's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, func, select

from core.kernel.erasure import NotErasable
from core.kernel.statements import table_of
from dialler.campaigns.owner import owner_of
from dialler.campaigns.states import OVER
from dialler.campaigns.store import lock_campaign
from dialler.campaigns.tables import Campaign
from dialler.imports.tables import LeadImport, RejectedRow
from dialler.leads.states import CLAIMED
from dialler.leads.tables import Attempt, Lead, LeadHandoff, LeadHistory, LeadNumber

__all__ = ["BATCH", "calls_of_some", "delete_rest", "delete_some", "refuse_busy"]

BATCH: Final = 500
"""How many leads, or rejected rows, a transaction deletes."""
_campaigns, _imports, _rejected = table_of(Campaign), table_of(LeadImport), table_of(RejectedRow)
_leads, _attempts = table_of(Lead), table_of(Attempt)
_OF_LEADS: Final = [table_of(model).c.lead_id for model in (LeadHistory, LeadHandoff, LeadNumber, Attempt)]


def refuse_busy(connection: Connection, campaign_id: str, wall: datetime) -> None:
    """Refuse to delete a campaign that is not over, and keep it from being started within this transaction.

    Raises:
        NotErasable: it runs, is paused, or something of it is under way; or it is gone.
    """
    if connection.execute(select(_campaigns.c.id).where(_campaigns.c.id == campaign_id)).first() is None:
        raise NotErasable("The campaign is gone.")
    state = lock_campaign(connection, campaign_id, alone=True).state
    if state not in {"draft", *OVER}:
        raise NotErasable(f"The campaign is {state}. Stop it first (`dialler campaigns stop`), then delete it.")
    owner = owner_of(connection, campaign_id)
    mine = _leads.c.campaign_id == campaign_id
    busy = connection.execute(select(func.count()).select_from(_leads).where(mine, _leads.c.state.in_(CLAIMED))).scalar_one()
    if busy or (owner is not None and owner.alive(wall)):
        raise NotErasable("Calls of the campaign are not over yet, or a process still works on it. Delete it after that.")
    staged = select(_imports.c.id).where(_imports.c.campaign_id == campaign_id, _imports.c.state == "staged")
    if connection.execute(staged.limit(1)).first() is not None:
        raise NotErasable("A lead file is being imported into the campaign. Delete it after that.")


def calls_of_some(connection: Connection, campaign_id: str) -> tuple[Sequence[int], list[str]]:
    """The next leads to delete, and the calls of theirs."""
    ids = (
        connection.execute(select(_leads.c.id).where(_leads.c.campaign_id == campaign_id).order_by(_leads.c.id).limit(BATCH))
        .scalars()
        .all()
    )
    calls = select(_attempts.c.call_id).where(_attempts.c.lead_id.in_(ids), _attempts.c.call_id.is_not(None))
    return ids, list(connection.execute(calls).scalars())


def delete_some(connection: Connection, campaign_id: str, ids: Sequence[int], wall: datetime) -> None:
    """Delete these leads, and everything about them.

    Raises:
        NotErasable: the campaign was started again.
    """
    refuse_busy(connection, campaign_id, wall)
    for column in _OF_LEADS:
        connection.execute(delete(column.table).where(column.in_(ids)))
    connection.execute(delete(_leads).where(_leads.c.id.in_(ids), _leads.c.campaign_id == campaign_id))


def delete_rest(connection: Connection, campaign_id: str, wall: datetime) -> bool:
    """Delete some rejected rows; if there are none left, the imports and the campaign. Returns whether it is gone.

    Raises:
        NotErasable: the campaign was started again.
    """
    refuse_busy(connection, campaign_id, wall)
    imports = select(_imports.c.id).where(_imports.c.campaign_id == campaign_id)
    some = select(_rejected.c.id).where(_rejected.c.import_id.in_(imports)).limit(BATCH)
    if connection.execute(delete(_rejected).where(_rejected.c.id.in_(some))).rowcount:
        return False
    connection.execute(delete(_imports).where(_imports.c.campaign_id == campaign_id))
    connection.execute(delete(_campaigns).where(_campaigns.c.id == campaign_id))
    return True
