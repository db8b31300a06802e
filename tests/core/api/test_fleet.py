"""GET /health and GET /health/fleet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.fleet import store as fleet
from tests.core.api.support import BOT, STORY, Core, client_of, problem_of

WithCore = Callable[..., Any]


def test_the_totals_are_open_and_say_nothing_of_anyone(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        await core.placed(STORY, variables={"customer_name": "Rahul Sharma"})
        async with client_of(core.app) as anybody:
            response = await anybody.get("/health/fleet")
            assert (await anybody.get("/health")).json() == {"status": "ok"}
        body = response.json()
        worker = {"id": core.engine.worker_id, "calls": 1, "max": 4, "draining": False, "last_seen": body["workers"][0]["last_seen"]}
        assert body == {
            "status": "ok",
            "fleet_max": 4,
            "fleet_calls": 1,
            "fleet_available": 3,
            "workers": [worker],
            "calls_by_state": {"ringing": 1},
        }
        for secret in (STORY, STORY[1:], "Rahul", BOT, "12025550100"):
            assert secret not in response.text

    with_each_core(test, seats=4)


def test_draining_and_no_workers(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        with core.db.write() as connection:
            fleet.set_draining(connection, core.engine.worker_id, draining=True)
        body = (await core.http.get("/health/fleet")).json()
        assert (body["status"], body["fleet_available"], body["fleet_max"]) == ("draining", 0, 50)
        with core.db.write() as connection:
            fleet.retire(connection, core.engine.worker_id)
        body = (await core.http.get("/health/fleet")).json()
        assert (body["status"], body["fleet_available"], body["workers"]) == ("no_workers", 0, [])

    with_core(test)


def test_what_is_said_of_a_bot_needs_a_key_that_may_use_it(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot("other", seats=2)
        scoped = core.key(bots=[BOT])
        path = "/health/fleet?bot_id="
        assert (await core.http.get(path + "other")).json()["fleet_available"] == 2
        hidden, absent = [await core.http.get(path + name, headers=scoped) for name in ("other", "nowhere")]
        assert (hidden.status_code, absent.status_code) == (404, 404)
        assert hidden.text.replace("other", "nowhere") == absent.text
        problem_of(hidden)
        async with client_of(core.app) as anybody:
            assert (await anybody.get(path + BOT)).status_code == 401
            assert (await anybody.get(path + "nowhere")).status_code == 401

    with_core(test)


def test_an_operator_can_require_a_key(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.engine.fleet_key_required = True
        async with client_of(core.app) as anybody:
            response = await anybody.get("/health/fleet")
            assert response.status_code == 401
            problem_of(response)
            assert (await anybody.get("/health")).status_code == 200
        assert (await core.http.get("/health/fleet")).status_code == 200

    with_core(test)
