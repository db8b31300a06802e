"""Bots in the console: edited with every problem shown, previewed for real rows, typed to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.bots.store import read_bot
from tests.web.console.support import Desk, text_of
from web.console.rights import Role
from web.console.screens.bots.editing import LONGEST, NEW_BOT, check_text


def test_the_draft_of_a_new_bot_is_in_order() -> None:
    assert check_text(NEW_BOT, None).problems == ()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", ""),
        ("name: [", ""),
        ("name: A\nbrain: {scenario: none_such}", "scenario"),
        ("name: A\nopenin: hi", "opening"),
        ("x" * (LONGEST + 1), "too long"),
    ],
)
def test_whatever_is_wrong_is_said(text: str, word: str) -> None:
    problems = check_text(text, None).problems
    assert problems
    assert word in " ".join(map(str, problems))


def test_a_bot_is_made_changed_and_kept(console: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        manager = await desk.signed_in(Role.MANAGER)
        await manager.get("/bots/new")
        await manager.post("/bots/save", text=NEW_BOT, bot_id="")
        assert "My bot" in text_of(await manager.get("/bots"))
        page = text_of(await manager.get("/bots/my-bot"))
        assert "version 1" in page
        await manager.get("/bots/my-bot/edit")
        await manager.post("/bots/save", text=NEW_BOT.replace("Hello,", "Good day,"), bot_id="my-bot")
        with desk.console.db.read() as connection:
            bot = read_bot(connection, "my-bot")
        assert bot is not None
        assert (bot.version, bot.config.opening_message[:9]) == (2, "Good day,")
        refused = await manager.post("/bots/save", 422, text="name: My bot\nbrain: {scenario: no}", bot_id="my-bot")
        assert "scenario: no" in text_of(refused)
        again = await manager.follow(await manager.post("/bots/save", text=NEW_BOT, bot_id=""))
        assert "already" in text_of(again)
        checked = await manager.post("/bots/check", 200, text="name: A\nopenin: hi", bot_id="")
        assert "opening_message" in text_of(checked)

    console(test)


def test_a_bot_shows_what_it_says_to_real_rows_and_answers_what_is_typed(console_on_sqlite: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        await desk.campaign(["+12025550111", "+12025550112"])
        manager = await desk.signed_in(Role.MANAGER)
        page = text_of(await manager.get("/bots/reminder"))
        assert "am I speaking with Customer 1?" in page
        assert "am I speaking with Customer 2?" in page
        lead: dict[str, Any] = {"crm.customer_name": "Ann Miller", "crm.amount_due": "120"}
        first = text_of(await manager.post("/bots/reminder/talk", 200, said=["Yes, speaking."], **lead))
        assert "Ann Miller" in first
        assert "120" in first
        last = text_of(await manager.post("/bots/reminder/talk", 200, said=["Yes, speaking.", "Never call me again."], **lead))
        assert "do-not-call list" in last
        assert "It hangs up." in last
        await manager.get("/bots/none", 404)

    console_on_sqlite(test)


def test_an_operator_reads_bots_and_changes_none(console_on_sqlite: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        operator = await desk.signed_in(Role.OPERATOR)
        await operator.get("/bots")
        await operator.get("/bots/new", 403)
        await operator.post("/bots/save", 403, text=NEW_BOT, bot_id="")

    console_on_sqlite(test)
