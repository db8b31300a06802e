"""A campaign's runner, and what goes on beside it: the sweep for results that never came, and operators' orders."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from core.bots.config import BotConfig
from core.bots.store import read_bot
from dialler.campaigns.store import read_campaign
from dialler.scheduler.control import watch_orders
from dialler.scheduler.periodic import start_job
from dialler.scheduler.reconcile import stale_after
from dialler.scheduler.runner import CampaignRunner
from web.composition import Whole

__all__ = ["dial", "dialling"]

_SWEEP_SECONDS = 300


async def dial(whole: Whole, runner: CampaignRunner) -> str:
    """Let a runner dial to its end, in a task of the clock: so a scaled clock waits for its work. Returns the campaign's state.

    Raises:
        LeaseLost: if another process took the campaign over.
    """

    async def run() -> str | Exception:
        try:
            return await runner.run()
        except Exception as error:  # raised below: the clock would log it as one that nobody awaits
            return error

    task = whole.clock.spawn(run(), name=f"runner of campaign {runner.campaign_id}")
    try:
        await whole.clock.join(task)
    finally:
        whole.clock.cancel(task)
        await asyncio.wait({task})  # not by the clock: it may stand still for a call whose model does not answer
    if isinstance(ended := task.result(), Exception):
        raise ended
    return ended


@contextlib.asynccontextmanager
async def dialling(whole: Whole, campaign_id: str, token: str) -> AsyncIterator[CampaignRunner]:
    """The runner of a campaign whose lease this process holds under `token`; the block runs it."""
    with whole.db.read() as connection:
        bot = read_bot(connection, read_campaign(connection, campaign_id).bot_id)
    longest = (bot.config if bot else BotConfig(name="gone")).max_call_duration_seconds
    runner = CampaignRunner(whole.parts, campaign_id, token)
    sweep = start_job(
        whole.clock,
        "results that never came",
        _SWEEP_SECONDS,
        lambda: runner.reconcile(whole.clock.now() - stale_after(longest)),
    )
    orders = asyncio.create_task(watch_orders(runner), name=f"orders for campaign {campaign_id}")
    try:
        yield runner
    finally:
        whole.clock.cancel(sweep)
        orders.cancel()
        await asyncio.gather(orders, return_exceptions=True)
