"""Webhooks of the real server at the real endpoint, over loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from sqlalchemy import func, select

import core.wiring.livekit
from core.kernel.statements import table_of
from core.transports.livekit.tables import LiveKitEvent
from tests.live.lab import live, until
from tests.live.livekit.deployment import deployed
from tests.live.livekit.lab import CALLER
from tests.live.livekit.served import Installation
from tests.live.sipp import free_port
from web.composition import Whole, open_whole
from web.serve.listening import config_for, listen

pytestmark = pytest.mark.needs("livekit-server", "redis-server", "livekit", "redis")

PATH = "/api/v1/livekit/webhook"
_events = table_of(LiveKitEvent)


class Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


class Taken:
    """The app, and every webhook that it was sent: body, Authorization and the answer's status."""

    def __init__(self, app: Any) -> None:
        self.app, self.webhooks = app, list[tuple[bytes, str, int]]()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope.get("path") != PATH:
            await self.app(scope, receive, send)
            return
        body, status = bytearray(), 0

        async def hear() -> Any:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def say(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        await self.app(scope, hear, say)
        authorization = dict(scope["headers"]).get(b"authorization", b"").decode()
        self.webhooks.append((bytes(body), authorization, status))


@contextlib.asynccontextmanager
async def serving(installation: Installation, port: int) -> AsyncIterator[tuple[Whole, Taken]]:
    async with open_whole(installation.settings()) as whole:
        taken = Taken(whole.app)
        listener = listen("127.0.0.1", port)
        server = Server(config_for(taken, timeout_graceful_shutdown=5))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await until(lambda: server.started, "the server has started")
            yield whole, taken
        finally:
            server.should_exit = True
            await task
            listener.close()


def known(whole: Whole) -> int:
    with whole.db.read() as connection:
        return int(connection.execute(select(func.count()).select_from(_events)).scalar_one())


def test_a_call_to_us_is_found_by_webhook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks by himself here. Then what was sent is sent again, and forged."""
    monkeypatch.setattr(core.wiring.livekit, "_CALLS_SECONDS", 3600)
    port = free_port()

    async def scenario() -> None:
        with deployed(tmp_path, f"http://127.0.0.1:{port}{PATH}") as deployment:
            async with serving(Installation(tmp_path, deployment), port) as (whole, taken):
                assert whole.livekit is not None
                watch, looks = whole.livekit.watch, list[int]()
                look = watch.look_for_calls

                async def counted() -> int:
                    looks.append(1)
                    return await look()

                monkeypatch.setattr(watch, "look_for_calls", counted)
                deployment.call_us("+12025550177", CALLER)
                await until(lambda: bool(deployment.events("inbound answered")), "the call is answered", 30)
                joined = [(body, signed) for body, signed, status in taken.webhooks if b'"participant_joined"' in body and status == 204]
                assert joined
                await until(lambda: bool(deployment.events("inbound over")), "the caller has hung up", 30)
                await until(lambda: any(b'"room_finished"' in body for body, _, _ in taken.webhooks), "the last webhook came", 30)
                assert {status for _, _, status in taken.webhooks} == {204}

                body, signed = joined[0]
                before, looked = known(whole), len(looks)
                assert before > 0
                async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:

                    async def post(content: bytes, authorization: str | None) -> int:
                        headers = {} if authorization is None else {"Authorization": authorization}
                        return (await http.post(PATH, content=content, headers=headers)).status_code

                    assert await post(body, signed) == 204  # delivered twice
                    assert (known(whole), len(looks)) == (before, looked)
                    forged = body.replace(b"participant_joined", b"participant_left..")
                    assert await post(forged, signed) == 401
                    assert await post(body, None) == 401
                    assert await post(body, signed[:-2] + ("AA" if not signed.endswith("AA") else "BB")) == 401
                    assert await post(b"\xff", signed) == 401
                assert (known(whole), len(looks)) == (before, looked)

    live(scenario, 120)
