"""A core behind a real socket, and many dialouts at one moment."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn

from core.kernel.clock import RealClock
from core.kernel.database import Database
from tests.core.api.support import BOT, Core, key_headers, open_core, talkers
from web.serve.listening import config_for, listen


@dataclass
class Served:
    """A core, and a client that reaches it over TCP with a dialout key."""

    core: Core
    http: httpx.AsyncClient


@contextlib.asynccontextmanager
async def served(db: Database, folder: Path, *, seats: int, connections: int) -> AsyncIterator[Served]:
    """A core with so many seats and a trunk that is no limit, in real time, behind a port of its own."""
    async with open_core(db, RealClock(), folder, seats=seats, calls_per_second=10_000, channels=10_000) as core:
        listener = listen("127.0.0.1", 0)
        server = uvicorn.Server(config_for(core.app))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        url, headers = f"http://127.0.0.1:{listener.getsockname()[1]}", key_headers(db, core.clock.now())
        try:
            async with httpx.AsyncClient(base_url=url, headers=headers, limits=limits, timeout=120, trust_env=False) as http:
                yield Served(core, http)
        finally:
            server.should_exit = True
            await serving


async def dial_at_once(there: Served, count: int) -> list[httpx.Response]:
    """So many dialouts to different callees, all sent before the first is answered if the connections are as many."""

    async def one(number: str) -> httpx.Response:
        return await there.http.post("/api/v1/sip/dialout", json={"bot_id": BOT, "to_number": number})

    return list(await asyncio.gather(*(one(number) for number in talkers(count))))


async def fleet_latencies(there: Served, stop: asyncio.Event) -> list[float]:
    """Ask `GET /health/fleet` again and again until told to stop; milliseconds of each answer."""
    taken: list[float] = []
    while not stop.is_set():
        began = time.perf_counter()
        response = await there.http.get("/health/fleet")
        taken.append((time.perf_counter() - began) * 1000)
        assert response.status_code == 200
        await asyncio.sleep(0)
    return taken
