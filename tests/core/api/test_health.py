"""GET /health/live and GET /health/ready, and /health/fleet while the database is away."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection

from core.api import fleet as fleet_endpoints
from core.api import health
from core.fleet import store as fleet
from tests.core.api.support import BOT, PAYS, Core, client_of, problem_of

WithCore = Callable[..., Any]


async def ask(core: Core, path: str, **headers: str) -> httpx.Response:
    async with client_of(core.app) as anybody:
        return await anybody.get(path, headers=headers)


@contextlib.contextmanager
def away(core: Core) -> Iterator[None]:
    """The database refuses every transaction, as one whose server is gone does."""
    engine, message = core.engine.db.engine, f"connection refused: password=hunter2 {PAYS}"
    with pytest.MonkeyPatch.context() as patch:

        def gone(*_: object, **__: object) -> None:
            raise engine.dialect.loaded_dbapi.OperationalError(message)

        core.engine.db.close()
        patch.setattr(engine.dialect, "connect", gone)
        yield
    core.engine.db.close()


def test_live_and_ready_are_open_and_say_nothing_else(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        await core.placed(variables={"customer_name": "Rahul Sharma"})
        live, ready = await ask(core, "/health/live"), await ask(core, "/health/ready")
        assert (live.status_code, live.json()) == (200, {"status": "ok"})
        assert (ready.status_code, ready.json()) == (200, {"status": "ready"})

    with_each_core(test)


def test_without_the_database_it_lives_and_is_not_ready(with_each_core: WithCore, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def test(core: Core) -> None:
        headers = core.key()
        with away(core):
            assert (await ask(core, "/health/live")).status_code == 200
            for _ in range(2):
                ready = await ask(core, "/health/ready")
                assert (ready.status_code, problem_of(ready)["reason"]) == (503, "database")
            for path in ("/health/fleet", f"/health/fleet?bot_id={BOT}"):  # one reads the key first
                for _ in range(2):
                    response = await ask(core, path, **headers)
                    assert (response.status_code, problem_of(response)["reason"]) == (503, "unavailable")
                    assert "hunter2" not in response.text
            assert "hunter2" not in ready.text
        assert (await ask(core, "/health/ready")).status_code == 200
        assert (await ask(core, "/health/fleet")).json()["status"] == "ok"

    with_each_core(test)
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [(record.levelname, record.getMessage().partition(";")[0]) for record in told] == [
        ("ERROR", "/health/fleet cannot answer"),
        ("WARNING", "/health/fleet answers again"),
    ]
    assert "hunter2" not in caplog.text
    assert PAYS not in caplog.text


def test_a_fault_of_our_own_is_a_503_of_the_fleet_too(with_core: WithCore, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    async def test(core: Core) -> None:
        headers = core.key()
        assert (await ask(core, "/health/fleet?bot_id=nowhere", **headers)).status_code == 404
        assert (await ask(core, f"/health/fleet?bot_id={BOT}")).status_code == 401
        monkeypatch.setattr(fleet_endpoints, "count_by_state", broken)
        assert (await ask(core, "/health/fleet")).status_code == 503
        monkeypatch.setattr(fleet_endpoints, "count_by_state", lambda *_: {"ringing": "many"})  # the answer itself is not what it must be
        assert (await ask(core, "/health/fleet")).status_code == 503
        monkeypatch.undo()
        assert (await ask(core, "/health/fleet")).status_code == 200

    with_core(test)


def test_who_drains_or_has_retired_is_not_ready(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        with core.db.write() as connection:
            fleet.set_draining(connection, core.engine.worker_id, draining=True)
        ready = await ask(core, "/health/ready")
        assert (ready.status_code, problem_of(ready)["reason"]) == (503, "draining")
        assert (await ask(core, "/health/live")).status_code == 200
        with core.db.write() as connection:
            fleet.retire(connection, core.engine.worker_id)
        assert problem_of(await ask(core, "/health/ready"))["reason"] == "retired"

    with_each_core(test)


def test_a_database_that_hangs_is_not_ready_within_a_bound(with_core: WithCore, monkeypatch: pytest.MonkeyPatch) -> None:
    release, questions = threading.Event(), 0

    async def test(core: Core) -> None:
        def hangs(_: Connection) -> None:
            nonlocal questions
            questions += 1
            release.wait(20)

        core.engine.schema_problem = hangs
        monkeypatch.setattr(health, "READY_SECONDS", 0.05)
        for _ in range(3):
            ready = await ask(core, "/health/ready")
            assert (ready.status_code, problem_of(ready)["reason"]) == (503, "database")
        assert questions == 1  # whoever asks meanwhile waits for the same answer: no thread for each
        assert (await ask(core, "/health/live")).status_code == 200
        release.set()
        monkeypatch.setattr(health, "READY_SECONDS", 20)
        assert (await ask(core, "/health/ready")).status_code == 200

    try:
        with_core(test)
    finally:
        release.set()


def test_another_version_of_the_schema_is_not_ready(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.engine.schema_problem = lambda _: "The schema is of another version."
        ready = await ask(core, "/health/ready")
        assert (ready.status_code, problem_of(ready)["reason"]) == (503, "schema")

    with_core(test)
