"""The core as the dialler meets it: embedded (ASGI in this loop, virtual time), or over a URL (a server in a thread, scaled time)."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from core.access.keys import create
from core.api.app import create_core_app
from core.calls.engine import Engine
from core.kernel.clock import Clock, RealClock
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.virtual_clock import VirtualClock
from core.outgoing.guard import AllowList
from dialler.core_client import CoreClient
from tests.conftest import START
from tests.core.api.support import client_of, open_core, store_bot
from web.composition import open_whole
from web.settings import Settings

SPEED = 60.0
"""Clock seconds in a real one, over a URL."""
SECRET = "whsec_" + "c2VhbSBzZWNyZXQgb2YgdGhlIHRlc3Rz"


@dataclass
class SeamCore:
    """A core from outside. Its database is at hand for what an operator does."""

    db: Database
    clock: Clock
    api_key: str
    make_http: Callable[[], httpx.AsyncClient]
    stop: Callable[[], None]
    network_log: Path
    opened: list[httpx.AsyncClient] = field(default_factory=list)

    def client(self, api_key: str | None = None) -> CoreClient:
        """A client of it, with a key that may use every bot unless another is given."""
        http = self.make_http()
        self.opened.append(http)
        return CoreClient(http, self.api_key if api_key is None else api_key, self.clock)

    def bot(self, bot_id: str, **config: Any) -> str:
        """Store a bot that may call at any time."""
        store_bot(self.db, self.clock.now(), bot_id, **config)
        return bot_id


def make_key(db: Database, **more: Any) -> str:
    """A new API key."""
    with db.write() as connection:
        return create(connection, **{"key_id": Ids().new(), "name": "the dialler", "now": START, **more}).key


@contextlib.asynccontextmanager
async def embedded(db: Database, clock: Clock, folder: Path, **settings: Any) -> AsyncIterator[SeamCore]:
    """The core in this process and loop."""
    async with open_core(db, clock, folder, **settings) as core:
        yield SeamCore(db, clock, make_key(db), lambda: client_of(core.app), lambda: None, folder / "network.jsonl")


@contextlib.contextmanager
def served(settings: Settings) -> Iterator[tuple[str, Engine, Callable[[], None]]]:
    """A whole process's insides in a thread, its API on a port of loopback. Yields the URL, the engine, and what stops it."""
    listener = socket.create_server(("127.0.0.1", 0))
    ready, ended = threading.Event(), threading.Event()
    inside: dict[str, Any] = {}

    async def main() -> None:
        async with open_whole(settings) as whole:
            stop = asyncio.Event()
            server = LoopbackServer(uvicorn.Config(create_core_app(whole.engine), log_config=None, access_log=False, lifespan="off"))
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            inside.update(engine=whole.engine, stop=stop, loop=asyncio.get_running_loop())
            ready.set()
            await stop.wait()
            server.should_exit = server.force_exit = True
            await serving

    def run() -> None:
        try:
            asyncio.run(main())
        finally:
            listener.close()
            ready.set()
            ended.set()

    thread = threading.Thread(target=run, name="core under test")
    thread.start()
    assert ready.wait(30)

    def stop() -> None:
        if not ended.is_set():
            inside["loop"].call_soon_threadsafe(inside["stop"].set)
        thread.join(30)

    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", inside["engine"], stop
    finally:
        stop()


class LoopbackServer(uvicorn.Server):
    """One that leaves the signals to the tests."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def core_settings(database_url: str, folder: Path, *, allow: str = "", seats: int = 50, **sandbox: Any) -> Settings:
    """The settings of a core in scaled time."""
    return Settings(
        database_url=database_url,
        data_folder=folder / "core",
        network_log=folder / "network.jsonl",
        speed=SPEED,
        start=START,
        seats=seats,
        allow_internal=AllowList.parse(allow),
        sandbox=sandbox,
        environ={"SEAM_SECRET": SECRET},
    )


SeamTest = Callable[[SeamCore], Coroutine[Any, Any, Any]]


def run_embedded(test: SeamTest, template: Path, folder: Path, **settings: Any) -> None:
    """Run a test against an embedded core."""
    database = copy_of(template, folder)

    async def main() -> None:
        clock = VirtualClock(START)

        async def body() -> None:
            async with embedded(database, clock, folder, **settings) as core:
                await test(core)
                for http in core.opened:
                    await http.aclose()

        try:
            await clock.spawn(body(), name="test")
        finally:
            clock.close()

    try:
        asyncio.run(asyncio.wait_for(main(), 60))
    finally:
        database.close()


def run_over_url(test: SeamTest, template: Path, folder: Path, **settings: Any) -> None:
    """Run a test against a core behind a URL."""
    database = copy_of(template, folder)

    async def main(url: str, stop: Callable[[], None]) -> None:
        clock = RealClock(SPEED, START)
        key = make_key(database)
        core = SeamCore(database, clock, key, lambda: httpx.AsyncClient(base_url=url, timeout=10), stop, folder / "network.jsonl")
        await test(core)
        for http in core.opened:
            await http.aclose()

    try:
        with served(core_settings(database.url, folder, **settings)) as (url, _, stop):
            asyncio.run(asyncio.wait_for(main(url, stop), 60))
    finally:
        database.close()


def copy_of(template: Path, folder: Path) -> Database:
    """A fresh database."""
    shutil.copy(template, folder / "core.db")
    return Database(f"sqlite:///{folder}/core.db")
