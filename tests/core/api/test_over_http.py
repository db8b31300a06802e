"""Over real sockets: 500 dialouts at one moment onto 50 seats."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from core.fleet.store import renew
from core.kernel.clock import utc_now
from core.kernel.database import Database
from tests.core.api.over_http import dial_at_once, served

DIALOUTS, SEATS = 500, 50


def test_of_500_dialouts_at_once_exactly_as_many_succeed_as_there_are_seats(database: Database, tmp_path: Path) -> None:
    async def main() -> None:
        async with served(database, tmp_path, seats=SEATS, connections=DIALOUTS) as there:
            assert (await there.http.get("/health/fleet")).json()["fleet_available"] == SEATS
            answers = await dial_at_once(there, DIALOUTS)
            assert Counter(answer.status_code for answer in answers) == {200: SEATS, 503: DIALOUTS - SEATS}
            assert {answer.json()["reason"] for answer in answers if answer.status_code == 503} == {"no_capacity"}
            assert all("Retry-After" in answer.headers for answer in answers if answer.status_code == 503)
            assert len({answer.json()["call_id"] for answer in answers if answer.status_code == 200}) == SEATS
            with database.write() as connection:  # the burst may last longer than a lease, and nothing renews it here
                renew(connection, there.core.engine.worker_id, utc_now())
            fleet = (await there.http.get("/health/fleet")).json()
            assert (fleet["fleet_calls"], fleet["fleet_available"]) == (SEATS, 0)
            assert (there.core.seats_taken(), there.core.network.calls) == (SEATS, SEATS)

    asyncio.run(asyncio.wait_for(main(), 120))
