"""The run of one campaign's folder, from import to outputs."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from core.bots.sample_crm import SAMPLE_CRM
from core.trunks.reading import BUILT_IN
from core.wiring.sip import refuse_own_fault
from dialler.campaigns.store import read_campaign
from dialler.imports.report import ImportReport
from dialler.leads.progress import progress
from dialler.scheduler.runner import CampaignRunner
from web.composition import Whole, open_whole, send_for
from web.dialling import dial, dialling
from web.ownership import lease
from web.run.audit import NOTHING_SEEN, audit
from web.run.callers import Interrupts, finish_callers
from web.run.crm import sample_crm
from web.run.deliveries import flush
from web.run.folder import CampaignFolder
from web.run.outputs import write_outputs
from web.run.prepare import ensure_campaign, import_leads, start_campaign, store_settings
from web.run.progress import ProgressView
from web.run.reporters import Reporter, report_progress
from web.run.summary import RunSummary, summarise, write_summary
from web.sample_crm.process import SampleCrm
from web.settings import Settings

__all__ = [
    "CRM_FILE",
    "EXIT_UNDELIVERED",
    "Guard",
    "crm_of",
    "run_campaign",
    "run_folder",
]

EXIT_UNDELIVERED = 3

CRM_FILE = "crm.jsonl"
"""What arrived at the sample CRM, in the output folder."""


@dataclass(frozen=True)
class _Ended:
    state: str
    report: ImportReport
    reached: float | None = None
    """Clock seconds that passed in one real second while it dialled; None at the factor max, or when it dialled nothing."""


Guard = Callable[[CampaignRunner, Reporter], contextlib.AbstractContextManager[None]]
"""What stands around a runner while it runs, and can end it."""


async def run_folder(
    folder: CampaignFolder,
    settings: Settings,
    out: Path,
    reporter: Reporter,
    *,
    moved: bool = False,
    on_begin: Callable[[str], None] = lambda _: None,
) -> RunSummary:
    """Run a campaign until no lead can be dialled any more, push its results, and write its files into `out`.

    Callers who are on the line then are not cut off. The first SIGINT or SIGTERM lets the calls in progress finish, the second ends them.

    Args:
        folder: the folder.
        settings: of this process.
        out: where its files go.
        reporter: told how it goes.
        moved: the campaign of the folder's name belongs to this folder from now on.
        on_begin: told the name that the campaign has in the database.

    Raises:
        AlreadyRunning: if a live process runs this campaign on this database.
        OwnFault: if the trunk cannot carry calls because of this machine or of its record.
        OtherFolder: if the database has a campaign of this name of another folder.
        OtherBot: if another campaign, which is not over, has another bot of the same id.
        ClockBehind: if real time is to be kept, and the campaign's records are ahead of it.
    """
    async with open_whole(replace(settings, campaign=folder.campaign.name, alone=True)) as whole:
        if whole.sip is not None and settings.trunk is not None:
            refuse_own_fault(whole.sip, settings.trunk)
        campaign_id = ensure_campaign(whole, folder, moved=moved)
        send_for(whole, campaign_id)
        with whole.db.read() as connection:
            on_begin(read_campaign(connection, campaign_id).name)
        with crm_of(whole, folder, out):
            interrupts = Interrupts()
            return await run_campaign(
                whole, folder, campaign_id, out, reporter, interrupts, lambda: finish_callers(whole, reporter, interrupts)
            )


def crm_of(whole: Whole, folder: CampaignFolder, out: Path) -> contextlib.AbstractContextManager[SampleCrm | None]:
    """The sample CRM, if the folder's bot pushes to it."""
    push = folder.bot.post_call_push
    return sample_crm(whole, out / CRM_FILE) if push is not None and push.url == SAMPLE_CRM else contextlib.nullcontext()


async def _nothing() -> None:
    """The process goes on."""


async def run_campaign(
    whole: Whole,
    folder: CampaignFolder,
    campaign_id: str,
    out: Path,
    reporter: Reporter,
    guard: Guard,
    before_the_end: Callable[[], Awaitable[None]] = _nothing,
) -> RunSummary:
    """`run_folder` in a process that is wired already, for a campaign that is there, with the sample CRM up if the bot pushes to it.
    `before_the_end` is awaited when nothing is dialled any more, before the last results are pushed.

    Raises:
        AlreadyRunning: if a live process runs this campaign on this database.
    """
    with lease(whole, campaign_id) as token:
        store_settings(whole, folder, campaign_id)
        ended = await _dial(whole, folder, campaign_id, token, reporter, guard)
        await before_the_end()
        reporter.say("Pushing what is left to the CRM ...")
        deliveries = await flush(whole.db, whole.deliveries, campaign_id)
    # in a thread: under `dialler serve` the API answers meanwhile
    await asyncio.to_thread(write_outputs, whole.db, campaign_id, ended.report.import_id, out)
    log, over_trunk = whole.settings.network_log, whole.settings.trunk not in {None, BUILT_IN}
    found = NOTHING_SEEN if over_trunk and not log.exists() else await asyncio.to_thread(audit, whole.db, log)
    summary = summarise(whole, campaign_id, ended.state, ended.report, deliveries, found, ended.reached, time_zone=folder.time_zone)
    write_summary(summary, out)
    return summary


async def _dial(whole: Whole, folder: CampaignFolder, campaign_id: str, token: str, reporter: Reporter, guard: Guard) -> _Ended:
    report = await import_leads(whole, folder, campaign_id)
    for line in report.lines():
        reporter.say(line)
    if not start_campaign(whole, campaign_id):
        with whole.db.read() as connection:
            return _Ended(read_campaign(connection, campaign_id).state, report)
    with whole.db.read() as connection:
        done_before = progress(connection, campaign_id).done
    began, began_at = time.monotonic(), whole.clock.now()
    view = ProgressView(whole, campaign_id, folder.time_zone, done_before)
    async with dialling(whole, campaign_id, token) as runner:
        telling = asyncio.create_task(report_progress(view.look, reporter), name="progress")
        reporter.start()
        try:
            with guard(runner, reporter):
                state = await dial(whole, runner)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            reporter.show(view.look())
            reporter.end()
    passed = (whole.clock.now() - began_at).total_seconds()
    return _Ended(state, report, None if whole.settings.speed is None else passed / (time.monotonic() - began))
