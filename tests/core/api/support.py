"""A core of its own for each test: engine, sandbox network, bots, keys, and clients of its API. No dialler, no deliveries."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import func, select

from core.access.keys import create
from core.api.app import create_core_app
from core.bots.config import BotConfig
from core.bots.store import save_bot
from core.calls.engine import Engine
from core.calls.tables import Call
from core.fleet import store as fleet
from core.fleet.tables import Seat
from core.kernel.clock import Clock, utc_now
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.processes import this_process
from core.kernel.statements import table_of
from core.transports.sandbox import SandboxNetwork, SandboxSettings, SandboxTransport
from core.trunks.store import ensure_sandbox_trunk
from tests.conftest import START

calls = table_of(Call)
seats = table_of(Seat)

BOT = "loan-reminder"
OPEN: dict[str, Any] = {"permitted_hours": {"enabled": False}, "purpose": "service"}
PAYS, STORY, BUSY, DECLINES, SILENT = (f"+120255501{digits}" for digits in ("00", "13", "07", "08", "06"))
"""Callees of the sandbox's catalogue."""


def talkers(count: int) -> list[str]:
    """So many numbers that answer and talk for a quarter of an hour."""
    return [f"+9991{n:06d}13" for n in range(count)]


def like(number: str, count: int) -> list[str]:
    """So many numbers that behave as this one does: one phone has one call at a time."""
    return [f"+9991{n:06d}{number[-2:]}" for n in range(count)]


@dataclass
class Core:
    """A core under test."""

    engine: Engine
    app: FastAPI
    network: SandboxNetwork
    http: httpx.AsyncClient
    """With a dialout key that may use every bot."""

    @property
    def clock(self) -> Clock:
        return self.engine.clock

    @property
    def db(self) -> Database:
        return self.engine.db

    def bot(self, bot_id: str = BOT, **config: Any) -> str:
        """Store a bot that may call at any time."""
        store_bot(self.db, self.clock.now(), bot_id, **config)
        return bot_id

    def key(self, **more: Any) -> dict[str, str]:
        """The headers of a new API key."""
        return key_headers(self.db, self.clock.now(), **more)

    async def dial(self, number: str = PAYS, **more: Any) -> httpx.Response:
        """A dialout. `key` is its Idempotency-Key; the rest is in its body."""
        headers = {"Idempotency-Key": key} if (key := more.pop("key", None)) else {}
        body = {"bot_id": BOT, "to_number": number, **more}
        return await self.http.post("/api/v1/sip/dialout", json=body, headers=headers)

    async def placed(self, number: str = PAYS, **more: Any) -> str:
        """The id of a call that a dialout placed."""
        response = await self.dial(number, **more)
        assert response.status_code == 200, response.text
        return str(response.json()["call_id"])

    async def call(self, call_id: str) -> dict[str, Any]:
        """A call as the API shows it."""
        response = await self.http.get(f"/api/v1/calls/{call_id}")
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def over(self) -> None:
        """Wait until no call is left."""
        await self.clock.join(*self.engine.tasks)

    async def together(self, *coros: Coroutine[Any, Any, Any]) -> list[Any]:
        """Run them at the same moment of the clock."""
        tasks = [self.clock.spawn(coro, name=f"together {n}") for n, coro in enumerate(coros)]
        await self.clock.join(*tasks)
        return [task.result() for task in tasks]

    def count_calls(self) -> int:
        with self.db.read() as connection:
            return connection.execute(select(func.count()).select_from(calls)).scalar_one()

    def seats_taken(self) -> int:
        with self.db.read() as connection:
            return connection.execute(select(func.count(seats.c.call_id))).scalar_one()


def store_bot(db: Database, now: datetime, bot_id: str = BOT, **config: Any) -> None:
    """Store a bot that may call at any time."""
    with db.write() as connection:
        save_bot(connection, BotConfig(**{"name": bot_id, "id": bot_id, **OPEN, **config}), now)


def key_headers(db: Database, now: datetime, **more: Any) -> dict[str, str]:
    """The headers of a new API key."""
    with db.write() as connection:
        return {"X-API-Key": create(connection, **{"key_id": Ids().new(), "name": "a key", "now": now, **more}).key}


@contextlib.asynccontextmanager
async def open_core(db: Database, clock: Clock, folder: Path, **more: Any) -> AsyncIterator[Core]:
    """A core on a database, as one worker of it.

    Args:
        db: migrated.
        clock: its clock.
        folder: where the network keeps its log.
        more: `seats`, `seed`, `headers` (of its client), and settings of the sandbox.
    """
    seats, ids, headers = more.pop("seats", 50), Ids(more.pop("seed", None)), more.pop("headers", None)
    sandbox = SandboxSettings.from_mapping(more)
    network = SandboxNetwork(clock, ids, sandbox, folder / "network.jsonl")
    engine = Engine(db, clock, utc_now, ids, Ids().new(), {"sandbox": SandboxTransport(network)})
    with db.write() as connection:
        fleet.register(connection, engine.worker_id, seats, this_process(), utc_now())
        ensure_sandbox_trunk(connection, channels=sandbox.channels, calls_per_second=sandbox.calls_per_second, now=clock.now())
    app = create_core_app(engine)
    http = client_of(app, headers or key_headers(db, clock.now()))
    core = Core(engine, app, network, http)
    core.bot()
    try:
        yield core
    finally:
        for run in list(engine.runs.values()):
            await run.cancel()
        await core.over()
        network.close()
        await http.aclose()


def client_of(app: FastAPI, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
    """A client of an app in this process."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://core", headers=headers)


@contextlib.contextmanager
def opened(url: str) -> Iterator[Database]:
    """A database of its own for one more process."""
    db = Database(url)
    try:
        yield db
    finally:
        db.close()


def fields_of(response: httpx.Response) -> dict[str, str]:
    """The bad fields that a 422 names, each with its code."""
    assert response.status_code == 422, response.text
    return {error["field"]: error["code"] for error in problem_of(response)["errors"]}


def problem_of(response: httpx.Response) -> dict[str, Any]:
    """The body of an error, checked to be a problem document for people."""
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == response.status_code
    assert {"type", "title", "detail"} <= set(body)
    assert len(body["detail"]) > 10
    return body


def in_time(clock_test: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in a loop of its own, with a limit in real time."""
    return asyncio.run(asyncio.wait_for(clock_test, 60))


__all__ = [
    "BOT",
    "BUSY",
    "DECLINES",
    "OPEN",
    "PAYS",
    "SILENT",
    "START",
    "STORY",
    "Core",
    "client_of",
    "fields_of",
    "in_time",
    "key_headers",
    "open_core",
    "opened",
    "problem_of",
    "store_bot",
    "talkers",
]
