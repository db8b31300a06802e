"""Deletes a campaign: its leads, and what its calls say of people. The calls stay as figures, with the phone that caps count by."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from typing import Final

from sqlalchemy import delete

from core.kernel.database import Database
from core.kernel.statements import table_of
from core.people.erasing import ErasedCalls, empty_calls, overwrite_deleted
from dialler.people.campaigns import calls_of_some, delete_rest, delete_some, refuse_busy
from web.console.accounts.tables import CampaignOwner
from web.console.audit.log import Actor, Entry, add_entry
from web.people.whole import Place

__all__ = ["delete_campaign"]

log = logging.getLogger(__name__)

_owners: Final = table_of(CampaignOwner)


async def delete_campaign(place: Place, campaign_id: str, actor: Actor, now: datetime, wall: datetime) -> dict[str, int]:
    """Delete a campaign that is over, in batches. It can be run again, and goes on where it was.

    Args:
        place: where.
        campaign_id: the campaign.
        actor: who does it, for the audit log.
        now: the current time.
        wall: real time, for the lease of its process.

    Returns:
        How many leads and calls it had, and how many recordings were deleted.

    Raises:
        NotErasable: it is not over, or was started again meanwhile.
        core.storage.base.StorageError: a recording could not be deleted; run it again.
    """
    await asyncio.to_thread(_refuse, place.db, campaign_id, wall)
    leads, calls = 0, ErasedCalls()
    while True:
        ids, call_ids = await asyncio.to_thread(_some, place.db, campaign_id)
        if not ids:
            break
        emptied = await empty_calls(place.db, place.recordings, call_ids, now)
        await asyncio.to_thread(_delete, place.db, campaign_id, ids, wall)
        leads, calls.calls, calls.recordings = leads + len(ids), calls.calls + emptied.calls, calls.recordings + emptied.recordings
    counts = {"leads": leads, "calls": calls.calls, "recordings": calls.recordings}
    while not await asyncio.to_thread(_finish, place.db, campaign_id, actor, counts, now, wall):
        pass
    log.info("campaign %s was deleted: %d leads, %d calls", campaign_id, leads, calls.calls)
    return counts


def _refuse(db: Database, campaign_id: str, wall: datetime) -> None:
    with db.write() as connection:
        refuse_busy(connection, campaign_id, wall)


def _some(db: Database, campaign_id: str) -> tuple[list[int], list[str]]:
    with db.read() as connection:
        ids, calls = calls_of_some(connection, campaign_id)
    return list(ids), calls


def _delete(db: Database, campaign_id: str, ids: list[int], wall: datetime) -> None:
    with db.write(long=True) as connection:
        overwrite_deleted(connection)
        delete_some(connection, campaign_id, ids, wall)


def _finish(db: Database, campaign_id: str, actor: Actor, counts: dict[str, int], now: datetime, wall: datetime) -> bool:
    with db.write(long=True) as connection:
        overwrite_deleted(connection)
        connection.execute(delete(_owners).where(_owners.c.campaign_id == campaign_id))
        gone = delete_rest(connection, campaign_id, wall)
        if gone:
            add_entry(connection, actor, Entry("campaign.delete", "campaign", campaign_id, campaign_id, before=counts), now)
    return gone
