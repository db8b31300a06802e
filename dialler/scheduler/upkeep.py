"""What a campaign's leads need before the next step: times that changed, leads that expired, leads that became due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from core.kernel.statements import AnyRow
from dialler.campaigns.config import CampaignConfig
from dialler.imports.times import TimeOptions
from dialler.leads.limits import limits_differ, note_limits, renew_limits
from dialler.leads.progress import Backlog, backlog
from dialler.leads.queue import AT_ONCE, expire_due, promote_due
from dialler.scheduler.parts import Parts

__all__ = ["keep_up"]


async def keep_up(parts: Parts, campaign_id: str, campaign: AnyRow, work: Backlog, config: CampaignConfig) -> Backlog:
    """Bring the leads of a campaign up to date, in batches between which others get their turn. Returns its backlog as it is then.

    Args:
        parts: database and clock.
        campaign_id: the campaign.
        campaign: its row, as it was looked at.
        work: its backlog, as it was looked at.
        config: its settings.
    """
    db, now = parts.db, parts.clock.now()
    if limits_differ(campaign.lead_times, times := config.time_options()):
        await _renew_limits(parts, campaign_id, times, config.default_region)
        with db.read() as connection:
            work = backlog(connection, campaign_id)
    if work.next_expiry is not None and work.next_expiry <= now:
        work = await _in_batches(parts, campaign_id, expire_due, now)
    if work.next_due is not None and work.next_due <= now:
        work = await _in_batches(parts, campaign_id, promote_due, now)
    return work


async def _in_batches(parts: Parts, campaign_id: str, step: Callable[[Connection, str, datetime], int], now: datetime) -> Backlog:
    """Do a step until it has nothing left; returns the backlog as it is then."""
    while True:
        with parts.db.write() as connection:
            done = step(connection, campaign_id, now)
            work = backlog(connection, campaign_id)
        await parts.clock.sleep(0)
        if done < AT_ONCE:
            return work


async def _renew_limits(parts: Parts, campaign_id: str, times: TimeOptions, region: str | None) -> None:
    """Compute when each waiting lead may be dialled, after the settings that say so were changed."""
    last: int | None = 0
    while last is not None:
        with parts.db.write() as connection:
            last = renew_limits(connection, campaign_id, times, region, last, parts.clock.now())
            if last is None:
                note_limits(connection, campaign_id, times, renewed=True)
        await parts.clock.sleep(0)
