"""A whole campaign against a core behind a URL: dialled over HTTP, its results received by the webhook."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import select

from core.kernel.clock import RealClock
from core.kernel.database import Database
from core.kernel.ids import Ids
from dialler.api.results import RESULTS_PATH, include_results
from dialler.campaigns.store import read_campaign
from dialler.core_client import CoreClient
from dialler.leads.tables import ReceivedResult
from dialler.scheduler.runner import CampaignRunner, Parts
from tests.conftest import START
from tests.core.api.support import store_bot
from tests.dialler.seam.cores import SECRET, SPEED, LoopbackServer, copy_of, core_settings, make_key, served
from tests.support import CAMPAIGN, TOKEN, add_leads, attempt_rows, lead_row, make_campaign

NUMBERS = {
    "+12025550107": ("rejected", "exhausted"),
    "+12025550108": ("rejected", "exhausted"),
    "+12025550127": ("no_answer", "exhausted"),
    "+12025550116": ("invalid_number", "exhausted"),
    "+12025550105": ("reached", "completed"),
    "+12025550104": ("reached", "completed"),
    "+12025550100": ("reached", "completed"),
}

Run = Callable[[CampaignRunner, Parts], Coroutine[Any, Any, None]]


@pytest.fixture
def campaign(sqlite_template: Path, tmp_path: Path) -> Callable[..., Any]:
    """`campaign(run, api_key=None)`: a dialler with a database of its own and a webhook on loopback, against a core over a URL."""

    def start(run: Run, *, api_key: str | None = None, webhook: bool = True) -> None:
        core_db = copy_of(sqlite_template, tmp_path)
        shutil.copy(sqlite_template, tmp_path / "dialler.db")
        ours = Database(f"sqlite:///{tmp_path}/dialler.db")
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
                server = LoopbackServer(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
                serving = asyncio.create_task(server.serve(sockets=[listener]))
                make_campaign(ours, clock.now(), max_attempts=1, max_uncharged=1)
                add_leads(ours, clock.now(), *NUMBERS)
                try:
                    await run(CampaignRunner(parts, CAMPAIGN, TOKEN), parts)
                finally:
                    server.should_exit = server.force_exit = True
                    await serving

        try:
            with served(core_settings(core_db.url, tmp_path, allow=address)) as (url, _, _stop):
                asyncio.run(asyncio.wait_for(main(url), 60))
        finally:
            listener.close()
            ours.close()
            core_db.close()

    return start


def rang(folder: Path) -> Counter[str]:
    """How often each attempt reached the callees' network, by their own log."""
    lines = [json.loads(line) for line in (folder / "network.jsonl").read_text(encoding="utf-8").splitlines()]
    return Counter(line["attempt"] for line in lines if line["event"] == "invite")


def test_a_campaign_over_a_url_with_results_by_the_webhook(campaign: Callable[..., Any], tmp_path: Path) -> None:
    async def run(runner: CampaignRunner, parts: Parts) -> None:
        assert await runner.run() == "completed"
        attempts = set()
        for lead_id, (phone, (outcome, state)) in enumerate(NUMBERS.items(), 1):
            lead = lead_row(parts.db, lead_id)
            assert (lead.phone, lead.outcome, lead.state) == (phone, outcome, state)
            [attempt] = attempt_rows(parts.db, lead_id)
            attempts.add(attempt.id)
        assert rang(tmp_path) == dict.fromkeys(attempts, 1)
        with parts.db.read() as connection:
            received = connection.execute(select(ReceivedResult.__table__)).all()  # type: ignore[attr-defined]
        assert {row.attempt_id for row in received} == attempts

    campaign(run)


def test_results_that_never_come_are_fetched(campaign: Callable[..., Any], tmp_path: Path) -> None:
    async def run(runner: CampaignRunner, parts: Parts) -> None:
        async def sweep() -> None:
            while True:
                await parts.clock.sleep(30)
                await runner.reconcile(parts.clock.now())

        sweeping = parts.clock.spawn(sweep(), name="sweep")
        try:
            assert await runner.run() == "completed"
        finally:
            sweeping.cancel()
        assert {lead_row(parts.db, n).state for n in range(1, len(NUMBERS) + 1)} == {state for _, state in NUMBERS.values()}
        assert set(rang(tmp_path).values()) == {1}

    campaign(run, webhook=False)


def test_a_wrong_key_ends_the_campaign_with_its_reason(campaign: Callable[..., Any], tmp_path: Path) -> None:
    async def run(runner: CampaignRunner, parts: Parts) -> None:
        assert await runner.run() == "failed"
        with parts.db.read() as connection:
            assert "API key" in read_campaign(connection, CAMPAIGN).reason
        assert rang(tmp_path) == {}

    campaign(run, api_key="dk_wrong")
