"""500 dialouts at once onto 50 seats, over real sockets; and the cost of `GET /health/fleet` meanwhile and under full load.

    python -m bench.dialouts              SQLite and PostgreSQL
    python -m bench.dialouts --seats 200 --dialouts 2000

Server and client share this process, and so one core: the figures include both.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

from bench.servers import KINDS, fresh
from core.kernel.database import Database
from tests.core.api.over_http import Served, dial_at_once, fleet_latencies, served

_LOAD_SECONDS = 5.0


def show(what: str, taken: list[float]) -> None:
    ordered = sorted(taken)
    middle, slow = statistics.median(ordered), ordered[int(len(ordered) * 0.99)]
    print(f"  {what:44} {len(ordered):6} asked   median {middle:7.1f} ms   99 % within {slow:7.1f} ms   worst {ordered[-1]:7.1f} ms")


async def while_(there: Served, what: str, seconds: float) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, stop.set)
    show(what, await fleet_latencies(there, stop))


async def measure(kind: str, seats: int, dialouts: int) -> None:
    with tempfile.TemporaryDirectory() as name, fresh(kind, Path(name)) as url:
        db = Database(url)
        async with served(db, Path(name), seats=seats, connections=dialouts + 1) as there:
            print(kind)
            await while_(there, "fleet, idle", _LOAD_SECONDS / 2)
            stop = asyncio.Event()
            asking = asyncio.create_task(fleet_latencies(there, stop))
            began = time.perf_counter()
            answers = await dial_at_once(there, dialouts)
            took = time.perf_counter() - began
            stop.set()
            counted = Counter(answer.status_code for answer in answers)
            print(f"  {dialouts} dialouts at once: {counted[200]} x 200, {counted[503]} x 503 in {took:.2f} s")
            assert counted == {200: seats, 503: dialouts - seats}
            show("fleet, during that burst (behind it in line)", await asking)
            await while_(there, f"fleet, {seats} of {seats} seats talking", _LOAD_SECONDS)
        db.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seats", type=int, default=50)
    parser.add_argument("--dialouts", type=int, default=500)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    for kind in KINDS:
        asyncio.run(measure(kind, options.seats, options.dialouts))


if __name__ == "__main__":
    main()
