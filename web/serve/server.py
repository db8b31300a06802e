"""The API in this process's event loop, beside the supervisor, until a signal comes."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import uvicorn

from web.composition import Whole, open_whole
from web.ownership import lease
from web.run.crm import sample_crm
from web.run.folder import CampaignFolder
from web.run.prepare import ensure_campaign, import_leads, start_campaign, store_settings
from web.run.push_checks import SAMPLE_CRM
from web.run.session import CRM_FILE
from web.serve.supervisor import Supervisor
from web.settings import Settings

__all__ = ["serve_until_stopped"]


class _Server(uvicorn.Server):
    """One whose signals we take care of ourselves."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def serve_until_stopped(
    settings: Settings, listener: socket.socket, folder: CampaignFolder | None, out: Path, tell: Callable[[str], None]
) -> None:
    """Serve the API on `listener` and dial for every running campaign, until SIGINT or SIGTERM; a second one ends calls, too.

    Args:
        settings: of this process.
        listener: a socket that listens.
        folder: a campaign to import and start first; None for none.
        out: where the sample CRM writes, if the folder's bot pushes to it.
        tell: told what happens, in sentences for people.

    Raises:
        AlreadyRunning: a live process dials for the folder's campaign.
    """
    async with open_whole(settings) as whole, _crm(whole, folder, out, tell):
        if folder is not None:
            _start(whole, folder, tell)
        server = _Server(uvicorn.Config(whole.app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=5))
        supervisor = Supervisor(whole, tell)
        asked = _signals(tell)
        serving = asyncio.create_task(server.serve(sockets=[listener]), name="API")
        looking = asyncio.create_task(supervisor.run(), name="supervisor")
        try:
            await _first(serving, looking, asyncio.ensure_future(asked[0].wait()))
            looking.cancel()
            ending = asyncio.create_task(supervisor.stop(), name="finishing calls")
            await _first(ending, asyncio.ensure_future(asked[1].wait()))
            if not ending.done():
                await supervisor.cancel()
        finally:
            server.should_exit = True
            looking.cancel()
            await asyncio.gather(serving, looking, return_exceptions=True)
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().remove_signal_handler(number)


def _start(whole: Whole, folder: CampaignFolder, tell: Callable[[str], None]) -> None:
    campaign_id = ensure_campaign(whole, folder)
    with lease(whole, campaign_id):
        store_settings(whole, folder, campaign_id)
        for line in import_leads(whole, folder, campaign_id).lines():
            tell(line)
        if not start_campaign(whole, campaign_id):
            tell(f"{folder.campaign.name}: nothing to dial now.")


@contextlib.asynccontextmanager
async def _crm(whole: Whole, folder: CampaignFolder | None, out: Path, tell: Callable[[str], None]) -> AsyncIterator[None]:
    """The sample CRM, if the folder's bot pushes to it."""
    push = folder.bot.post_call_push if folder else None
    if push is None or push.url != SAMPLE_CRM:
        yield
        return
    with sample_crm(whole, out / CRM_FILE) as crm:
        tell(f"The sample CRM writes what arrives into {out / CRM_FILE}, and shows it at {crm.results_url}.")
        yield


def _signals(tell: Callable[[str], None]) -> tuple[asyncio.Event, asyncio.Event]:
    """Events that the first and the second signal set."""
    first, second = asyncio.Event(), asyncio.Event()

    def interrupt() -> None:
        if first.is_set():
            second.set()
        else:
            tell("Stopping: no new dials; the calls in progress are being finished. Ctrl-C again ends them now.")
            first.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, interrupt)
    return first, second


async def _first(*tasks: asyncio.Future[object]) -> None:
    """Wait until one of the tasks has ended; raises what it raised."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
