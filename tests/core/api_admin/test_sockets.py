"""Who may open WebSocket calls to a bot, over HTTP."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.access.keys import hash_of
from core.access.sockets import may_open
from core.access.tables import BotSocket
from core.kernel.moments import moment_text
from core.kernel.statements import table_of
from tests.core.api.support import BOT, Core, client_of, fields_of, problem_of

ACCESS, TOKEN = f"/api/v1/bots/{BOT}/websocket", f"/api/v1/bots/{BOT}/websocket/token"
_sockets = table_of(BotSocket)


def test_a_token_is_shown_once_and_kept_as_its_hash(admin: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def test(core: Core) -> None:
        nothing = {"bot_id": BOT, "path": f"/ws/{BOT}", "is_open": False, "prefix": None, "made_at": None, "previous_until": None}
        assert (await core.http.get(ACCESS)).json() == nothing
        response = await core.http.post(TOKEN)
        assert (response.status_code, response.headers["cache-control"]) == (201, "no-store")
        made = response.json()
        token = made.pop("token")
        assert token.startswith(made["prefix"])
        assert len(token) > len(made["prefix"]) + 30
        assert made == {**nothing, "prefix": made["prefix"], "made_at": moment_text(core.clock.now())}
        assert (await core.http.get(ACCESS)).json() == made
        with core.db.read() as connection:
            row = connection.execute(select(_sockets)).one()
        assert row.token_hash == hash_of(token)
        assert token not in str(row._mapping)
        assert token not in caplog.text

    admin(test)


def test_a_token_is_rotated_and_revoked(admin: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        first = (await core.http.post(TOKEN)).json()["token"]
        second = (await core.http.post(TOKEN, json={"overlap_hours": 2})).json()
        assert second["previous_until"] == moment_text(core.clock.now() + timedelta(hours=2))

        def works(token: str) -> bool:
            with core.db.read() as connection:
                try:
                    may_open(connection, BOT, [token], [], core.clock.now())
                except Exception:
                    return False
            return True

        assert (works(first), works(second["token"])) == (True, True)
        assert (await core.http.delete(TOKEN)).status_code == 204
        assert (works(first), works(second["token"])) == (False, False)
        assert "no token" in problem_of(await core.http.delete(TOKEN))["detail"]
        assert (await core.http.get(ACCESS)).json()["prefix"] is None

    admin(test)


def test_a_bot_is_opened_and_closed(admin: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        await core.http.post(TOKEN)
        for is_open in (True, True, False):
            answer = await core.http.put(ACCESS, json={"is_open": is_open})
            assert (answer.status_code, answer.json()["is_open"]) == (200, is_open)
        assert (await core.http.get(ACCESS)).json()["prefix"] is not None, "its token is still there"

    admin(test)


def test_what_is_wrong_is_said(admin: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        for method, path in (("GET", ""), ("PUT", ""), ("POST", "/token"), ("DELETE", "/token")):
            body: Any = {"is_open": True} if method == "PUT" else None
            answer = await core.http.request(method, f"/api/v1/bots/nobody/websocket{path}", json=body)
            assert answer.status_code == 404, (method, answer.text)
            async with client_of(core.app, core.key()) as http:
                answer = await http.request(method, f"/api/v1/bots/{BOT}/websocket{path}", json=body)
                assert answer.status_code == 403, "a dialout key may not"
            async with client_of(core.app) as http:
                assert (await http.request(method, f"/api/v1/bots/{BOT}/websocket{path}", json=body)).status_code == 401
        for body in ({}, {"is_open": "perhaps"}, {"is_open": True, "is_closed": True}):
            assert (await core.http.put(ACCESS, json=body)).status_code == 422
        for hours in (-1, 24 * 90 + 1, "soon"):
            assert set(fields_of(await core.http.post(TOKEN, json={"overlap_hours": hours}))) == {"overlap_hours"}

    admin(test)
