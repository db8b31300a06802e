"""The cost of `GET /health/fleet` against `GET /health`, idle and under full load: it must not grow with the number of calls.

    python -m bench.fleet           50 seats, all taken, and 100,000 calls that are over; SQLite and PostgreSQL

Both are called in process (ASGI), which measures the endpoint and not a socket. `/health` does nothing: it is the price of a request.
The result is the median of 200 requests.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert

from bench.servers import KINDS, fresh
from core.calls.tables import Call
from core.kernel.clock import RealClock
from core.kernel.database import Database
from core.kernel.statements import table_of
from tests.core.api.support import BOT, PAYS, START, Core, open_core, talkers

OVER, SEATS, REQUESTS = 100_000, 50, 200


@contextlib.asynccontextmanager
async def core_on(kind: str) -> AsyncIterator[Core]:
    """A core with 50 seats on a fresh database."""
    with tempfile.TemporaryDirectory() as name, fresh(kind, Path(name)) as url:
        db = Database(url)
        try:
            async with open_core(db, RealClock(), Path(name), seats=SEATS, calls_per_second=1000) as core:
                yield core
        finally:
            db.close()


def add_history(core: Core) -> None:
    """This many finished calls."""
    with core.db.write() as connection:
        for first in range(0, OVER, 10_000):
            connection.execute(
                insert(table_of(Call)),
                [
                    {
                        "call_id": f"over {n}",
                        "bot_id": BOT,
                        "bot_version": 1,
                        "to_number": PAYS,
                        "trunk": "sandbox",
                        "transport": "sandbox",
                        "state": "done",
                        "worker_id": core.engine.worker_id,
                        "direction": "outbound",
                        "variables": {"customer_name": "Asha Rao"},
                        "cancel_requested": False,
                        "created_at": START + timedelta(seconds=n),
                        "ended_at": START + timedelta(seconds=n + 60),
                        "result": {"transcript": "x" * 500},
                    }
                    for n in range(first, first + 10_000)
                ],
            )
    with core.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


async def median(core: Core, path: str) -> float:
    """Milliseconds."""
    taken = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        response = await core.http.get(path)
        taken.append(time.perf_counter() - began)
        assert response.status_code == 200
    return statistics.median(taken) * 1000


async def measure(kind: str) -> None:
    async with core_on(kind) as core:
        core.bot("limited", seats=40)
        await show(core, f"{kind}, idle")
        add_history(core)
        for number in talkers(SEATS):
            assert (await core.dial(number)).status_code == 200
        await show(core, f"{kind}, {SEATS} calls, {OVER:,} over")


async def show(core: Core, what: str) -> None:
    health, fleet, bot = [await median(core, path) for path in ("/health", "/health/fleet", "/health/fleet?bot_id=limited")]
    print(
        f"{what:40} /health {health:.2f} ms   fleet {fleet:.2f} ms = {fleet / health:.1f} x   of a bot {bot:.2f} ms = {bot / health:.1f} x"
    )


if __name__ == "__main__":
    for kind in KINDS:
        asyncio.run(measure(kind))
