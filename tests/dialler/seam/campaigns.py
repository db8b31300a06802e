"""A dialler with a campaign against a core: embedded (one process, one database, virtual time), or over a URL (two databases, real
sockets both ways, scaled time). Tests of whole campaigns run on both."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import select, update

from core.access.tables import ApiKey
from core.kernel.clock import RealClock
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.statements import table_of
from dialler.api.results import RESULTS_PATH, include_results
from dialler.campaigns.store import note_run
from dialler.core_client import CoreClient
from dialler.scheduler.runner import CampaignRunner, Parts
from tests.conftest import START
from tests.core.api.support import client_of, store_bot
from tests.dialler.seam.cores import SECRET, SPEED, LoopbackServer, copy_of, core_settings, make_key, served
from tests.support import CAMPAIGN, TOKEN, add_leads, attempts, make_campaign
from web.composition import open_whole

__all__ = ["Campaign", "ResultsWebhook", "RunCampaign", "embedded_campaign", "url_campaign"]


@dataclass
class ResultsWebhook:
    """Stands before the dialler's results webhook, and spoils it. `arrived` counts what came, by `webhook-id`.

    Attributes:
        lose_first_answers: each result is taken in, and the first answer to it is a 500 all the same.
        closed: nothing is let through, and everything answered 503.
    """

    app: Any
    lose_first_answers: bool = False
    closed: bool = False
    arrived: Counter[str] = field(default_factory=Counter)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != RESULTS_PATH:
            await self.app(scope, receive, send)
            return
        name = next(value.decode() for key, value in scope["headers"] if key == b"webhook-id")
        self.arrived[name] += 1
        if self.closed:
            await self._answer(send, 503)
        elif self.lose_first_answers and self.arrived[name] == 1:
            await self.app(scope, receive, self._nowhere)
            await self._answer(send, 500)
        else:
            await self.app(scope, receive, send)

    @staticmethod
    async def _nowhere(_: Any) -> None:
        """The answer that is lost."""

    @staticmethod
    async def _answer(send: Any, status: int) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@dataclass
class Campaign:
    """A campaign that is about to run; another one made of the same parts continues it, as a new process does."""

    parts: Parts
    webhook: ResultsWebhook
    leads: list[int]
    folder: Path

    def __post_init__(self) -> None:
        self.runner = CampaignRunner(self.parts, CAMPAIGN, TOKEN)

    def rang(self) -> Counter[str]:
        """How often each attempt reached the callees' network, by their own log."""
        lines = [json.loads(line) for line in (self.folder / "network.jsonl").read_text(encoding="utf-8").splitlines()]
        return Counter(line["attempt"] for line in lines if line["event"] == "invite")

    def received(self) -> list[Any]:
        """The attempts whose results were taken in."""
        with self.parts.db.read() as connection:
            return list(connection.execute(select(attempts).where(attempts.c.result.is_not(None))))

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait in clock time until something is true, a day at most."""
        for _ in range(8640):
            if true():
                return
            await self.parts.clock.sleep(10)
        raise AssertionError("it never came about")


RunCampaign = Callable[[Campaign], Coroutine[Any, Any, None]]


def embedded_campaign(
    run: RunCampaign, template: Path, folder: Path, numbers: list[str], *, api_key: str | None = None, webhook: bool = True
) -> None:
    """Run a campaign in one process with its core, as `dialler run` is wired."""
    shutil.copy(template, folder / "core.db")
    settings = replace(core_settings(f"sqlite:///{folder}/core.db", folder), speed=None)

    async def main() -> None:
        async with open_whole(settings) as whole:
            results = ResultsWebhook(whole.app)
            whole.client.mount("embedded-dialler", results)
            if not webhook:
                with whole.db.write() as connection:
                    connection.execute(update(table_of(ApiKey)).values(results_url=None))
            if api_key is not None:
                whole.parts.core = CoreClient(client_of(whole.app), api_key, whole.clock)
            store_bot(whole.db, START, "bot")
            make_campaign(whole.db, whole.clock.now(), max_attempts=1, max_uncharged=1)
            with whole.db.write() as connection:
                note_run(connection, CAMPAIGN, "sandbox", own_clock=True)  # as whoever takes its lease does
            await run(Campaign(whole.parts, results, add_leads(whole.db, whole.clock.now(), *numbers), folder))

    asyncio.run(asyncio.wait_for(main(), 60))


def url_campaign(
    run: RunCampaign, template: Path, folder: Path, numbers: list[str], *, api_key: str | None = None, webhook: bool = True
) -> None:
    """Run a campaign whose core is behind a URL; its results come to a webhook on loopback, and its database is its own."""
    core_db = copy_of(template, folder)
    shutil.copy(template, folder / "dialler.db")
    ours = Database(f"sqlite:///{folder}/dialler.db")
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    key = make_key(core_db, results_url=f"http://{address}{RESULTS_PATH}" if webhook else None, results_secret="secret:SEAM_SECRET")
    store_bot(core_db, START, "bot")

    async def main(url: str) -> None:
        clock = RealClock(SPEED, START)
        async with httpx.AsyncClient(base_url=url, timeout=10) as http:
            parts = Parts(ours, clock, Ids(), CoreClient(http, api_key or key, clock))
            app = FastAPI()
            include_results(app, parts, lambda: SECRET)
            results = ResultsWebhook(app)
            server = LoopbackServer(uvicorn.Config(results, log_config=None, access_log=False, lifespan="off"))
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            make_campaign(ours, clock.now(), max_attempts=1, max_uncharged=1)
            try:
                await run(Campaign(parts, results, add_leads(ours, clock.now(), *numbers), folder))
            finally:
                server.should_exit = server.force_exit = True
                await serving

    try:
        with served(core_settings(core_db.url, folder, allow=address)) as (url, _, _stop):
            asyncio.run(asyncio.wait_for(main(url), 60))
    finally:
        listener.close()
        ours.close()
        core_db.close()
