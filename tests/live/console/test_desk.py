"""The desk in a real browser: two people want one caller; the winner works by keyboard alone, and keeps what was typed."""

from __future__ import annotations

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import insert, select, update

from core.access.embedded import EMBEDDED_KEY_ID
from core.calls.tables import Call
from core.desk.tables import Handoff
from core.kernel.clock import utc_now
from core.kernel.database import Database
from core.kernel.statements import table_of
from tests.live.console.browsing import PASSWORD, browser, visiting
from tests.live.console.served import serving
from tests.web.run.folders import make_folder, run
from web.console.accounts import users
from web.console.accounts.passwords import Passwords
from web.console.rights import Role

pytestmark = [pytest.mark.live, pytest.mark.needs("chromium")]

handoffs = table_of(Handoff)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The database of a campaign that was run, with two agents who may sign in, and two callers who wait."""
    run(make_folder(tmp_path / "campaign", ["+12025550100", "+12025550101"]), tmp_path, data_folder=tmp_path)
    shutil.move(tmp_path / "dialler.db", tmp_path / "console.db")
    db, now = Database(f"sqlite:///{tmp_path}/console.db"), utc_now()
    hashed = asyncio.run(Passwords().hash(PASSWORD))
    with db.write() as connection:
        for login in ("mira", "omar"):
            users.add_user(connection, login, login.title(), (Role.AGENT,), now, password_hash=hashed)
        calls = connection.execute(select(table_of(Call).c.call_id).where(table_of(Call).c.api_key_id == EMBEDDED_KEY_ID)).scalars().all()
        for number, call_id in enumerate(dict.fromkeys(calls)):
            connection.execute(
                insert(handoffs).values(
                    **{"id": f"h{number}", "call_id": call_id, "bot_id": "b", "queue": "support", "language": "en", "target": "agent"},
                    **{
                        "state": "waiting",
                        "caller": "+12025550100",
                        "reason": f"reason {number}",
                        "summary": "",
                        "transcript": [],
                        "crm": {},
                    },
                    **{"created_at": now + timedelta(seconds=number), "wait_until": now + timedelta(hours=1), "claim_seconds": 600.0},
                )
            )
    db.close()
    return tmp_path


def join(page: Page, base: str, number: str) -> None:
    page.goto(f"{base}/desk/settings")
    page.get_by_label("Your phone").fill(number)
    page.get_by_role("button", name="Save").press("Enter")
    page.wait_for_url(f"{base}/desk")
    page.keyboard.press("a")
    expect(page.locator(".state.good")).to_be_visible()


def test_one_of_two_gets_the_caller_and_keeps_what_was_typed(folder: Path) -> None:
    db = Database(f"sqlite:///{folder}/console.db")
    with (
        serving(folder) as served,
        browser() as chromium,
        visiting(chromium, served.base) as here,
        visiting(chromium, served.base) as there,
    ):
        mira, omar = here.sign_in("mira"), there.sign_in("omar")
        join(mira, served.base, "+12025550190")
        join(omar, served.base, "+12025550191")
        omar.locator("#handoff-h0 button").evaluate("button => { window.late = button.form }")  # seen, not pressed yet
        mira.keyboard.press("c")
        expect(mira.locator("#mine-title")).to_be_visible()
        omar.evaluate("window.late.submit()")
        expect(omar.get_by_text("Mira has this caller already.")).to_be_visible()
        with db.write() as connection:  # what the process that has the call does
            connection.execute(update(handoffs).where(handoffs.c.id == "h0").values(state="connected", connected_at=utc_now()))
        expect(mira.locator("#outcome")).to_be_visible()
        mira.keyboard.press("e")
        mira.keyboard.press("Control+a")
        mira.keyboard.type("PAID")
        omar.keyboard.press("c")  # the desk changes for everybody
        expect(mira.get_by_text("Waiting (0)")).to_be_visible()
        expect(mira.locator("#outcome")).to_have_value("PAID")
        mira.keyboard.press("Enter")
        expect(mira.get_by_text("Your last ones")).to_be_visible()
    db.close()
