"""The desk in the console: one caller, two agents; the work list; by the rights of the role."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select, update

from core.calls.tables import Call
from core.desk.tables import Handoff
from core.kernel.ids import Ids
from core.kernel.statements import table_of
from dialler.leads.tables import Attempt
from tests.dialler.api.support import PAYS
from tests.web.console.support import Browser, Desk, text_of
from web.console.audit.tables import AuditEntry
from web.console.rights import Role
from web.dialling import dialling
from web.ownership import lease

WithConsole = Callable[..., Any]
ASKS = "+12025550119"
handoffs = table_of(Handoff)


async def dialled(desk: Desk, numbers: list[str]) -> str:
    """A campaign that was dialled to its end."""
    campaign_id = await desk.campaign(numbers, start=True, max_attempts=1)
    with lease(desk.whole, campaign_id) as token:
        async with dialling(desk.whole, campaign_id, token) as runner:
            await runner.run()
    return campaign_id


def waits(desk: Desk) -> str:
    """A caller who waits for a person; returns the hand-off's id."""
    now, made = desk.console.now(), Ids().new()
    with desk.console.db.write() as connection:
        call_id = connection.execute(select(table_of(Attempt).c.call_id)).scalars().first()
        connection.execute(
            insert(handoffs).values(
                id=made,
                call_id=call_id,
                bot_id="reminder",
                queue="support",
                language="en",
                target="agent",
                state="waiting",
                caller=PAYS,
                reason="wants to talk about the fee",
                summary="Has promised to pay.",
                transcript=[{"speaker": "customer", "text": "A person, please.", "timestamp": 4.0}],
                crm={"customer_name": "Asha"},
                created_at=now,
                wait_until=now + timedelta(seconds=90),
                claim_seconds=30.0,
            )
        )
    return made


async def at_desk(desk: Desk, login: str, number: str) -> Browser:
    """An agent who has joined the desk, and is available."""
    browser = await desk.signed_in(Role.AGENT, login=login)
    assert "not at the desk yet" in text_of(await browser.get("/desk"))
    wrong = await browser.post("/desk/settings", 422, address="12")
    assert "neither a sip: address nor a phone number" in text_of(wrong)
    await browser.post("/desk/settings", address=number, queues="support", languages="en hi")
    await browser.post("/desk/state", state="available")
    return browser


def test_of_two_agents_one_gets_the_caller_and_the_other_is_told_who(console_on_sqlite: WithConsole) -> None:
    async def test(desk: Desk) -> None:
        await dialled(desk, [PAYS])
        mira, omar = await at_desk(desk, "mira", "+12025550190"), await at_desk(desk, "omar", "+12025550191")
        handoff = waits(desk)
        shown = await mira.get("/desk")
        assert "wants to talk about the fee" in text_of(shown)
        assert 'data-key="c"' in shown.text
        await mira.post(f"/desk/handoffs/{handoff}/claim")
        lost = await omar.post(f"/desk/handoffs/{handoff}/claim")
        assert "Mira has this caller already." in text_of(await omar.follow(lost))
        mine = text_of(await mira.get("/desk"))
        assert "A person, please." in mine
        assert "Asha" in mine
        await mira.post(f"/desk/handoffs/{handoff}/return", reason="billing")
        await omar.post(f"/desk/handoffs/{handoff}/claim")
        await omar.post(f"/desk/handoffs/{handoff}/connect")
        with desk.console.db.write() as connection:  # what the process that has the call does
            connection.execute(update(handoffs).where(handoffs.c.id == handoff).values(state="connected", connected_at=desk.console.now()))
        wrap_up = await omar.get("/desk")
        assert 'value="PROMISE_TO_PAY"' in wrap_up.text
        assert "The bot suggests PROMISE_TO_PAY" in text_of(wrap_up)
        await omar.post(f"/desk/handoffs/{handoff}/complete", outcome="PAID", notes="by card")
        assert "by card" in text_of(await omar.get("/desk"))
        entries = table_of(AuditEntry)
        with desk.console.db.read() as connection:
            row = connection.execute(select(handoffs).where(handoffs.c.id == handoff)).one()
            noted = list(connection.execute(select(entries.c.action).where(entries.c.object_kind == "handoff")).scalars())
        assert (row.state, row.end_reason, row.notes) == ("completed", "PAID", "by card")
        assert noted == [f"handoff.{word}" for word in ("claimed", "returned", "claimed", "connected", "completed")]

    console_on_sqlite(test)


def test_the_work_list_shows_the_number_to_who_has_claimed_the_lead(console_on_sqlite: WithConsole) -> None:
    async def test(desk: Desk) -> None:
        await dialled(desk, [ASKS])
        with desk.console.db.read() as connection:
            lead = connection.execute(select(table_of(Attempt).c.lead_id)).scalars().first()
            assert connection.execute(select(table_of(Call).c.call_id)).first() is not None
        mira, omar = await at_desk(desk, "mira", "+12025550190"), await at_desk(desk, "omar", "+12025550191")
        listed = text_of(await mira.get("/desk/leads"))
        assert "+1 ••••• 119" in listed
        assert "202-555-0119" not in listed
        await mira.post(f"/desk/leads/{lead}/claim")
        assert "202-555-0119" in text_of(await mira.get("/desk/leads"))
        assert "Mira has it" in text_of(await omar.get("/desk/leads"))
        refused = await omar.post(f"/desk/leads/{lead}/done", note="mine")
        assert "Mira has this lead." in text_of(await omar.follow(refused))
        await mira.post(f"/desk/leads/{lead}/done", note="paid by card")
        assert "Nobody waits for a call" in text_of(await mira.get("/desk/leads"))
        manager = await desk.signed_in(Role.MANAGER)
        await manager.get("/desk", 403)

    console_on_sqlite(test)
