"""Deliveries over HTTP: listed, read with their attempts, replayed; by whom."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from core.access.keys import create
from tests.core.api.support import BOT, DECLINES, Core, client_of, fields_of, like
from tests.core.deliveries.support import Receiver, worker_for

PATH = "/api/v1/deliveries"
PUSH = {"url": "http://crm.embedded/push?token=in-the-url", "key_mapper": {"D": "{{result.disposition}}"}}


@contextlib.asynccontextmanager
async def sending(core: Core, answers: list[int]) -> AsyncIterator[Receiver]:
    """A CRM that gives these answers, then 200, and a sender that pushes to it."""
    core.bot(BOT, post_call_push=PUSH)
    receiver = Receiver(core.clock, answers)
    worker = worker_for(core.db, core.clock, receiver, per_destination=1)  # one after the other: which one is answered how is known
    core.engine.wake_deliveries = worker.wake
    task = core.clock.spawn(worker.run(), name="deliveries")
    try:
        yield receiver
    finally:
        await worker.stop()
        core.clock.cancel(task)
        await core.clock.join(task)


async def called(core: Core, count: int = 1) -> list[str]:
    """Calls that are over and pushed, or given up on."""
    ids = [await core.placed(number) for number in like(DECLINES, count)]
    await core.over()
    await core.clock.sleep(1)
    return ids


async def listed(core: Core, **params: Any) -> list[dict[str, Any]]:
    response = await core.http.get(PATH, params=params)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["deliveries"]
    return found


def test_a_dead_delivery_is_seen_with_its_attempts_and_replayed(admin: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        async with sending(core, [410]) as crm:
            [call_id] = await called(core)
            [dead] = await listed(core, state="dead")
            assert (dead["call_id"], dead["last_status"], dead["next_attempt_at"]) == (call_id, 410, None)
            assert dead["url"] == "http://crm.embedded/push"  # its query may hold a token
            detail = (await core.http.get(f"{PATH}/{dead['id']}")).json()
            assert [(attempt["status"], attempt["response"]) for attempt in detail["attempt_list"]] == [(410, "thanks ")]
            replayed = await core.http.post(f"{PATH}/{dead['id']}/replay")
            assert (replayed.status_code, replayed.json()["state"]) == (200, "pending")
            await core.clock.sleep(1)
            detail = (await core.http.get(f"{PATH}/{dead['id']}")).json()
            assert (detail["state"], [attempt["status"] for attempt in detail["attempt_list"]]) == ("delivered", [410, 200])
            assert list(crm.ids.values()) == [2]
            again = await core.http.post(f"{PATH}/{dead['id']}/replay")  # what arrived is never sent again
            assert again.status_code == 409
            await core.clock.sleep(1)
            assert list(crm.ids.values()) == [2]
            assert (await core.http.get(f"{PATH}/none")).status_code == 404

    admin(test)


def test_the_list_is_filtered_and_paged_without_gaps(admin: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        async with sending(core, [200, 200, 200, 410]):  # the fifth finds the endpoint closed
            ids = await called(core, 5)
            found, cursor = [], None
            while True:
                page = (await core.http.get(PATH, params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
                found += [delivery["call_id"] for delivery in page["deliveries"]]
                if (cursor := page["next_cursor"]) is None:
                    break
            assert sorted(found) == sorted(ids)
            assert {d["call_id"] for d in await listed(core, call_id=ids[:2])} == set(ids[:2])
            assert len(await listed(core, state="dead", kind="crm_push", destination="crm.embedded:80", bot_id=BOT)) == 2
            assert await listed(core, bot_id="other") == []
            assert set(fields_of(await core.http.get(PATH, params={"state": "lost", "limit": 0, "kind": "fax"}))) == {
                "state",
                "limit",
                "kind",
            }
            assert set(fields_of(await core.http.get(PATH, params={"cursor": "W10"}))) == {"cursor"}
            assert (await core.http.get(PATH, params={"call_id": ["x"] * 101})).status_code == 422

    admin(test)


def test_dead_letters_are_replayed_in_bulk_by_filter(admin: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        async with sending(core, [200, 410]) as crm:
            ids = await called(core, 4)
            dead = {delivery["call_id"] for delivery in await listed(core, state="dead")}
            assert len(dead) == 3
            assert set(fields_of(await core.http.post(f"{PATH}/replay", json={}))) == {"body"}
            assert set(fields_of(await core.http.post(f"{PATH}/replay", json={"state": "dead"}))) == {"state"}
            one = sorted(dead)[0]
            for body, number in [({"call_ids": [one]}, 1), ({"destination": "other:443"}, 0), ({"all": True}, 2), ({"all": True}, 0)]:
                assert (await core.http.post(f"{PATH}/replay", json=body)).json() == {"replayed": number}, body
            await core.clock.sleep(1)
            assert {delivery["state"] for delivery in await listed(core)} == {"delivered"}
            assert sorted(crm.ids.values()) == [1, 1, 1, 2]  # two were never sent before
            assert len(ids) == 4

    admin(test)


def test_a_dialout_key_sees_its_bots_and_replays_its_own_calls_only(admin: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        async with sending(core, [410]):
            core.bot("other")
            keys = {}
            for name, bots in (("mine", [BOT]), ("theirs", [BOT]), ("elsewhere", ["other"])):
                with core.db.write() as connection:
                    keys[name] = create(connection, key_id=name, name=name, now=core.clock.now(), bots=bots).key
            calls = {}
            for name, number in zip(("mine", "theirs"), like(DECLINES, 2), strict=True):
                async with client_of(core.app, {"X-API-Key": keys[name]}) as http:
                    answer = await http.post("/api/v1/sip/dialout", json={"bot_id": BOT, "to_number": number})
                    calls[name] = answer.json()["call_id"]
            await core.over()
            await core.clock.sleep(1)
            by_call = {delivery["call_id"]: delivery["id"] for delivery in await listed(core)}
            async with client_of(core.app, {"X-API-Key": keys["elsewhere"]}) as http:
                assert (await http.get(PATH)).json()["deliveries"] == []
                assert (await http.get(f"{PATH}/{by_call[calls['mine']]}")).status_code == 404
                assert (await http.post(f"{PATH}/replay", json={"all": True})).json() == {"replayed": 0}
            async with client_of(core.app, {"X-API-Key": keys["mine"]}) as http:
                assert len((await http.get(PATH)).json()["deliveries"]) == 2
                assert (await http.post(f"{PATH}/{by_call[calls['theirs']]}/replay")).status_code == 404
                assert (await http.post(f"{PATH}/replay", json={"all": True})).json() == {"replayed": 1}
            await core.clock.sleep(1)
            assert {d["call_id"]: d["state"] for d in await listed(core)} == {calls["mine"]: "delivered", calls["theirs"]: "dead"}

    admin(test)
