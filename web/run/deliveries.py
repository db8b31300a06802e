"""What has become of the pushes of one campaign, and one more try for those that are left."""

from __future__ import annotations

import asyncio

from sqlalchemy import Connection, func, select

from core.deliveries.tables import Delivery
from core.deliveries.worker import DeliveryWorker
from core.kernel.database import Database
from core.kernel.statements import table_of
from dialler.leads.tables import Attempt

__all__ = ["count_deliveries", "flush"]

_deliveries = table_of(Delivery)
_attempts = table_of(Attempt)

_TRIES = 3
_PAUSE = 1.0
"""Real seconds between two tries: a CRM comes back in real time, whatever our clock does."""


def count_deliveries(connection: Connection, campaign_id: str, kind: str = "crm_push") -> dict[str, int]:
    """How many deliveries of the campaign's calls are `pending`, `delivered` and `dead`."""
    rows = connection.execute(
        select(_deliveries.c.state, func.count())
        .join(_attempts, _attempts.c.call_id == _deliveries.c.call_id)
        .where(_attempts.c.campaign_id == campaign_id, _deliveries.c.kind == kind)
        .group_by(_deliveries.c.state)
    )
    return {"pending": 0, "delivered": 0, "dead": 0} | {row[0]: row[1] for row in rows}


async def flush(db: Database, worker: DeliveryWorker, campaign_id: str) -> dict[str, int]:
    """Try every pending delivery again, a few times; returns the counts that are left in the end."""
    for number in range(_TRIES):
        if number:
            await asyncio.sleep(_PAUSE)
        await worker.flush()
        with db.read() as connection:
            counts = count_deliveries(connection, campaign_id)
        if not counts["pending"]:
            break
    return counts
