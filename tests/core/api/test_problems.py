"""Every error is a problem document for people, also what nobody expected; and nothing inside leaks out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.core.api.support import BOT, PAYS, Core, client_of, problem_of

WithCore = Callable[..., Any]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/calls/", 404),
        ("GET", "/api/v1/calls/%00", 404),
        ("GET", "/health/fleet?bot_id=%00", 422),
        ("GET", "/api/v1/sip/dialout", 405),
        ("DELETE", "/api/v1/calls", 405),
        ("PATCH", "/health", 405),
    ],
)
def test_wrong_paths_and_methods(with_core: WithCore, method: str, path: str, status: int) -> None:
    async def test(core: Core) -> None:
        response = await core.http.request(method, path)
        assert response.status_code == status
        problem_of(response)
        assert ("allow" in response.headers) == (status == 405)

    with_core(test)


def test_what_nobody_expected_is_500_without_internals_and_logged_with_its_place(
    with_core: WithCore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(core: Core) -> None:
        def fail(*_: Any) -> None:
            try:
                raise KeyError(PAYS)
            except KeyError as error:
                raise RuntimeError(f"secret of {PAYS}") from error

        monkeypatch.setattr("core.api.calls.read_call", fail)
        response = await core.http.get("/api/v1/calls/abc")
        assert response.status_code == 500
        problem_of(response)
        for inside in ("secret", PAYS, "RuntimeError", "Traceback", "calls.py"):
            assert inside not in response.text

    with caplog.at_level(logging.ERROR):
        with_core(test)
    [record] = [record for record in caplog.records if record.name == "core.api"]
    said = record.getMessage()
    assert "GET /api/v1/calls/{call_id} failed: RuntimeError" in said
    assert "in fail" in said
    assert "caused by KeyError" in said
    assert PAYS not in said


def test_a_database_that_fails_is_503_and_leaves_nothing_behind(with_core: WithCore, caplog: pytest.LogCaptureFixture) -> None:
    async def test(core: Core) -> None:
        with core.db.write() as connection:
            connection.exec_driver_sql("ALTER TABLE calls RENAME TO elsewhere")
        response = await core.dial(PAYS, variables={"customer_name": "Rahul Sharma"})
        assert response.status_code == 503
        with core.db.write() as connection:
            connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO calls")
        assert core.seats_taken() == core.count_calls() == 0, "the intent and the seat went with the transaction"

    with_core(test)
    assert "Rahul" not in caplog.text


def test_the_error_bodies_name_nothing_of_a_key(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        key = core.key(bots=[BOT])
        async with client_of(core.app, key) as http:
            answers = [await http.get(path) for path in ("/api/v1/suppressions", "/api/v1/calls/x", "/api/v1/calls?limit=x")]
        assert [answer.status_code for answer in answers] == [403, 404, 422]
        assert not any(key["X-API-Key"] in answer.text for answer in answers)

    with_core(test)
