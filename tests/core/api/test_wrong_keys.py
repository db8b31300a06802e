"""Wrong API keys over HTTP."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from core.access.keys import create
from tests.core.api.support import Core, problem_of
from tests.statements import each_statement

WithCore = Callable[..., Any]

ADDRESS = "203.0.113.5"


def client(core: Core, address: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(core.app, client=(address, 5555)), base_url="http://core")


def test_wrong_keys_are_logged_and_slowed_down_and_valid_ones_pass(with_each_core: WithCore, caplog: pytest.LogCaptureFixture) -> None:
    async def test(core: Core) -> None:
        with core.engine.db.write() as connection:
            good = create(connection, key_id="crm", name="crm", now=core.clock.now()).key
        statements: list[str] = []
        seen = each_statement(core.engine.db, lambda statement, _: statements.append(statement))
        with seen:
            async with client(core, ADDRESS) as http, client(core, "198.51.100.7") as other:

                async def status(key: str, of: httpx.AsyncClient = http) -> int:
                    return (await of.get("/api/v1/calls", headers={"X-API-Key": key})).status_code

                assert [await status(f"dk_wrong-{number}") for number in range(30)] == [401] * 30
                answer = await http.get("/api/v1/calls", headers={"X-API-Key": "dk_wrong"})
                assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
                assert "address" in problem_of(answer)["detail"]
                statements.clear()
                assert [await status(f"dk_wrong-{number}") for number in range(50)] == [429] * 50
                assert not [one for one in statements if "api_keys" in one]
                assert await status(good) == 200, "somebody behind the same address has a valid key"
                assert await status("dk_wrong", other) == 401
                assert (await http.get("/api/v1/calls")).status_code == 401, "no key at all is not an attempt"
        told = [record.getMessage() for record in caplog.records if "wrong API key" in record.getMessage()]
        assert told == [f"a wrong API key or token came from {address}" for address in (ADDRESS, "198.51.100.7")]
        assert "dk_wrong" not in caplog.text

    with caplog.at_level(logging.INFO):
        with_each_core(test)
