"""A server with WebSocket calls on loopback, and diallers that open them. In real time, within bounds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
import websockets
from sqlalchemy import select

from core.access.sockets import make_token
from core.calls.tables import Call as CallTable
from core.kernel.statements import table_of
from tests.core.api.support import store_bot
from tests.examples.loading import example as load
from tests.live.lab import until
from web.composition import LAB_VARIABLE, Whole, open_whole
from web.serve.listening import config_for, listen
from web.settings import Settings

BOT, CUSTOMER, DID = "talker", "+12025550142", "+12025550101"
_calls = table_of(CallTable)


example = load("websocket_client")
"""The reference client: what it does is what these tests use."""


class Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


@dataclass
class Served:
    """A server in this process."""

    whole: Whole
    server: Server
    url: str
    token: str
    legs: list[Any] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def call(self, **more: Any) -> AsyncIterator[Any]:
        """An open call, its handshake done, nothing said yet."""
        async with self.socket() as socket:
            call = example.Call(socket, more.pop("stream_id", "stream-1"))
            direction = more.pop("direction", "incoming")
            await call.shake_hands(more.pop("caller_id", CUSTOMER), more.pop("did", DID), direction, more)
            yield call

    def socket(self, path: str = f"/ws/{BOT}", token: str | None = None, **more: Any) -> Any:
        """A connection."""
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        return websockets.connect(self.url + path, additional_headers=headers, compression=None, **more)

    def rows(self) -> list[Any]:
        with self.whole.db.read() as connection:
            return list(connection.execute(select(_calls).order_by(_calls.c.created_at)))

    async def result(self, index: int = -1) -> dict[str, Any]:
        """The result of a call, once it has one."""
        await until(lambda: bool(self.rows()) and all(row.state == "done" for row in self.rows()), "every call is done", 15)
        return dict(self.rows()[index].result)


@contextlib.asynccontextmanager
async def served(folder: Path, voice: str | None = "tones", seats: int = 50, **bot: Any) -> AsyncIterator[Served]:
    """A server whose bot has a token."""
    settings = Settings(
        f"sqlite:///{folder}/dialler.db", folder, folder / "network.jsonl", speed=1.0, seats=seats, voice=voice, environ={LAB_VARIABLE: "1"}
    )
    async with open_whole(settings) as whole:
        store_bot(whole.db, whole.clock.now(), BOT, **{"opening_message": "one two three four five six seven eight", **bot})
        with whole.db.write() as connection:
            token = make_token(connection, BOT, whole.clock.now())
        listener = listen("127.0.0.1", 0)
        server = Server(config_for(whole.app, timeout_graceful_shutdown=5))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await until(lambda: server.started, "the server has started")
            yield Served(whole, server, f"ws://127.0.0.1:{listener.getsockname()[1]}", token)
        finally:
            assert whole.sockets is not None
            await whole.sockets.hang_up(5)
            server.should_exit = True
            await serving
            listener.close()


async def closed(socket: Any) -> tuple[int, str]:
    """How a connection is closed."""
    with contextlib.suppress(websockets.ConnectionClosed):
        async for _ in socket:
            pass
    return socket.close_code, socket.close_reason
