"""Operators' orders from other processes, seen and carried out.

Orders come in real time, whatever the clock does, so they are looked for in real time, by a task that the clock does not
know. Ending calls goes through the core, while virtual time stands still.
"""

from __future__ import annotations

import asyncio
import logging

from sqlalchemy import select, update

from core.kernel.failures import without_values
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
        try:
            seen = await _look(parts, campaign_id, seen)
        except Exception as error:  # whatever it was, the next order must not be missed for it
            again = "the orders for campaign %s could not be carried out; they are looked for again: %s"
            log.error(again, campaign_id, without_values(error))
        await asyncio.sleep(every)


async def _look(parts: Parts, campaign_id: str, seen: str | None) -> str:
    """Look once. Returns the state that the campaign is in."""
    with parts.db.read() as connection:
        campaign = read_campaign(connection, campaign_id)
    if seen not in {None, campaign.state} and campaign_id in parts.wakes:
        parts.wakes[campaign_id].set()
    if campaign.end_calls:
        with parts.clock.hold():
            await end_calls(parts, campaign_id)
    return str(campaign.state)


async def end_calls(parts: Parts, campaign_id: str) -> None:
    """End every call of the campaign that is in progress.

    The order is taken as carried out once no further dial is on its way and every call was told; until then it stands,
    and is to be carried out again.
    """
    with parts.db.read() as connection:
        under_way = connection.execute(
            select(_attempts.c.state, _attempts.c.call_id).where(
                _attempts.c.campaign_id == campaign_id, _attempts.c.state.in_(("placing", "placed"))
            )
        ).all()
    carried_out = all(attempt.state == "placed" for attempt in under_way)
    for attempt in under_way:
        if attempt.call_id is not None:
            try:
                await parts.core.cancel(attempt.call_id)
            except CoreUnreachable as error:
                log.warning("a call could not be ended: %s", error)
                carried_out = False
    if carried_out:
        with parts.db.write() as connection:
            connection.execute(update(_campaigns).where(_campaigns.c.id == campaign_id).values(end_calls=False))
