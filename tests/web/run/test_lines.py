"""A rehearsal on the sandbox and the campaign on real lines are two, though they have one folder and one database."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.calls.tables import Call
from core.deliveries.tables import Delivery
from core.kernel.clock import utc_now
from core.kernel.database import Database
from core.kernel.statements import table_of
from dialler.campaigns.store import OtherLines, all_campaigns, create_campaign, latest_clock, note_run
from tests.conftest import START
from tests.web.run.folders import CATALOGUE, make_folder, open_folder, run, settings_for
from web.composition import open_whole
from web.ownership import lease
from web.pushes import by_own_clock, of_campaign
from web.run.prepare import ensure_campaign

_calls = table_of(Call)
_deliveries = table_of(Delivery)


def test_each_has_leads_of_its_own(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = open_folder(make_folder(tmp_path / "spring", CATALOGUE[:1]))

    async def campaign_on(lines: str) -> str:
        monkeypatch.setattr("web.run.prepare.lines_of_bot", lambda *_: lines)
        monkeypatch.setattr("web.ownership.lines_of_bot", lambda *_: lines)
        async with open_whole(settings_for(tmp_path, database_url)) as whole:
            campaign_id = ensure_campaign(whole, folder)
            with lease(whole, campaign_id), whole.db.read() as connection:
                names = {row.name: row.lines for row in all_campaigns(connection)}
            seen.append(names)
            return campaign_id

    seen: list[dict[str, str | None]] = []
    rehearsed, real, again, real_again = (asyncio.run(campaign_on(lines)) for lines in ("sandbox", "real", "sandbox", "real"))
    assert (again, real_again) == (rehearsed, real)
    assert rehearsed != real
    assert seen[0] == {"spring": "sandbox"}
    assert seen[-1] == {"spring (sandbox)": "sandbox", "spring": "real"}


def test_a_rehearsal_after_the_real_campaign_is_another_one(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = open_folder(make_folder(tmp_path / "spring", CATALOGUE[:1]))

    async def campaign_on(lines: str) -> str:
        monkeypatch.setattr("web.run.prepare.lines_of_bot", lambda *_: lines)
        monkeypatch.setattr("web.ownership.lines_of_bot", lambda *_: lines)
        async with open_whole(settings_for(tmp_path, database_url)) as whole:
            campaign_id = ensure_campaign(whole, folder)
            with lease(whole, campaign_id):
                return campaign_id

    real, rehearsed = asyncio.run(campaign_on("real")), asyncio.run(campaign_on("sandbox"))
    assert real != rehearsed
    with database.read() as connection:
        assert {row.id: row.name for row in all_campaigns(connection)} == {real: "spring", rehearsed: "spring (sandbox)"}


def test_the_lines_of_a_campaign_do_not_change(database: Database) -> None:
    with database.write() as connection:
        create_campaign(connection, "c1", "Spring", "bot", {"name": "Spring"}, START)
        note_run(connection, "c1", "sandbox", own_clock=True)
        note_run(connection, "c1", "sandbox", own_clock=False)
        with pytest.raises(OtherLines, match="dialled on the sandbox"):
            note_run(connection, "c1", "real", own_clock=False)


def test_each_run_has_its_own_clock_and_its_own_pushes(database: Database, database_url: str, tmp_path: Path) -> None:
    later = START + timedelta(days=30)
    push = {"post_call_push": {"url": "http://127.0.0.1:9/crm"}}  # nobody is there
    run(
        make_folder(tmp_path / "spring", CATALOGUE[:3], bot={**push, "id": "first"}),
        tmp_path / "a",
        database_url,
        start=later,
        allow="127.0.0.1:9",
        data_folder=tmp_path / "data",
    )
    with database.read() as connection:
        (spring,) = all_campaigns(connection)
        before = connection.execute(select(_deliveries).where(_deliveries.c.bot_id == "first").order_by(_deliveries.c.id)).all()
    assert [row.state for row in before if row.kind == "crm_push"].count("pending") >= 3
    run(make_folder(tmp_path / "summer", CATALOGUE[:3], bot={"id": "second"}), tmp_path / "b", database_url, data_folder=tmp_path / "data")
    with database.read() as connection:
        summer = next(row for row in all_campaigns(connection) if row.name == "summer")
        assert summer.started_at == START, "not where spring ended"
        assert latest_clock(connection, spring.id) == spring.clock_at
        after = connection.execute(select(_deliveries).where(_deliveries.c.bot_id == "first").order_by(_deliveries.c.id)).all()
        assert after == before, "spring's pushes are spring's"
        for which, bots in ((of_campaign(spring.id), {"first"}), (by_own_clock(True), {"first", "second"}), (by_own_clock(False), set())):
            assert set(connection.execute(select(_deliveries.c.bot_id).where(which(_deliveries))).scalars()) == bots
        first = connection.execute(select(_calls.c.created_at).where(_calls.c.bot_id == "second")).scalars().all()
        assert max(first) < later
    run(tmp_path / "spring", tmp_path / "a", database_url, allow="127.0.0.1:9", data_folder=tmp_path / "data")
    with database.read() as connection:
        tries = connection.execute(select(_deliveries.c.attempts).where(_deliveries.c.bot_id == "first", _deliveries.c.kind == "crm_push"))
        assert sum(tries.scalars()) > sum(row.attempts for row in before if row.kind == "crm_push"), "its own next run sends them"


def test_real_time_is_real_whatever_a_rehearsal_has_left(database_url: str, tmp_path: Path) -> None:
    run(
        make_folder(tmp_path / "spring", CATALOGUE[:1]),
        tmp_path / "a",
        database_url,
        start=utc_now() + timedelta(days=7),
        data_folder=tmp_path / "data",
    )

    async def now() -> None:
        async with open_whole(settings_for(tmp_path, database_url, speed=1.0, start=None, seed=None)) as whole:
            assert abs(whole.clock.now() - utc_now()) < timedelta(seconds=30)

    asyncio.run(now())
