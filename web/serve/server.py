"""The API in this process's event loop, beside the supervisor, until a signal comes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvicorn

from core.fleet.store import set_draining
from dialler.scheduler.outages import DATABASE_FAILURES
from dialler.scheduler.runner import CampaignRunner
from web.composition import Whole, open_whole
from web.console.application import add_console, first_address
from web.reports.jobs import ReportJobs
from web.reports.schedule import Schedules
from web.run.folder import CampaignFolder
from web.run.prepare import ensure_campaign
from web.run.reporters import Reporter
from web.run.session import crm_of, run_campaign
from web.run.summary import RunSummary
from web.serve.listening import config_for
from web.serve.supervisor import Supervisor
from web.settings import Settings

__all__ = ["serve_until_stopped"]

log = logging.getLogger(__name__)

_CLOSING_SECONDS = 8.0
"""How long WebSocket clients have to receive the end of their calls."""


class _Server(uvicorn.Server):
    """A server whose signals we handle ourselves."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def serve_until_stopped(
    settings: Settings,
    listener: socket.socket,
    folder: CampaignFolder | None,
    out: Path,
    reporter: Reporter,
    on_end: Callable[[RunSummary], None],
    *,
    moved: bool = False,
    calls_only: bool = False,
    schedules: Schedules | None = None,
) -> None:
    """Serve the API on `listener` and dial for every running campaign, until SIGINT or SIGTERM; a second one ends the calls, too.

    Args:
        settings: the settings of this process.
        listener: the listening socket.
        folder: a campaign to import and run first; None for none.
        out: where to write the files of that campaign.
        reporter: receives its progress.
        on_end: receives the result of that campaign.
        moved: the campaign of the folder's name belongs to this folder from now on.
        calls_only: dial for no campaign; other processes on the database do.
        schedules: which reports to send when; None: none.

    Raises:
        AlreadyRunning: a live process dials for the folder's campaign.
        OtherFolder: the database has a campaign of this name of another folder.
    """
    if folder is not None:
        settings = replace(settings, campaign=folder.campaign.name)
    async with open_whole(settings) as whole:
        campaign_id = ensure_campaign(whole, folder, moved=moved) if folder else ""
        with crm_of(whole, folder, out) if folder else contextlib.nullcontext() as crm:
            if crm is not None:
                reporter.say(f"The sample CRM shows what arrives: open {crm.url} in a browser.")
            console = add_console(whole)
            reporter.say(f"Open {first_address(console)} in a browser.")
            server = _Server(config_for(whole.app, timeout_graceful_shutdown=5))
            supervisor = Supervisor(whole, reporter.say)
            sending = _start_reports(whole, schedules)
            serving = asyncio.create_task(server.serve(sockets=[listener]), name="API")
            others = []
            if folder is not None:  # before the supervisor looks, which would otherwise take the campaign
                others.append(asyncio.create_task(_run(whole, folder, campaign_id, out, reporter, supervisor, on_end), name="campaign"))
            if not calls_only:
                others.append(asyncio.create_task(supervisor.run(), name="supervisor"))
            try:
                await _until_stopped(whole, supervisor, [serving, *others], reporter)
            finally:
                if whole.sockets is not None:  # before the server, which would close them without a proper end
                    await whole.sockets.hang_up(_CLOSING_SECONDS)
                console.close()  # its streams would keep the server from stopping
                server.should_exit = True
                for task in sending:
                    whole.clock.cancel(task)
                for task in others:
                    task.cancel()
                await asyncio.gather(serving, *others, return_exceptions=True)


def _start_reports(whole: Whole, schedules: Schedules | None) -> list[asyncio.Task[None]]:
    maker = whole.app.state.dialler.reports
    return [] if schedules is None else ReportJobs(schedules, whole.db, whole.clock, maker, whole.secrets).start()


async def _run(
    whole: Whole,
    folder: CampaignFolder,
    campaign_id: str,
    out: Path,
    reporter: Reporter,
    supervisor: Supervisor,
    on_end: Callable[[RunSummary], None],
) -> None:
    """Run the folder's campaign, then tell the user that the API stays up."""

    def guard(runner: CampaignRunner, _: Reporter) -> contextlib.AbstractContextManager[None]:
        return supervisor.care_for(runner)

    on_end(await run_campaign(whole, folder, campaign_id, out, reporter, guard))
    reporter.say("The API stays up until Ctrl-C.")


async def _until_stopped(whole: Whole, supervisor: Supervisor, tasks: list[asyncio.Task[None]], reporter: Reporter) -> None:
    """Wait for the first signal, then for the calls in progress or for the second signal. Raises the exception of a failed task."""
    loop = asyncio.get_running_loop()
    signals: asyncio.Queue[int] = asyncio.Queue()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, signals.put_nowait, number)
    try:
        await _first(signals.get(), *tasks)
        reporter.say("Stopping: no new dials; the calls in progress are being finished. Ctrl-C again ends them now.")
        await _first(signals.get(), asyncio.create_task(_finish(whole, supervisor, tasks)))
        await supervisor.cancel()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _finish(whole: Whole, supervisor: Supervisor, tasks: list[asyncio.Task[None]]) -> None:
    """Stop dialling, refuse new calls, and wait until the calls in progress are over, including those requested by others."""
    try:
        with whole.db.write() as connection:
            set_draining(connection, whole.engine.worker_id, draining=True)
    except DATABASE_FAILURES as error:
        log.warning("calls may still be accepted, because the database does not answer (%s)", type(error).__name__)
    if whole.sockets is not None:
        await asyncio.gather(supervisor.stop(), whole.sockets.transport.drain())
    else:
        await supervisor.stop()
    if campaign := [task for task in tasks if task.get_name() == "campaign" and not task.done()]:
        await asyncio.wait(campaign)
    while calls := set(whole.engine.tasks):
        await asyncio.wait(calls)


async def _first(wake: Any, *tasks: asyncio.Task[None]) -> None:
    """Wait for `wake`, or for a task that fails, or, if it is the only one, ends."""
    waking = asyncio.ensure_future(wake)
    waiting: set[asyncio.Future[Any]] = {waking, *tasks}
    try:
        while waking in waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            if len(tasks) == 1 and done:
                return
    finally:
        waking.cancel()
