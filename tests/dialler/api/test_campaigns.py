"""Campaigns over HTTP: made, changed, steered, cloned, and run to their end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.access.keys import create
from core.kernel.ids import Ids
from dialler.campaigns.manage import merged
from tests.core.api.support import fields_of
from tests.dialler.api.support import BUSY, CAMPAIGNS, DECLINES, PAYS, Api
from tests.web.run.folders import profile_numbers

WithApi = Callable[..., Any]


def test_from_nothing_to_the_crm(api: WithApi) -> None:
    async def test(api: Api) -> None:
        campaign_id = await api.campaign([PAYS, BUSY, DECLINES], max_attempts=1)
        before = await api.get(f"/{campaign_id}")
        assert (before["state"], before["dialling"], before["counts"]["waiting"]) == ("draft", False, 3)
        assert (await api.post(f"/{campaign_id}/start"))["state"] == "running"
        assert await api.dial(campaign_id) == "completed"
        after = await api.get(f"/{campaign_id}")
        assert after["counts"] == {**after["counts"], "leads": 3, "done": 3, "waiting": 0, "in_flight": 0, "attempts": 3, "answered": 1}
        assert after["ended_at"] is not None
        assert len(api.crm.seen) == 3
        again = await api.post(f"/{campaign_id}/start", status=409)
        assert "upload a lead file" in again["detail"]

    api(test)


def test_only_an_admin_key_manages_campaigns(api_on_sqlite: WithApi) -> None:
    async def test(api: Api) -> None:
        campaign_id = await api.campaign([PAYS])
        with api.whole.db.write() as connection:
            key = create(connection, key_id=Ids().new(), name="dialout", now=api.whole.clock.now()).key
        paths = [path for path in api.whole.app.openapi()["paths"] if path.startswith(CAMPAIGNS)]
        assert len(paths) >= 17
        for path in paths:
            url = path.format(campaign_id=campaign_id, lead_id=1, import_id="x", name="summary", lead="1")
            for method in api.whole.app.openapi()["paths"][path]:
                for headers, status in (({"X-API-Key": key}, 403), ({"X-API-Key": "x"}, 401)):
                    response = await api.http.request(method.upper(), url, headers=headers)
                    assert response.status_code == status, (method, path)

    api_on_sqlite(test)


def test_every_bad_setting_is_named_at_once(api_on_sqlite: WithApi) -> None:
    async def test(api: Api) -> None:
        bad = {"name": "", "bot_id": "nobody", "max_atempts": 3, "default_region": "Mars", "calling_window": {"start": "9"}}
        response = await api.http.post(CAMPAIGNS, json=bad)
        assert set(fields_of(response)) == {
            "name", "bot_id", "max_atempts", "default_region", "calling_window.start", "calling_window.time_zone",
        }  # fmt: skip
        assert "Did you mean max_attempts?" in response.text
        for content in (b'{"name": "a\\u0000"}', b'{"name": "x", "bot_id": 7}', b'{"name": 1e999}', b'{"name": "\\ud800"}'):
            assert (await api.http.post(CAMPAIGNS, content=content)).status_code == 422
        for content in (b"[]", b"{", b"\xff", b"[" * 100_000):
            assert set(fields_of(await api.http.post(CAMPAIGNS, content=content))) == {"body"}
        assert (await api.http.post(CAMPAIGNS, content=b" " * 1_100_000)).status_code == 413
        assert await api.get("") == {"campaigns": [], "next_cursor": None}
        await api.campaign()
        assert "another name" in (await api.post("", {"name": "May", "bot_id": "reminder"}, 409))["detail"]

    api_on_sqlite(test)


def test_settings_change_while_nothing_is_dialled(api: WithApi) -> None:
    async def test(api: Api) -> None:
        campaign_id = await api.campaign([PAYS], max_attempts=7, retry={"no_answer": {"delay": "5m"}})
        path = f"{CAMPAIGNS}/{campaign_id}"
        changed = (await api.http.patch(path, json={"name": "June", "retry": {"rejected": {"delay": "9m"}}, "max_attempts": None})).json()
        assert (changed["name"], changed["settings"]["max_attempts"]) == ("June", 3)
        assert [changed["settings"]["retry"][outcome]["delay"] for outcome in ("no_answer", "rejected")] == ["5m", "9m"]
        assert set(fields_of(await api.http.patch(path, json={"bot_id": "nobody", "concurrency_limit": 0}))) == {
            "bot_id",
            "concurrency_limit",
        }
        await api.post(f"/{campaign_id}/start")
        refused = await api.http.patch(path, json={"max_attempts": 2})
        assert (refused.status_code, "pause it first" in refused.text) == (409, True)
        await api.post(f"/{campaign_id}/pause")
        assert (await api.http.patch(path, json={"max_attempts": 2})).json()["settings"]["max_attempts"] == 2
        assert (await api.http.patch(f"{CAMPAIGNS}/none", json={})).status_code == 404

    api(test)


def test_a_runner_goes_by_settings_that_were_changed_while_it_was_paused(api: WithApi) -> None:
    async def test(api: Api) -> None:
        campaign_id = await api.campaign(profile_numbers(12), concurrency_limit=1, max_attempts=1, start=True)
        task = api.whole.clock.spawn(api.dial(campaign_id), name="campaign")
        await api.whole.clock.sleep(120)
        assert (await api.get(f"/{campaign_id}"))["dialling"]
        paused = await api.post(f"/{campaign_id}/pause")
        assert (paused["state"], paused["dials_on_their_way"]) == ("paused", 0)
        done = (await api.get(f"/{campaign_id}"))["counts"]["attempts"]
        await api.http.patch(f"{CAMPAIGNS}/{campaign_id}", json={"concurrency_limit": 40, "calls_per_second": 50})
        assert (await api.post(f"/{campaign_id}/resume"))["state"] == "running"
        await api.whole.clock.sleep(10)
        assert (await api.get(f"/{campaign_id}"))["counts"]["in_flight"] > 1
        await api.whole.clock.join(task)
        assert task.result() == "completed"
        assert (await api.get(f"/{campaign_id}"))["counts"]["attempts"] >= 12 > done

    api(test)


def test_a_stopped_campaign_calls_nobody_more(api: WithApi) -> None:
    async def test(api: Api) -> None:
        campaign_id = await api.campaign(profile_numbers(30), concurrency_limit=2, start=True)
        task = api.whole.clock.spawn(api.dial(campaign_id), name="campaign")
        await api.whole.clock.sleep(60)
        assert (await api.post(f"/{campaign_id}/stop", {"end_calls": True}))["state"] in {"stopping", "stopped"}
        await api.whole.clock.join(task)
        shown = await api.get(f"/{campaign_id}")
        assert shown["state"] == "stopped"
        assert shown["counts"]["by_state"]["stopped"] >= 20
        assert (await api.post(f"/{campaign_id}/pause", status=409))["detail"]
        assert set(fields_of(await api.http.post(f"{CAMPAIGNS}/{campaign_id}/stop", json={"end_call": True}))) == {"end_call"}

    api(test)


def test_a_clone_has_the_settings_and_if_asked_the_leads_uncalled(api: WithApi) -> None:
    async def test(api: Api) -> None:
        campaign_id = await api.campaign([PAYS, BUSY], max_attempts=1, start=True)
        await api.dial(campaign_id)
        bare = await api.post(f"/{campaign_id}/clone", status=201)
        assert (bare["name"], bare["state"], bare["counts"]["leads"], bare["settings"]["max_attempts"]) == ("May (2)", "draft", 0, 1)
        full = await api.post(f"/{campaign_id}/clone", {"with_leads": True}, 201)
        assert (full["name"], full["counts"]["by_state"]) == ("May (3)", {"pending": 2})
        leads = (await api.get(f"/{full['id']}/leads"))["leads"]
        assert [(lead["phone"], lead["attempts"], lead["variables"]["customer_name"]) for lead in leads] == [
            (PAYS, 0, "Customer 1"),
            (BUSY, 0, "Customer 2"),
        ]
        await api.post(f"/{full['id']}/start")
        assert await api.dial(full["id"]) == "completed"
        text = (await api.http.get(f"{CAMPAIGNS}/{full['id']}/leads.csv")).text
        assert text.splitlines()[0].endswith("crm.customer_name,crm.amount_due")
        assert (await api.post(f"/{campaign_id}/clone", {"name": "May"}, 409))["detail"]
        assert (await api.post("/none/clone", status=404))["detail"]

    api(test)


def test_the_list_is_paged_and_filtered(api: WithApi) -> None:
    async def test(api: Api) -> None:
        for name in "abcde":
            await api.post("", {"name": name, "bot_id": "reminder"}, 201)
            await api.whole.clock.sleep(1 if name != "b" else 0)
        names: list[str] = []
        page: dict[str, Any] = {"next_cursor": None}
        while not names or page["next_cursor"]:
            page = await api.get("", limit=2, **({"cursor": page["next_cursor"]} if names else {}))
            names += [campaign["name"] for campaign in page["campaigns"]]
        assert sorted(names) == list("abcde")
        assert names[:2] == ["e", "d"]
        assert (await api.get("", state="running"))["campaigns"] == []
        assert set(fields_of(await api.http.get(CAMPAIGNS, params={"state": "asleep", "limit": 0}))) == {"state", "limit"}
        assert set(fields_of(await api.http.get(CAMPAIGNS, params={"cursor": "W10"}))) == {"cursor"}

    api(test)


Keys = st.sampled_from("abc")
Leaves = st.integers() | st.text(max_size=3)
Documents = Leaves | st.dictionaries(Keys, Leaves | st.dictionaries(Keys, Leaves, max_size=3), max_size=3)
Objects = st.dictionaries(Keys, Documents, max_size=3)


@given(settings=Objects, changes=Objects)
def test_a_change_without_nulls_is_there_afterwards_and_twice_is_once(settings: dict[str, Any], changes: dict[str, Any]) -> None:
    once = merged(settings, changes)
    assert merged(once, changes) == once
    assert {key: once[key] for key in settings if key not in changes} == {key: settings[key] for key in settings if key not in changes}
    assert set(once) == set(settings) | set(changes)
    assert merged(once, dict.fromkeys(once)) == {}


@pytest.mark.parametrize(("changes", "result"), [({"a": None}, {"b": {"c": 1}}), ({"b": {"c": None, "d": 2}}, {"a": 1, "b": {"d": 2}})])
def test_null_takes_a_key_back(changes: dict[str, Any], result: dict[str, Any]) -> None:
    assert merged({"a": 1, "b": {"c": 1}}, changes) == result
