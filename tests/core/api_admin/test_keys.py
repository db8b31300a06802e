"""API keys over HTTP."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from core.access.embedded import EMBEDDED_KEY_ID
from core.access.keys import create
from core.kernel.moments import moment_text
from tests.core.api.support import BOT, Core, client_of, fields_of, problem_of

KEYS = "/api/v1/keys"


async def make(core: Core, **more: Any) -> dict[str, Any]:
    response = await core.http.post(KEYS, json={"name": "CRM", **more})
    assert response.status_code == 201, response.text
    return dict(response.json())


async def status(core: Core, key: str) -> int:
    """What a harmless request with the key is answered."""
    async with client_of(core.app, {"X-API-Key": key}) as http:
        return (await http.get("/api/v1/calls")).status_code


def test_a_key_is_shown_once_and_then_only_how_it_begins(admin: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def test(core: Core) -> None:
        response = await core.http.post(KEYS, json={"name": "CRM", "bots": [BOT]})
        assert response.headers["cache-control"] == "no-store"
        made = response.json()
        assert made["key"].startswith(made["prefix"])
        assert await status(core, made["key"]) == 200
        listed = (await core.http.get(KEYS)).json()["keys"]
        one = (await core.http.get(f"{KEYS}/{made['id']}")).json()
        assert one in listed
        assert (one["role"], one["bots"], one["valid"]) == ("dialout", [BOT], True)
        for shown in (str(listed), str(one), caplog.text):
            assert made["key"] not in shown
        with core.db.read() as connection:
            assert made["key"] not in str(connection.execute(text("SELECT * FROM api_keys")).all())

    admin(test)


def test_a_dialout_key_manages_nothing(admin_on_sqlite: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        async with client_of(core.app, core.key()) as http:
            for method, path in [
                ("GET", KEYS), ("POST", KEYS), ("PATCH", f"{KEYS}/x"), ("DELETE", f"{KEYS}/x"), ("POST", f"{KEYS}/x/rotate"),
                ("GET", "/api/v1/bots"), ("POST", "/api/v1/bots"), ("PUT", f"/api/v1/bots/{BOT}"), ("DELETE", f"/api/v1/bots/{BOT}"),
                ("GET", f"/api/v1/bots/{BOT}"), ("GET", f"/api/v1/bots/{BOT}/export"), ("POST", f"/api/v1/bots/{BOT}/preview"),
                ("GET", "/api/v1/trunks"), ("POST", "/api/v1/trunks"), ("DELETE", "/api/v1/trunks/sandbox"),
                ("GET", "/api/v1/workers"), ("POST", f"/api/v1/workers/{core.engine.worker_id}/drain"),
            ]:  # fmt: skip
                response = await http.request(method, path, json={})
                assert response.status_code == 403, (method, path)
                problem_of(response)
        async with client_of(core.app) as http:
            assert (await http.get(KEYS)).status_code == 401

    admin_on_sqlite(test)


def test_revoked_and_expired_keys_are_refused(admin: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        revoked = await make(core)
        ending = await make(core, expires_at=(core.clock.now() + timedelta(minutes=5)).isoformat())
        assert (await core.http.delete(f"{KEYS}/{revoked['id']}")).status_code == 204
        assert (await core.http.delete(f"{KEYS}/{revoked['id']}")).status_code == 204
        assert await status(core, revoked["key"]) == 401
        assert (await core.http.post(f"{KEYS}/{revoked['id']}/rotate", json={})).status_code == 409
        assert await status(core, ending["key"]) == 200
        await core.clock.sleep(300)
        assert await status(core, ending["key"]) == 401
        assert not (await core.http.get(f"{KEYS}/{ending['id']}")).json()["valid"]

    admin(test)


def test_a_rotation_needs_no_body(admin_on_sqlite: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        first = await make(core)
        second = await core.http.post(f"{KEYS}/{first['id']}/rotate")
        assert second.status_code == 200, second.text
        assert second.json()["previous_until"] == moment_text(core.clock.now() + timedelta(hours=24))
        assert (await status(core, first["key"]), await status(core, second.json()["key"])) == (200, 200)

    admin_on_sqlite(test)


def test_a_rotated_key_works_beside_the_new_one_for_the_overlap(admin: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        first = await make(core, bots=[BOT])
        second = (await core.http.post(f"{KEYS}/{first['id']}/rotate", json={"overlap_hours": 2})).json()
        assert second["id"] == first["id"]
        assert second["key"] != first["key"]
        assert second["bots"] == [BOT]
        assert [await status(core, key["key"]) for key in (first, second)] == [200, 200]
        await core.clock.sleep(2 * 3600 - 1)
        assert await status(core, first["key"]) == 200
        await core.clock.sleep(1)
        assert [await status(core, key["key"]) for key in (first, second)] == [401, 200]
        third = (await core.http.post(f"{KEYS}/{first['id']}/rotate", json={})).json()
        assert third["previous_until"] == (core.clock.now() + timedelta(hours=24)).isoformat().replace("+00:00", "Z")
        fourth = (await core.http.post(f"{KEYS}/{first['id']}/rotate", json={"overlap_hours": 0})).json()
        assert [await status(core, key["key"]) for key in (second, third, fourth)] == [401, 401, 200]
        await core.http.delete(f"{KEYS}/{first['id']}")
        assert await status(core, fourth["key"]) == 401

    admin(test)


def test_a_call_placed_before_a_rotation_is_found_by_its_idempotency_key_after_it(admin_on_sqlite: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        made = await make(core)
        rotated = (await core.http.post(f"{KEYS}/{made['id']}/rotate", json={})).json()
        ids = []
        for key in (made["key"], rotated["key"]):
            core.http.headers["X-API-Key"] = key
            ids.append(await core.placed(key="order-1"))
        assert ids[0] == ids[1]
        assert core.count_calls() == 1

    admin_on_sqlite(test)


def test_the_limit_of_a_key_answers_429_until_the_moment_it_says(admin: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        limited = await make(core, requests_per_minute=3)
        assert [await status(core, limited["key"]) for _ in range(4)] == [200, 200, 200, 429]
        async with client_of(core.app, {"X-API-Key": limited["key"]}) as http:
            response = await http.get("/api/v1/calls")
            assert response.headers["retry-after"] == "20"
            problem_of(response)
            await core.clock.sleep(19)
            assert (await http.get("/api/v1/calls")).status_code == 429
            await core.clock.sleep(1)
            assert (await http.get("/api/v1/calls")).status_code == 200
        assert (await core.http.patch(f"{KEYS}/{limited['id']}", json={"requests_per_minute": None})).status_code == 200
        assert [await status(core, limited["key"]) for _ in range(10)] == [200] * 10

    admin(test)


def test_twins_cannot_share_the_last_request_of_a_minute(admin: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        limited = await make(core, requests_per_minute=5)
        answers = await core.together(*(status(core, limited["key"]) for _ in range(12)))
        assert sorted(answers) == [200] * 5 + [429] * 7

    admin(test)


def test_what_is_left_out_of_a_change_stays(admin: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        core.bot("other")
        made = await make(core, bots=[BOT], results_url="https://crm.example/results", results_secret="whsec_c2VjcmV0")
        assert made["results_secret"].startswith("secret:KEY_")
        with core.db.read() as connection:
            stored = core.engine.secrets.resolve(connection, made["results_secret"])  # type: ignore[union-attr]
        assert stored.get_secret_value() == "whsec_c2VjcmV0"
        changed = (await core.http.patch(f"{KEYS}/{made['id']}", json={"bots": ["other"]})).json()
        assert changed == {**{k: v for k, v in made.items() if k != "key"}, "bots": ["other"]}
        async with client_of(core.app, {"X-API-Key": made["key"]}) as http:
            assert (await http.get(f"/api/v1/bots/{BOT}/availability")).status_code == 404
        changed = (await core.http.patch(f"{KEYS}/{made['id']}", json={"bots": None, "results_url": None, "results_secret": None})).json()
        assert (changed["bots"], changed["results_url"], changed["results_secret"]) == (None, None, None)

    admin(test)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"name"}),
        ({"name": ""}, {"name"}),
        ({"name": "x", "rolle": "admin"}, {"rolle"}),
        ({"name": "x", "role": "root", "requests_per_minute": 0, "expires_at": "tomorrow"}, {"role", "requests_per_minute", "expires_at"}),
        ({"name": "x", "expires_at": "2026-05-01T10:00:00"}, {"expires_at"}),
        ({"name": "x", "expires_at": "2020-05-01T10:00:00Z", "bots": []}, {"expires_at", "bots"}),
        ({"name": "x", "bots": ["nobody"], "results_url": "ftp://x"}, {"bots", "results_url"}),
        ({"name": "x", "bots": []}, {"bots"}),
        ({"name": "x", "role": "admin", "bots": [BOT]}, {"bots"}),
        ({"name": "x", "results_secret": "whsec_x"}, {"results_secret"}),
        ({"name": "a\x00b"}, {"name"}),
    ],
)
def test_every_bad_field_is_named(body: dict[str, Any], fields: set[str], admin_on_sqlite: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        assert set(fields_of(await core.http.post(KEYS, json=body))) == fields

    admin_on_sqlite(test)


def test_the_diallers_own_key_is_left_alone(admin_on_sqlite: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        with core.db.write() as connection:
            create(connection, key_id=EMBEDDED_KEY_ID, name="embedded dialler", now=core.clock.now())
        path = f"{KEYS}/{EMBEDDED_KEY_ID}"
        assert (await core.http.delete(path)).status_code == 409
        assert (await core.http.patch(path, json={"requests_per_minute": 1})).status_code == 409
        assert (await core.http.post(f"{path}/rotate", json={})).status_code == 409
        assert (await core.http.get(f"{KEYS}/none")).status_code == 404

    admin_on_sqlite(test)
