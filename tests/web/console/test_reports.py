"""The screens of reports: computed, linked, taken out, and only as far as a role goes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from core.kernel.statements import table_of
from dialler.reports.catalogue import REPORTS
from tests.dialler.api.support import BUSY, DECLINES, PAYS
from tests.web.console.support import Desk, text_of
from tests.web.run.folders import profile_numbers
from web.console.audit.tables import AuditEntry
from web.console.rights import Role
from web.dialling import dialling
from web.ownership import lease

WithConsole = Callable[..., Any]


async def ran(desk: Desk) -> str:
    """A campaign that was dialled to its end."""
    campaign_id = await desk.campaign([PAYS, BUSY, DECLINES, *profile_numbers(6)], start=True, max_attempts=2)
    with lease(desk.whole, campaign_id) as token:
        async with dialling(desk.whole, campaign_id, token) as runner:
            await runner.run()
    return campaign_id


def test_a_report_is_shown_with_the_calls_behind_each_figure(console_on_sqlite: WithConsole) -> None:
    async def test(desk: Desk) -> None:
        campaign_id = await ran(desk)
        browser = await desk.signed_in(Role.ADMIN)
        listed = await browser.get("/reports")
        for report in REPORTS.values():
            assert report.title in text_of(listed)
        frame = await browser.get(f"/reports/{campaign_id}/passes?from=2026-03-04")
        assert f'hx-get="/console/reports/{campaign_id}/passes/table?from=2026-03-04"' in frame.text
        table = await browser.get(f"/reports/{campaign_id}/passes/table")
        assert 'href="#define-people"' in table.text
        assert 'id="define-people"' in table.text
        behind = re.search(
            r'href="/console(/reports/[^"]+/calls\?[^"]*where_fact=people[^"]*)"[^>]*>(\d+)<', table.text.replace("&amp;", "&")
        )
        assert behind is not None
        calls = await browser.get(behind[1].replace("/calls?", "/calls/table?"))
        assert calls.text.count("<tr>") - 1 == int(behind[2])
        heat = await browser.get(f"/reports/{campaign_id}/best-time/table")
        assert 'class="thin"' in heat.text
        wrong = await browser.get(f"/reports/{campaign_id}/passes/table?zone=Mars")
        assert "is not a time zone" in text_of(wrong)
        await browser.get(f"/reports/{campaign_id}/none", 404)

    console_on_sqlite(test)


def test_a_file_is_taken_out_with_a_reason_and_noted(console_on_sqlite: WithConsole) -> None:
    async def test(desk: Desk) -> None:
        campaign_id = await ran(desk)
        browser = await desk.signed_in(Role.MANAGER)
        await browser.get(f"/reports/{campaign_id}/calls")
        refused = await browser.post(f"/reports/{campaign_id}/calls/personal-file", format="csv")
        assert "Give a reason" in text_of(await browser.follow(refused))
        taken = await browser.post(f"/reports/{campaign_id}/calls/personal-file", 200, format="csv", reason="for the auditor")
        assert taken.content.startswith(b"\xef\xbb\xbf# Report: Calls in detail")
        book = await browser.post(f"/reports/{campaign_id}/passes/file", 200, format="xlsx")
        assert book.content[:2] == b"PK"
        await browser.post(f"/reports/{campaign_id}/calls/file", 404, format="csv")
        entries = table_of(AuditEntry)
        with desk.console.db.read() as connection:
            noted = connection.execute(select(entries.c.object_id, entries.c.reason).where(entries.c.action == "report.exported")).all()
        assert [tuple(row) for row in noted] == [("calls", "for the auditor"), ("passes", None)]
        supervisor = await desk.signed_in(Role.SUPERVISOR)
        await supervisor.get("/reports")
        await supervisor.post(f"/reports/{campaign_id}/calls/personal-file", 403, format="csv")

    console_on_sqlite(test)
