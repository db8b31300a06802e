"""No key, token, phone number or name in the logs: whatever is asked, in process and over a socket."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import uvicorn

from tests.core.api.support import BOT, PAYS, STORY, Core

WithCore = Callable[..., Any]

NAME = "Rahul Sharma"


async def ask_everything(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """Requests of every kind, with everything in them that must not be logged."""
    variables = {"customer_name": NAME, "phone": PAYS}
    for number in (PAYS, STORY, "+1202555019", "nonsense " + PAYS):
        body = {"bot_id": BOT, "to_number": number, "from_number": None, "variables": variables}
        await http.post("/api/v1/sip/dialout", json=body, headers={"Idempotency-Key": f"{NAME} {number}"} | headers)
        await http.post("/api/v1/sip/dialout", json=body | {"from_number": number}, headers=headers)
        await http.get("/api/v1/calls", params={"to_number": number, "idempotency_key": f"{NAME} {number}"}, headers=headers)
        await http.get(f"/api/v1/calls/{number}", headers=headers)
        await http.delete(f"/api/v1/suppressions/{number}", headers=headers)
        await http.get("/api/v1/suppressions", params={"search": number}, headers=headers)
        await http.get(f"/nowhere/{number}", params={"name": NAME}, headers=headers)
        await http.get("/health/fleet", params={"bot_id": NAME}, headers=headers)
    await http.post("/api/v1/sip/dialout", content=f'{{"to_number": "{PAYS}" oops'.encode(), headers=headers)
    await http.get("/api/v1/calls", params={"to_number": PAYS}, headers={"X-API-Key": f"dk_{NAME}"})


def is_clean(records: list[logging.LogRecord], *keys: str) -> None:
    """Nothing that identifies anyone is in what was logged, nor in its exceptions."""
    plain = logging.Formatter("%(name)s %(message)s")
    text = "\n".join(plain.format(record) for record in records if not record.name.startswith(("httpx", "httpcore")))
    assert "POST /api/v1/sip/dialout 200" in text, "this test sees the log"
    for secret in (NAME, "Rahul", PAYS[1:], STORY[1:], "202555", *keys):
        assert secret not in text


def test_in_process(with_core: WithCore, caplog: pytest.LogCaptureFixture) -> None:
    keys = []

    async def test(core: Core) -> None:
        headers = core.key(role="admin")
        keys.append(headers["X-API-Key"])
        await ask_everything(core.http, headers)
        await core.over()

    with caplog.at_level(logging.DEBUG):
        with_core(test)
    is_clean(caplog.records, *keys)


def test_over_a_socket_as_serve_runs_it(with_core: WithCore, caplog: pytest.LogCaptureFixture) -> None:
    keys = []

    async def test(core: Core) -> None:
        headers = core.key(role="admin")
        keys.append(headers["X-API-Key"])
        listener = socket.create_server(("127.0.0.1", 0))  # it listens before the server runs
        server = uvicorn.Server(uvicorn.Config(core.app, log_config=None, access_log=False, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        asking = asyncio.create_task(_ask(url, headers))  # not of the clock: time goes on meanwhile
        asked = core.clock.signal()
        asking.add_done_callback(lambda _: asked.set())
        await asked.wait()
        await asking
        server.should_exit = True
        await serving

    with caplog.at_level(logging.DEBUG):
        with_core(test)
    is_clean(caplog.records, *keys)


async def _ask(url: str, headers: dict[str, str]) -> None:
    async with httpx.AsyncClient(base_url=url) as http:
        await ask_everything(http, headers)
