"""The supervisor of `dialler serve` goes on looking for campaigns whatever the database does."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from core.kernel.clock import utc_now
from core.kernel.database import Database
from core.kernel.statements import table_of
from dialler.campaigns.store import change_state, create_campaign, note_run, read_campaign
from dialler.campaigns.tables import Campaign
from tests.web.run.folders import settings_for
from web.composition import open_whole
from web.serve.supervisor import Supervisor


def test_it_looks_again_after_waits_that_grow(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    waits: list[float] = []

    class Unlucky(Supervisor):
        def look(self) -> None:
            if len(waits) < 7:
                raise OperationalError("SELECT 1", {}, Exception("database is locked"))

    async def no_wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 9:
            raise asyncio.CancelledError

    async def run() -> None:
        whole: Any = None
        with pytest.raises(asyncio.CancelledError):
            await Unlucky(whole).run()

    monkeypatch.setattr("web.serve.supervisor.asyncio.sleep", no_wait)
    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert waits == [1, 2, 4, 8, 16, 30, 30, 1, 1]
    assert caplog.text.count("the database does not answer") == 7


def test_a_campaign_with_a_clock_of_its_own_is_left_alone_in_real_time(database: Database, database_url: str, tmp_path: Path) -> None:
    ahead, said = utc_now() + timedelta(days=7), list[str]()
    with database.write() as connection:
        for campaign_id, own_clock, clock_at in (("own", True, None), ("ahead", False, ahead), ("real", False, utc_now())):
            create_campaign(connection, campaign_id, campaign_id, "bot", {"name": campaign_id}, utc_now())
            change_state(connection, campaign_id, "start", utc_now())
            values = {"own_clock": own_clock, "clock_at": clock_at}
            connection.execute(update(table_of(Campaign)).where(table_of(Campaign).c.id == campaign_id).values(values))

    async def waiting(speed: float) -> set[str]:
        async with open_whole(settings_for(tmp_path, database_url, speed=speed, start=None, seed=None)) as whole:
            supervisor = Supervisor(whole, said.append)
            return {name for _ in range(2) for _, name in supervisor._waiting()}

    assert asyncio.run(waiting(1.0)) == {"real"}
    assert sorted(sentence.partition(":")[0] for sentence in said) == ["ahead", "own"], "each is said once"
    assert asyncio.run(waiting(60.0)) == {"own", "ahead", "real"}


def test_a_campaign_does_not_change_from_the_sandbox_to_real_lines(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as connection:
        create_campaign(connection, "c1", "Spring", "bot", {"name": "Spring"}, utc_now())
        change_state(connection, "c1", "start", utc_now())
        note_run(connection, "c1", "sandbox", own_clock=False)
    monkeypatch.setattr("web.ownership.lines_of_bot", lambda *_: "real")

    async def look() -> None:
        async with open_whole(settings_for(tmp_path, database_url, speed=1.0, start=None, seed=None)) as whole:
            supervisor = Supervisor(whole)
            supervisor.look()
            await supervisor.stop()

    asyncio.run(look())
    with database.read() as connection:
        campaign = read_campaign(connection, "c1")
    assert campaign.state == "paused"
    assert "dialled on the sandbox" in campaign.reason
    assert campaign.owner_token is None
