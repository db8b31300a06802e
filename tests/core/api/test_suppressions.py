"""The suppression list over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from core.suppressions import lists
from tests.core.api.support import PAYS, Core, client_of, fields_of, problem_of

WithCore = Callable[..., Any]

PATH = "/api/v1/suppressions"


def test_suppress_list_and_lift(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        admin = core.key(role="admin")
        made = await core.http.post(PATH, json={"number": "+1 (202) 555-0100", "reason": "wrote to us", "unknown": 1}, headers=admin)
        assert made.status_code == 201
        assert made.json() == {
            "number": PAYS,
            "reason": "wrote to us",
            "source": "api",
            "lines": "all",
            "created_at": "2026-03-04T10:00:00Z",
        }
        await core.clock.sleep(5)
        again = await core.http.post(PATH, json={"number": PAYS, "reason": "another"}, headers=admin)
        assert (again.status_code, again.json()) == (200, made.json())
        assert fields_of(await core.dial(PAYS)) == {"to_number": "suppressed"}
        listed = await core.http.get(PATH, headers=admin)
        assert listed.json() == {"suppressions": [made.json()], "next_cursor": None}
        for written in (PAYS, quote(PAYS, safe=""), "%2B1%20202%20555%200100"):
            lifted = await core.http.delete(f"{PATH}/{written}", headers=admin)
            assert lifted.status_code == (204 if written == PAYS else 404)
        assert (await core.dial(PAYS)).status_code == 200

    with_each_core(test)


def test_a_dialout_key_is_403_and_none_is_401(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        for method, path in (("GET", PATH), ("POST", PATH), ("DELETE", f"{PATH}/{PAYS}")):
            response = await core.http.request(method, path)
            assert response.status_code == 403
            problem_of(response)
            async with client_of(core.app) as anybody:
                assert (await anybody.request(method, path)).status_code == 401

    with_core(test)


def test_pages_and_search(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        admin = core.key(role="admin")
        numbers = [f"+120255501{n:02d}" for n in range(7)]
        for number in numbers:
            await core.http.post(PATH, json={"number": number, "reason": f"reason {number[-1]}"}, headers=admin)
        seen, cursor = [], None
        while True:
            params = {"limit": 3} | ({"cursor": cursor} if cursor else {})
            page = (await core.http.get(PATH, params=params, headers=admin)).json()
            seen += [entry["number"] for entry in page["suppressions"]]
            if (cursor := page["next_cursor"]) is None:
                break
        assert seen == sorted(numbers, reverse=True)
        found = await core.http.get(PATH, params={"search": "SON 5"}, headers=admin)
        assert [entry["number"] for entry in found.json()["suppressions"]] == [numbers[5]]
        assert set(fields_of(await core.http.get(PATH, params={"cursor": "x"}, headers=admin))) == {"cursor"}

    with_core(test)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"number": "missing"}),
        ({"number": 5, "reason": 5}, {"number": "not_text", "reason": "not_text"}),
        ({"number": "020 7946 0123", "reason": "x" * 501}, {"number": "not_a_number", "reason": "not_text"}),
        ({"number": PAYS, "reason": "\x00"}, {"reason": "not_text"}),
        ({"number": "+1\x00"}, {"number": "not_a_number"}),
    ],
)
def test_a_bad_body_is_422(with_core: WithCore, body: dict[str, Any], fields: dict[str, str]) -> None:
    async def test(core: Core) -> None:
        assert fields_of(await core.http.post(PATH, json=body, headers=core.key(role="admin"))) == fields

    with_core(test)


def test_a_named_list_refuses_a_dialout_and_is_shown(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        admin, now = core.key(role="admin"), core.clock.now()
        with core.engine.db.write() as connection:
            list_id = lists.new_list(connection, "registry", now, source="the registry", listed_on="2026-03-01")
            lists.add_numbers(connection, list_id, [f"{PAYS[:-3]}*"])
            lists.note_change(connection, list_id, now, added=1)
        assert fields_of(await core.dial(PAYS)) == {"to_number": "suppressed"}
        (one,) = (await core.http.get(f"{PATH}/lists", headers=admin)).json()["lists"]
        assert (one["name"], one["source"], one["listed_on"], one["entries"]) == ("registry", "the registry", "2026-03-01", 1)
        assert (await core.http.get(f"{PATH}/lists", params={"on": PAYS}, headers=admin)).json()["lists"] == [one]
        assert (await core.http.get(f"{PATH}/lists", params={"on": "+442079460003"}, headers=admin)).json() == {"lists": []}
        with core.engine.db.write() as connection:
            lists.remove_list(connection, "registry")
        assert (await core.dial(PAYS)).status_code == 200

    with_each_core(test)
