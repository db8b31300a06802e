"""The screens of those who keep the installation going: system, numbers and trunks, deliveries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import insert, select

from core.access.keys import create
from core.calls.tables import Call
from core.deliveries.tables import Delivery, DeliveryAttempt
from core.kernel.ids import Ids
from core.kernel.statements import table_of
from core.trunks.breaker import FAILURES, HEALTHY
from core.trunks.health import keep_health
from core.trunks.reading import NumberRecord, find_trunk
from core.trunks.records import add_trunk
from tests.web.console.support import Desk, text_of
from web.console.audit.tables import AuditEntry
from web.console.ownership import Owner
from web.console.rights import Role


def _audit(desk: Desk) -> list[str]:
    entries = table_of(AuditEntry)
    with desk.console.db.read() as connection:
        return list(connection.execute(select(entries.c.action).order_by(entries.c.seq)).scalars())


def test_a_worker_is_drained_and_takes_calls_again(console: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        browser = await desk.signed_in(Role.OPERATOR)
        worker = desk.whole.engine.worker_id
        assert "Working" in text_of(await browser.get("/system"))
        await browser.post(f"/system/workers/{worker}/drain")
        page = text_of(await browser.get("/system"))
        assert "Draining" in page
        assert "of 0 seats" in page
        await browser.post(f"/system/workers/{worker}/undrain")
        assert "Draining" not in text_of(await browser.get("/system"))
        await browser.post("/system/workers/none/drain", 404)
        assert {"worker.drained", "worker.undrained"} <= set(_audit(desk))

    console(test)


def test_trunks_show_why_they_rest_and_are_let_out_again(console: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        now = desk.console.wall()
        with desk.console.db.write() as connection:
            numbers = [NumberRecord("+12025550142", None, "east"), NumberRecord("+12025550143")]
            add_trunk(connection, "carrier", transport="sandbox", channels=5, calls_per_second=2, numbers=numbers, now=now)
            health = HEALTHY
            for _ in range(FAILURES):
                health = health.after_failure("503 Service Unavailable", now, now)
            keep_health(connection, "carrier", health)
        browser = await desk.signed_in(Role.ADMIN)
        page = text_of(await browser.get("/numbers"))
        assert "Rests" in page
        assert "503 Service Unavailable" in page
        assert "+1 202-555-0142" in page
        found = text_of(await browser.get("/numbers?q=east"))
        assert "+1 202-555-0142" in found
        assert "+1 202-555-0143" not in found
        await browser.post("/numbers/carrier/reset")
        assert "Rests" not in text_of(await browser.get("/numbers"))
        await browser.post("/numbers/carrier/limits", channels="7", calls_per_second="2,5")
        with desk.console.db.read() as connection:
            trunk = find_trunk(connection, "carrier")
        assert (trunk.channels, trunk.calls_per_second) == (7, 2.5)
        refused = await browser.follow(await browser.post("/numbers/carrier/limits", channels="0", calls_per_second="1"))
        assert "from 1 to 100,000" in text_of(refused)
        nonsense = await browser.follow(await browser.post("/numbers/carrier/limits", channels="many", calls_per_second="1"))
        assert "whole number" in text_of(nonsense)
        await browser.post("/numbers/none/reset", 404)
        assert {"trunk.reset", "trunk.changed"} <= set(_audit(desk))

    console(test)


def _push(desk: Desk, number: int, bot: str, state: str) -> str:
    """A delivery of a call that ended, as the outbox leaves it."""
    now, calls, deliveries, attempts = desk.console.now(), table_of(Call), table_of(Delivery), table_of(DeliveryAttempt)
    identity = f"delivery-{number}"
    with desk.console.db.write() as connection:
        template = connection.execute(select(calls).limit(1)).one()
        connection.execute(insert(calls).values({**template._mapping, "call_id": f"call-{number}", "idempotency_key": None}))
        values = {
            "id": identity,
            "call_id": f"call-{number}",
            "bot_id": bot,
            "kind": "crm_push",
            "url": "https://crm.example/leads?token=hush",
            "destination": "crm.example:443",
            "body": {"a": 1},
            "headers": {},
            "state": state,
            "attempts": 1,
            "created_at": now + timedelta(seconds=number),
            "expires_at": now + timedelta(days=3),
            "next_attempt_at": now,
            "delivered_at": now if state == "delivered" else None,
            "last_status": 500 if state == "dead" else 200,
            "last_error": "it answered 500" if state == "dead" else None,
        }
        connection.execute(insert(deliveries).values(values))
        tried = {"delivery_id": identity, "at": now, "status": values["last_status"], "latency_ms": 12.0, "response": "who knows"}
        connection.execute(insert(attempts).values(tried))
    return identity


async def _with_a_call(desk: Desk) -> None:
    """The bot `reminder`, a campaign of it, and one call in the database, for `_push` to go by."""
    await desk.campaign(["+12025550111"])
    with desk.console.db.write() as connection:
        key = create(connection, key_id=Ids().new(), name="crm", now=desk.whole.clock.now(), role="admin").key
    transport = httpx.ASGITransport(app=desk.whole.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api", headers={"X-API-Key": key}, timeout=60) as http:
        placed = await http.post("/api/v1/sip/dialout", json={"bot_id": "reminder", "to_number": "+12025550107"})
        assert placed.status_code < 300, placed.text
    await desk.whole.clock.sleep(600)


def test_deliveries_that_were_given_up_are_sent_again(console: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        await _with_a_call(desk)
        dead, arrived = _push(desk, 1, "reminder", "dead"), _push(desk, 2, "reminder", "delivered")
        operator = await desk.signed_in(Role.OPERATOR)
        page = await operator.get("/integrations/deliveries?state=dead")
        assert dead in page.text
        assert arrived not in page.text
        assert "hush" not in page.text
        one = await operator.get(f"/integrations/deliveries/{dead}")
        assert "who knows" in one.text
        assert "hush" not in one.text
        refused = await operator.follow(await operator.post(f"/integrations/deliveries/{arrived}/replay"))
        assert "Only a delivery that was given up" in text_of(refused)
        await operator.post("/integrations/replay", destination="crm.example:443")
        with desk.console.db.read() as connection:
            rows = {row.id: row.state for row in connection.execute(select(table_of(Delivery).c.id, table_of(Delivery).c.state))}
        assert rows[arrived] == "delivered"
        assert rows[dead] != "dead"
        assert "deliveries.replayed" in _audit(desk)

    console(test)


def test_a_manager_sees_the_pushes_of_her_own_bots_and_no_answers_of_receivers(console_on_sqlite: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        await _with_a_call(desk)
        own, foreign = _push(desk, 1, "reminder", "delivered"), _push(desk, 2, "other", "delivered")
        manager = await desk.signed_in(Role.MANAGER)
        page = await manager.get("/integrations/deliveries")
        assert own in page.text
        assert foreign not in page.text
        assert "who knows" not in (await manager.get(f"/integrations/deliveries/{own}")).text
        await manager.get(f"/integrations/deliveries/{foreign}", 404)
        await manager.post(f"/integrations/deliveries/{own}/replay", 403)
        somebody = await desk.user("somebody", Role.MANAGER)
        from dialler.campaigns.tables import Campaign
        from web.console.ownership import assign

        with desk.console.db.write() as connection:
            campaigns = table_of(Campaign)
            for row in connection.execute(select(campaigns.c.id)).all():
                assign(connection, row.id, Owner(somebody))
        assert own not in (await manager.get("/integrations/deliveries")).text

    console_on_sqlite(test)
