"""Operators' orders, and what else other processes do, seen and carried out.

Orders come in real time, whatever the clock does, so they are looked for in real time, by a task that the clock does not
know. Ending calls goes through the core, while virtual time stands still.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Final

from sqlalchemy import bindparam, select, update

from core.kernel.failures import without_values
from core.kernel.statements import table_of
from dialler.campaigns.tables import Campaign
from dialler.core_client import CoreUnreachable
from dialler.leads.progress import campaign_and_backlog
from dialler.leads.tables import OPEN, Attempt
from dialler.policy.patience import growing
from dialler.scheduler.runner import CampaignRunner, Parts

__all__ = ["end_calls", "watch_orders"]

log = logging.getLogger(__name__)
_attempts = table_of(Attempt)
_campaigns = table_of(Campaign)

_UNDER_WAY = select(_attempts.c.state, _attempts.c.call_id).where(
    _attempts.c.campaign_id == bindparam("campaign_id"), OPEN, _attempts.c.state.in_(("placing", "placed"))
)
_LONGEST: Final = timedelta(seconds=10)


async def watch_orders(runner: CampaignRunner, every: float = 0.3) -> None:
    """Look for orders every so many real seconds, until cancelled; wakes the runner and ends calls when asked.

    What cannot be carried out is tried again after waits that grow to ten seconds.
    """
    seen, failures = None, 0
    while True:
        try:
            seen, carried_out = await _look(runner, seen)
            failures = 0 if carried_out else failures + 1
        except Exception as error:  # whatever it was, the next order must not be missed for it
            away = runner.parts.db.health.away  # then it is looked often, at no cost, so that an order is found as soon as it is back
            failures = 0 if away else failures + 1
            again = "the orders for campaign %s could not be carried out; they are looked for again: %s"
            log.log(runner.parts.db.health.level(logging.ERROR), again, runner.campaign_id, without_values(error))
        await asyncio.sleep(growing(failures, timedelta(seconds=every), _LONGEST).total_seconds() if failures else every)


async def _look(runner: CampaignRunner, seen: str | None) -> tuple[str, bool]:
    """Look once. Returns the state that the campaign is in, and whether every order was carried out."""
    with runner.parts.db.read() as connection:
        campaign, work = campaign_and_backlog(connection, runner.campaign_id)
    if seen not in {None, campaign.state} or (work.ready and runner.idle):  # ordered; or imported or resolved elsewhere
        runner.wake.set()
    if not campaign.end_calls:
        return str(campaign.state), True
    with runner.parts.clock.hold():
        return str(campaign.state), await end_calls(runner.parts, runner.campaign_id)


async def end_calls(parts: Parts, campaign_id: str) -> bool:
    """End every call of the campaign that is in progress. Returns whether the order is carried out.

    It is once no further dial is on its way and every call was told; until then it stands, nothing is dialled, and it is to
    be carried out again.
    """
    parts.journal.flush()
    with parts.db.read() as connection:
        under_way = connection.execute(_UNDER_WAY, {"campaign_id": campaign_id}).all()
    carried_out = all(attempt.state == "placed" for attempt in under_way)
    for attempt in under_way:
        if attempt.call_id is not None:
            try:
                await parts.core.cancel(attempt.call_id)
            except CoreUnreachable as error:
                log.warning("call %s could not be ended, and is to be ended again: %s", attempt.call_id, error)
                carried_out = False
    if carried_out:
        with parts.db.write() as connection:
            connection.execute(update(_campaigns).where(_campaigns.c.id == campaign_id).values(end_calls=False))
        if campaign_id in parts.wakes:
            parts.wakes[campaign_id].set()
    return carried_out
