"""More dialouts than seats at the same instant: exactly as many succeed as were available."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.fleet import store as fleet
from core.kernel.clock import utc_now
from tests.core.api.conftest import run_core
from tests.core.api.support import BOT, Core, opened, talkers
from tests.core.api.test_idempotency import in_two_processes

WithCore = Callable[..., Any]


async def available(core: Core, bot_id: str | None = None) -> int:
    """`fleet_available` as the API says it."""
    response = await core.http.get("/health/fleet", params={"bot_id": bot_id} if bot_id else {})
    assert response.status_code == 200, response.text
    return int(response.json()["fleet_available"])


def refusals(answers: list[httpx.Response]) -> Counter[str]:
    """How often each reason was given."""
    return Counter(answer.json()["reason"] for answer in answers if answer.status_code == 503)


def test_exactly_the_available_seats_are_given(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        before = await available(core)
        assert before == 50
        answers = await core.together(*(core.dial(number) for number in talkers(150)))
        assert Counter(answer.status_code for answer in answers) == {200: before, 503: 100}
        assert refusals(answers) == {"no_capacity": 100}
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.status_code == 503)
        assert (await available(core), core.seats_taken(), core.network.calls) == (0, 50, 50)
        await core.over()
        assert (await available(core), core.seats_taken()) == (50, 0)
        results = [(await core.call(a.json()["call_id"]))["result"] for a in answers if a.status_code == 200]
        assert {result["end_reason"] for result in results} == {"max_duration"}, "none was refused by the trunk"

    with_each_core(test)


def test_the_bots_own_seats_are_a_limit_of_their_own(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot("small", seats=7)
        assert (await available(core, "small"), await available(core, BOT)) == (7, 20)
        answers = await core.together(*(core.dial(number, bot_id="small") for number in talkers(30)))
        assert Counter(answer.status_code for answer in answers) == {200: 7, 503: 23}
        assert (await available(core, "small"), await available(core, BOT)) == (0, 13)

    with_each_core(test, seats=20)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [({"seats": 9}, "no_capacity"), ({"channels": 9}, "trunk_unavailable"), ({"calls_per_second": 2.0}, "trunk_unavailable")],
)
def test_whatever_the_limit_is_the_fleet_says_it_before(with_core: WithCore, limits: dict[str, Any], reason: str) -> None:
    async def test(core: Core) -> None:
        expected, for_bot = await available(core), await available(core, BOT)
        assert expected == for_bot < 40
        answers = await core.together(*(core.dial(number) for number in talkers(40)))
        assert Counter(answer.status_code for answer in answers) == {200: expected, 503: 40 - expected}
        assert set(refusals(answers)) == {reason}

    with_core(test, **limits)


def test_a_draining_worker_finishes_its_calls_and_takes_none(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        call_id = await core.placed(talkers(1)[0])
        with core.db.write() as connection:
            fleet.set_draining(connection, core.engine.worker_id, draining=True)
        assert await available(core) == 0
        answer = await core.dial(talkers(2)[1])
        assert refusals([answer]) == {"no_capacity": 1}
        assert "draining" in answer.json()["detail"]
        await core.over()
        assert (await core.call(call_id))["result"]["end_reason"] == "max_duration"
        with core.db.write() as connection:
            fleet.set_draining(connection, core.engine.worker_id, draining=False)
        assert (await core.dial(talkers(2)[1])).status_code == 200

    with_core(test)


def test_two_workers_give_what_each_has(database_url: str, tmp_path: Path) -> None:
    async def work(core: Core, number: int) -> tuple[int, int]:
        expected = await available(core)
        answers = [await core.dial(phone) for phone in talkers(25)]
        assert core.seats_taken() <= 24
        return expected, sum(answer.status_code == 200 for answer in answers)

    assert in_two_processes(database_url, tmp_path, work, seats=12, calls_per_second=1000) == [(12, 12), (12, 12)]


def test_two_workers_share_the_bots_seats(database_url: str, tmp_path: Path) -> None:
    async def make(core: Core) -> None:
        core.bot("small", seats=9)

    with opened(database_url) as db:
        run_core(make, db, tmp_path)

    async def work(core: Core, number: int) -> list[str]:
        answers = [await core.dial(phone, bot_id="small") for phone in talkers(15)]
        return [answer.json()["call_id"] for answer in answers if answer.status_code == 200]

    first, second = in_two_processes(database_url, tmp_path, work, seats=12, calls_per_second=1000)
    assert len(set(first + second)) == 9


def test_the_fleet_shows_every_worker_that_lives(database_url: str, tmp_path: Path) -> None:
    async def work(core: Core, number: int) -> dict[str, Any]:
        with core.db.write() as connection:
            connection.exec_driver_sql("UPDATE workers SET draining = draining")  # takes its turn
        body = (await core.http.get("/health/fleet")).json()
        assert core.engine.worker_id in {worker["id"] for worker in body["workers"]}
        return dict(body)

    for body in in_two_processes(database_url, tmp_path, work, seats=3):
        assert (body["fleet_max"], len(body["workers"]), body["fleet_available"]) == (6, 2, 3)
    with opened(database_url) as db, db.read() as connection:
        assert fleet.live_workers(connection, utc_now() + fleet.LEASE) == []
