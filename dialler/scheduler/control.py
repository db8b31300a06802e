"""Operators' orders from other processes, seen and carried out.

Orders come in real time, whatever the clock does, so they are looked for in real time. Ending calls goes through the core,
in a task of the clock.
"""

from __future__ import annotations

import asyncio
import logging

from sqlalchemy import select, update

from dialler.campaigns.store import read_campaign
from dialler.campaigns.tables import Campaign
from dialler.core_client import CoreUnreachable
from dialler.leads.tables import Attempt
from dialler.scheduler.runner import Parts

__all__ = ["end_calls", "watch_orders"]

log = logging.getLogger(__name__)
_attempts = Attempt.__table__  # type: ignore[attr-defined]
_campaigns = Campaign.__table__  # type: ignore[attr-defined]


async def watch_orders(parts: Parts, campaign_id: str, every: float = 0.3) -> None:
    """Look for orders every so many real seconds, until cancelled; wakes the runner and ends calls when asked."""
    seen = None
    while True:
        with parts.db.read() as connection:
            campaign = read_campaign(connection, campaign_id)
        if (order := (campaign.state, campaign.end_calls)) != seen:
            if campaign.end_calls:
                parts.clock.spawn(end_calls(parts, campaign_id), name=f"end the calls of campaign {campaign_id}")
            if seen is not None and campaign_id in parts.wakes:
                parts.wakes[campaign_id].set()
            seen = order
        await asyncio.sleep(every)


async def end_calls(parts: Parts, campaign_id: str) -> None:
    """End every call of the campaign that is in progress, and take the order as carried out."""
    with parts.db.read() as connection:
        calls = connection.execute(
            select(_attempts.c.call_id).where(
                _attempts.c.campaign_id == campaign_id, _attempts.c.state == "placed", _attempts.c.call_id.is_not(None)
            )
        ).scalars()
        call_ids = list(calls)
    for call_id in call_ids:
        try:
            await parts.core.cancel(call_id)
        except CoreUnreachable as error:
            log.warning("a call could not be ended: %s", error)
    with parts.db.write() as connection:
        connection.execute(update(_campaigns).where(_campaigns.c.id == campaign_id).values(end_calls=False))
