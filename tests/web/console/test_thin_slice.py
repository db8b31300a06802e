"""A manager's first minutes over the pages alone: upload, check, import, start, watch, pause; leads, a lead, a call; the audit log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.dialler.api.support import BUSY, DECLINES, PAYS, lead_file
from tests.web.console.support import Desk, text_of
from web.console.audit.log import AuditFilter, broken_at, list_entries
from web.console.ownership import Owner
from web.console.rights import Role
from web.dialling import dialling
from web.ownership import lease


async def dial(desk: Desk, campaign_id: str) -> str:
    """Dial for a running campaign until it is over."""
    with lease(desk.whole, campaign_id) as token:
        async with dialling(desk.whole, campaign_id, token) as runner:
            return await runner.run()


def id_in(location: str) -> str:
    """The campaign's id in an address."""
    return location.split("/campaigns/")[1].split("/", maxsplit=1)[0]


def test_from_a_file_to_a_call(console: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        await desk.campaign([])  # brings the bot
        browser = await desk.signed_in(Role.MANAGER, login="ada")
        assert "Upload a list" in text_of(await browser.get("/"))
        await browser.get("/campaigns/new")
        content = lead_file([PAYS, BUSY, DECLINES]) + b"12,Wrong,1\n" + f"{PAYS},Again,2\n".encode()
        made = await browser.post(
            "/campaigns/new", files={"file": ("june.csv", content, "text/csv")}, name="June", bot_id="reminder", default_region="US"
        )
        check = await browser.follow(made)
        shown = text_of(check)
        assert 'id="n-read">5<' in check.text
        assert "Import 3 leads" in shown
        assert "Customer 1" in shown
        assert "customer_name" in shown
        path = made.headers["location"].removeprefix("/console")
        await browser.post(f"{path}/read", default_region="US", phone_column="phone", delimiter="", encoding="")
        imported = await browser.post(f"{path}/import")
        after = text_of(await browser.follow(imported))
        assert "3 leads were imported" in after
        assert "2 rows were not" in after
        campaign_id = id_in(path)
        csv = await browser.get(f"{imported.headers['location'].removeprefix('/console')}/rejected.csv")
        assert csv.text.startswith("\ufeffline,column,value,reason")
        assert len(csv.text.splitlines()) == 3
        ready = text_of(await browser.get(f"/campaigns/{campaign_id}"))
        assert "Start: call 3 leads" in ready
        await browser.follow(await browser.post(f"/campaigns/{campaign_id}/start"))
        paused = text_of(await browser.follow(await browser.post(f"/campaigns/{campaign_id}/pause")))
        assert "no new call leaves" in paused
        assert "paused by an operator" in paused
        await browser.post(f"/campaigns/{campaign_id}/resume")
        assert await dial(desk, campaign_id) == "completed"
        monitor = text_of(await browser.get(f"/campaigns/{campaign_id}"))
        assert "Finished" in monitor
        assert "3 of 3 leads" in monitor
        lines = (await browser.get(f"/campaigns/{campaign_id}/pace")).json()
        assert sum(lines["dials"]) >= 3
        leads = await browser.get(f"/campaigns/{campaign_id}/leads?phone=%2B12025550100")
        assert "Customer 1" in text_of(leads)
        assert "Customer 2" not in text_of(leads)
        lead_path = leads.text.split(f'href="/console/campaigns/{campaign_id}/leads/')[1].split('"')[0]
        lead = await browser.get(f"/campaigns/{campaign_id}/leads/{lead_path}")
        assert "amount_due" in text_of(lead)
        call_id = lead.text.split('href="/console/calls/')[1].split('"')[0]
        call = text_of(await browser.get(f"/calls/{call_id}"))
        assert "Customer 1" in call
        assert "The phone rang" in call
        audit = text_of(await browser.get("/audit"))
        for action in ("campaign.made", "leads.imported", "campaign.started", "campaign.paused", "campaign.resumed"):
            assert action in audit
        assert "session.opened" in audit
        with desk.console.db.read() as connection:
            assert broken_at(connection) is None

    console(test)


def test_others_campaigns_are_out_of_reach_on_every_page(console_on_sqlite: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        owner = await desk.user("somebody", Role.MANAGER)
        campaign_id = await desk.campaign([PAYS], Owner(owner), start=True)
        await dial(desk, campaign_id)
        manager, admin, agent = await desk.signed_in(Role.MANAGER), await desk.signed_in(Role.ADMIN), await desk.signed_in(Role.AGENT)
        lead = (
            (await admin.get(f"/campaigns/{campaign_id}/leads"))
            .text.split(f'href="/console/campaigns/{campaign_id}/leads/')[1]
            .split('"')[0]
        )
        call = (await admin.get(f"/campaigns/{campaign_id}/leads/{lead}")).text.split('href="/console/calls/')[1].split('"')[0]
        for path in ("", "/live", "/pace", "/leads", f"/leads/{lead}", "/upload"):
            await admin.get(f"/campaigns/{campaign_id}{path}")
            await manager.get(f"/campaigns/{campaign_id}{path}", 404)
            await agent.get(f"/campaigns/{campaign_id}{path}", 403)
        await admin.get(f"/calls/{call}")
        await manager.get(f"/calls/{call}", 404)
        await agent.get(f"/calls/{call}", 404)
        for order in ("start", "pause", "resume", "stop"):
            await manager.post(f"/campaigns/{campaign_id}/{order}", 404)
        assert "May" not in text_of(await manager.get("/campaigns"))
        assert "May" in text_of(await admin.get("/campaigns"))
        assert "campaign." not in text_of(await manager.get("/audit")).partition("Change")[2]

    console_on_sqlite(test)


def test_numbers_are_masked_by_role_and_shown_for_a_reason(console_on_sqlite: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        campaign_id = await desk.campaign([PAYS])
        whole, short = "+1 202-555-0100", "+1 ••••• 100"
        seen = {}
        for role in (Role.MANAGER, Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR):
            browser = await desk.signed_in(role)
            page = await browser.get(f"/campaigns/{campaign_id}/leads")
            text = text_of(page)
            seen[role] = whole in text
            assert (whole in text) is not (short in text)
            lead = page.text.split(f'href="/console/campaigns/{campaign_id}/leads/')[1].split('"')[0]
            one = await browser.get(f"/campaigns/{campaign_id}/leads/{lead}")
            assert (PAYS in one.text or whole in one.text) is seen[role]
            if role is Role.AUDITOR:
                refused = await browser.post(f"/campaigns/{campaign_id}/leads/{lead}/number")
                assert "Give a reason" in text_of(await browser.follow(refused))
                shown = await browser.post(f"/campaigns/{campaign_id}/leads/{lead}/number", 200, reason="a complaint")
                assert PAYS in shown.text
                with desk.console.db.read() as connection:
                    (entry,) = list_entries(connection, AuditFilter(action="number.shown"), limit=5)
                assert (entry.reason, entry.object_id) == ("a complaint", lead)
        assert seen == {Role.MANAGER: True, Role.OPERATOR: False, Role.SUPERVISOR: True, Role.ADMIN: True, Role.AUDITOR: False}

    console_on_sqlite(test)


def test_an_admin_invites_changes_and_shuts_out(console: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        admin = await desk.signed_in(Role.ADMIN, login="root")
        await admin.get("/admin/users")
        page = await admin.post("/admin/users", 200, name="Bob", login="Bob@example.com", roles=["agent", "supervisor"], team="North")
        link = page.text.split('readonly value="')[1].split('"')[0]
        bob = desk.browser()
        await bob.post(link.partition("/console")[2], password="bob has a good one")
        assert "Hello, Bob" in text_of(await bob.get("/"))
        assert (
            "somebody has this login"
            in text_of(await admin.post("/admin/users", 422, name="B", login="bob@example.com", roles="agent")).lower()
        )
        with desk.console.db.read() as connection:
            user_id = list_entries(connection, AuditFilter(action="user.invited"), limit=1)[0].object_id
        await admin.post(f"/admin/users/{user_id}", roles="auditor", team="")
        await bob.get("/audit")  # the role that he acted in is gone: he acts in the one that he has
        await admin.post(f"/admin/users/{user_id}/disable")
        await bob.get("/", 303)
        await desk.browser().sign_in("bob@example.com", "bob has a good one", 401)
        with desk.console.db.read() as connection:
            root = list_entries(connection, AuditFilter(action="session.opened", actor="root"), limit=1)[0].object_id
        refused = await admin.post(f"/admin/users/{root}", roles="manager")
        assert "only admin" in text_of(await admin.follow(refused))

    console(test)


def test_a_changed_entry_breaks_the_chain(console: Callable[..., Any]) -> None:
    from sqlalchemy import delete, update

    from core.kernel.statements import table_of
    from web.console.audit.tables import AuditEntry

    async def test(desk: Desk) -> None:
        admin = await desk.signed_in(Role.ADMIN)
        for theme in ("dark", "light", "dark"):
            await admin.post("/account/role", 404, role="auditor")
            await admin.post("/account/theme", theme=theme)
        await admin.get("/supervise", 404)
        entries = table_of(AuditEntry)
        assert "whole" in text_of(await admin.get("/audit/check"))
        other = await desk.signed_in(Role.AGENT)
        await other.get("/admin/users", 403)
        with desk.console.db.write() as connection:
            assert broken_at(connection) is None
            connection.execute(update(entries).where(entries.c.seq == 2).values(actor="somebody else"))
            assert broken_at(connection) == 2
        assert "broken at entry 2" in text_of(await admin.get("/audit/check"))
        with desk.console.db.write() as connection:
            connection.execute(delete(entries).where(entries.c.seq == 2))
            assert broken_at(connection) == 2

    console(test)
