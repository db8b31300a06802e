"""The live hub: who watches what, bounded queues, the stream's end; and the headers of every answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tests.dialler.api.support import PAYS
from tests.web.console.support import Desk
from web.console.application import CSP
from web.console.live.hub import Subscription, Told
from web.console.live.stream import live_events
from web.console.ownership import Owner
from web.console.rights import Role


def test_a_slow_reader_loses_the_oldest_and_never_holds_up_the_others() -> None:
    async def test() -> None:
        slow = Subscription(frozenset({"campaigns"}))
        for number in range(1000):
            slow.put(Told("campaigns", number, {}))
        kept = [slow.queue.get_nowait() for _ in range(slow.queue.qsize())]
        numbers = [told.number for told in kept if told is not None]
        assert (len(numbers), numbers[-1]) == (64, 999)
        assert numbers == sorted(numbers)

    asyncio.run(test())


def test_topics_are_watched_with_ones_own_rights(console_on_sqlite: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        owner = await desk.user("somebody", Role.MANAGER)
        campaign_id = await desk.campaign([PAYS], Owner(owner))
        hub = desk.console.hub
        asked = ["campaigns", f"campaign:{campaign_id}", "campaign:nothing", "secrets:all", "call:x"]
        seen = {}
        for role in (Role.MANAGER, Role.ADMIN, Role.AGENT):
            browser = await desk.signed_in(role)
            from web.console.accounts.sessions import find_visitor

            with desk.console.db.read() as connection:
                found = find_visitor(connection, browser.http.cookies["dialler_session"], desk.console.wall())
                assert found is not None
                seen[role] = hub.watchable(connection, found[0], asked)
        assert seen[Role.ADMIN][:2] == ["campaigns", f"campaign:{campaign_id}"]
        assert f"campaign:{campaign_id}" not in seen[Role.MANAGER]
        assert seen[Role.AGENT] == []

    console_on_sqlite(test)


def test_a_stream_tells_of_a_change_and_ends_with_its_session(console: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        campaign_id = await desk.campaign([PAYS])
        stays = True

        async def gone() -> bool:
            return False

        events = live_events(desk.console.hub, [f"campaign:{campaign_id}"], gone, lambda: stays, wait=0.05)
        told = [await anext(events) for _ in range(3)]
        assert told[0].startswith("retry:")
        assert "event: beat" in told[1]
        assert '"state": "draft"' in told[2]
        assert PAYS not in told[2]
        with desk.console.db.write() as connection:
            from dialler.campaigns.store import change_state

            change_state(connection, campaign_id, "start", desk.whole.clock.now())
        assert '"state": "running"' in await anext(events)
        desk.console.hub.close()
        assert "ended" in await anext(events)
        await events.aclose()  # type: ignore[attr-defined]

    console(test)


def test_every_answer_has_the_headers_that_protect_it(console_on_sqlite: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        browser = await desk.signed_in(Role.MANAGER)
        for path, status in (
            ("/", 200),
            ("/nothing", 404),
            ("/admin/users", 403),
            ("/static/css/console.css", 200),
            ("/campaigns/x/live", 404),
        ):
            answer = await browser.get(path, status)
            assert answer.headers["content-security-policy"] == CSP
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert ("no-store" in answer.headers["cache-control"]) is not path.startswith("/static")
        root = await browser.http.get("/")
        assert (root.status_code, root.headers["location"]) == (307, "/console/")
        assert (await browser.http.get("/api/v1/campaigns")).status_code == 401  # a session is not an API key

    console_on_sqlite(test)


def test_an_admin_gives_a_campaign_to_somebody(console_on_sqlite: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        campaign_id = await desk.campaign([PAYS])
        bob = await desk.user("bob", Role.MANAGER)
        manager, admin = await desk.signed_in(Role.MANAGER), await desk.signed_in(Role.ADMIN)
        await manager.get(f"/campaigns/{campaign_id}")
        await manager.post(f"/campaigns/{campaign_id}/owner", 403, user_id=bob)
        await admin.get(f"/campaigns/{campaign_id}")
        await admin.post(f"/campaigns/{campaign_id}/owner", 404, user_id="nobody")
        await admin.post(f"/campaigns/{campaign_id}/owner", user_id=bob)
        await manager.get(f"/campaigns/{campaign_id}", 404)
        other = desk.browser()
        await other.sign_in("bob")
        await other.get(f"/campaigns/{campaign_id}")

    console_on_sqlite(test)
