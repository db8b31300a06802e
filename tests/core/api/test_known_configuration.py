"""What a process remembers of keys, bots and trunks is never out of date, whichever process changes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import text

from core.access.keys import create, revoke, set_expiry
from core.bots.config import BotConfig
from core.bots.store import archive, save_bot
from tests.core.api.support import BOT, OPEN, PAYS, START, Core, opened

WithCore = Callable[..., Any]

DIALOUT = "/api/v1/sip/dialout"


async def dial(core: Core, shown: str) -> httpx.Response:
    return await core.http.post(DIALOUT, json={"bot_id": BOT, "to_number": PAYS}, headers={"X-API-Key": shown})


def made(core: Core, key_id: str, **more: Any) -> str:
    with core.db.write() as connection:
        return create(connection, key_id=key_id, name=key_id, now=START, **more).key


def test_what_another_process_changes_holds_for_the_next_dialout(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        shown = made(core, "one")
        for _ in range(2):  # the second by what is remembered
            assert (await dial(core, shown)).status_code == 200
            await core.over()
        with opened(core.db.url) as other:
            with other.write() as connection:
                save_bot(connection, BotConfig(name="renamed", id=BOT, **OPEN), START)
            answer = await dial(core, shown)
            await core.over()
            assert (await core.call(answer.json()["call_id"]))["bot_version"] == 2
            with other.write() as connection:
                connection.execute(text("UPDATE trunks SET channels = 0"))
            refused = await dial(core, shown)
            assert (refused.status_code, refused.json()["reason"]) == (503, "trunk_unavailable")
            with other.write() as connection:
                connection.execute(text("UPDATE trunks SET channels = 5"))
                assert archive(connection, BOT, START)
            assert (await dial(core, shown)).status_code == 404
            with other.write() as connection:
                save_bot(connection, BotConfig(name="back", id=BOT, **OPEN), START)
            assert (await dial(core, shown)).status_code == 200
            await core.over()
            with other.write() as connection:
                assert revoke(connection, "one", START)
            assert (await dial(core, shown)).status_code == 401

    with_each_core(test)


def test_a_key_that_is_remembered_expires_in_time(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        shown = made(core, "short", expires_at=core.clock.now() + timedelta(seconds=5))
        assert (await dial(core, shown)).status_code == 200
        await core.clock.sleep(6)
        assert (await dial(core, shown)).status_code == 401

    with_core(test)


def test_a_key_taken_out_of_a_bots_scope_does_not_see_it_any_more(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        shown = made(core, "scoped", bots=[BOT])
        assert (await dial(core, shown)).status_code == 200
        await core.over()
        with opened(core.db.url) as other, other.write() as connection:
            connection.execute(text("UPDATE api_keys SET bots = '[]' WHERE id = 'scoped'"))
        assert (await dial(core, shown)).status_code == 404
        with opened(core.db.url) as other, other.write() as connection:
            connection.execute(text("UPDATE api_keys SET bots = NULL WHERE id = 'scoped'"))
        assert (await dial(core, shown)).status_code == 200  # refused by nothing that was remembered
        await core.over()
        with opened(core.db.url) as other, other.write() as connection:
            assert set_expiry(connection, "scoped", START - timedelta(days=1))
        assert (await dial(core, shown)).status_code == 401

    with_core(test)
