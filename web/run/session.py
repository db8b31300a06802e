"""The run of one campaign's folder, from import to outputs."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.bots.store import save_bot
from core.kernel.processes import this_process
from dialler.campaigns.owner import acquire, release, renew
from dialler.campaigns.states import OVER
from dialler.campaigns.store import change_state, create_campaign, find_campaign, read_campaign, update_settings
from dialler.imports.report import ImportReport
from dialler.imports.staging import import_file
from dialler.leads.progress import backlog, progress
from dialler.scheduler.control import watch_orders
from dialler.scheduler.periodic import start_job
from dialler.scheduler.reconcile import stale_after
from dialler.scheduler.runner import CampaignRunner
from web.composition import Whole, open_whole
from web.run.audit import audit
from web.run.deliveries import flush
from web.run.folder import CampaignFolder
from web.run.outputs import write_outputs
from web.run.progress import Reporter, look, report_progress
from web.run.summary import RunSummary, summarise, write_summary
from web.sample_crm.process import SampleCrm
from web.settings import Settings

__all__ = ["EXIT_DONE", "EXIT_STOPPED", "EXIT_UNDELIVERED", "EXIT_UNUSABLE", "run_folder"]

EXIT_DONE, EXIT_STOPPED, EXIT_UNUSABLE, EXIT_UNDELIVERED = 0, 1, 2, 3

SAMPLE_CRM = "sample-crm"
_SAMPLE_CRM_TOKEN = "SAMPLE_CRM_TOKEN"  # noqa: S105 - a name, not a secret


@dataclass(frozen=True)
class _Ended:
    state: str
    report: ImportReport


async def run_folder(folder: CampaignFolder, settings: Settings, out: Path, reporter: Reporter) -> RunSummary:
    """Run a campaign until no lead can be dialled any more, push its results, and write its files into `out`.

    Raises:
        AlreadyRunning: if a live process runs this campaign on this database.
    """
    async with open_whole(settings) as whole:
        campaign_id = _prepare(whole, folder)
        with _lease(whole, campaign_id) as token:
            async with _sample_crm(whole, folder, out):
                ended = await _dial(whole, folder, campaign_id, token, reporter)
                reporter.say("Pushing what is left to the CRM ...")
                deliveries = await flush(whole.db, whole.deliveries, campaign_id)
        write_outputs(whole.db, campaign_id, out)
        summary = summarise(
            whole, folder, campaign_id, ended.state, ended.report, deliveries, audit(whole.db, campaign_id, settings.network_log)
        )
        write_summary(summary, out)
        return summary


def _prepare(whole: Whole, folder: CampaignFolder) -> str:
    """Store the bot and the campaign as the folder has them now; returns the campaign's id."""
    now, settings = whole.clock.now(), folder.campaign.model_dump(mode="json")
    with whole.db.write() as connection:
        bot = save_bot(connection, folder.bot, now)
        before = find_campaign(connection, folder.campaign.name)
        if before is not None:
            update_settings(connection, before.id, bot.id, settings)
            return str(before.id)
        campaign_id = whole.ids.new("campaign", folder.campaign.name)
        create_campaign(connection, campaign_id, folder.campaign.name, bot.id, settings, now)
        return campaign_id


@contextlib.contextmanager
def _lease(whole: Whole, campaign_id: str) -> Iterator[str]:
    """Own the campaign for the length of the block."""
    token = secrets.token_hex(16)
    with whole.db.write() as connection:
        acquire(connection, campaign_id, token, this_process(), whole.wall())

    def keep() -> None:
        with whole.db.write() as connection:
            renew(connection, campaign_id, token, whole.wall(), whole.clock.now())

    whole.leases.add("campaign", keep)
    try:
        yield token
    finally:
        whole.leases.remove("campaign")
        with whole.db.write() as connection:
            release(connection, campaign_id, token, whole.clock.now())


@contextlib.asynccontextmanager
async def _sample_crm(whole: Whole, folder: CampaignFolder, out: Path) -> AsyncIterator[None]:
    """Run the sample CRM, if the bot pushes to it."""
    push = folder.bot.post_call_push
    if push is None or push.url != SAMPLE_CRM:
        yield
        return
    token = secrets.token_urlsafe(24)
    with whole.db.write() as connection:
        whole.secrets.set(connection, _SAMPLE_CRM_TOKEN, token, whole.clock.now())
    with SampleCrm(out / "crm.jsonl", token) as crm:
        whole.client.alias(SAMPLE_CRM, crm.push_url, internal=True)
        yield


async def _dial(whole: Whole, folder: CampaignFolder, campaign_id: str, token: str, reporter: Reporter) -> _Ended:
    report = import_file(
        whole.db, whole.clock, whole.ids, campaign_id, folder.leads, source_name=folder.leads.name, options=folder.import_options
    )
    for line in report.lines():
        reporter.say(line)
    if not _start(whole, campaign_id):
        with whole.db.read() as connection:
            return _Ended(read_campaign(connection, campaign_id).state, report)
    runner = CampaignRunner(whole.parts, campaign_id, token)
    stale = start_job(
        whole.clock,
        "results that never came",
        300,
        lambda: runner.reconcile(whole.clock.now() - stale_after(folder.bot.max_call_duration_seconds)),
    )
    with whole.db.read() as connection:
        done_before = progress(connection, campaign_id).done
    began = time.monotonic()
    beside = [
        asyncio.create_task(watch_orders(whole.parts, campaign_id), name="orders"),
        asyncio.create_task(
            report_progress(lambda: look(whole, campaign_id, time.monotonic() - began, done_before), reporter), name="progress"
        ),
    ]
    reporter.start()
    try:
        with _interruptible(runner, reporter):
            state = await runner.run()
    finally:
        whole.clock.cancel(stale)
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        reporter.show(look(whole, campaign_id, time.monotonic() - began, done_before))
        reporter.end()
    return _Ended(state, report)


def _start(whole: Whole, campaign_id: str) -> bool:
    """Set the campaign running if there is anything to dial. Returns False if it is paused, or was over and stays so."""
    with whole.db.write() as connection:
        state = read_campaign(connection, campaign_id).state
        if state in {"paused", "stopping"}:
            return state == "stopping"
        if state in OVER and backlog(connection, campaign_id).empty:
            return False
        change_state(connection, campaign_id, "start", whole.clock.now())
        return True


@contextlib.contextmanager
def _interruptible(runner: CampaignRunner, reporter: Reporter) -> Iterator[None]:
    """The first Ctrl-C (or SIGTERM) lets the calls in progress finish; the second ends the run at once."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    asked = 0

    def interrupt() -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            reporter.say("Stopping: no new dials; the calls in progress are being finished. Ctrl-C again ends them now.")
            runner.drain()
        else:
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    except asyncio.CancelledError:
        if asked < 2:
            raise
        task.uncancel()
        raise KeyboardInterrupt from None
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
