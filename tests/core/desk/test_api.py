"""The desk over HTTP: who may do what, what is refused, and the event stream."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from core.api.desk import Asker, queue_events
from tests.core.api.support import BOT, PAYS, Core, client_of, fields_of, problem_of
from tests.core.desk.support import ASKS, DESK, PHONE, agents, desk_bot, waiting

WithCore = Callable[..., Any]


def test_agents_are_made_changed_and_removed(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        admin = core.key(role="admin")
        async with client_of(core.app, admin) as http, agents(core, {"name": "Mira", "queues": ["support"]}) as [mira]:
            [shown] = (await http.get(f"{DESK}/agents")).json()["agents"]
            assert "key" not in shown
            assert (shown["name"], shown["address"], shown["queues"], shown["state"]) == ("Mira", PHONE, ["support"], "available")
            changed = await http.patch(f"{DESK}/agents/{mira.id}", json={"queues": [], "languages": ["hi"], "state": "busy"})
            assert (changed.json()["queues"], changed.json()["languages"], changed.json()["state"]) == ([], ["hi"], "busy")
            assert (await http.get(f"{DESK}/agents/{mira.id}")).json() == changed.json()
            assert (await http.delete(f"{DESK}/agents/{mira.id}")).status_code == 204
            assert (await http.get(f"{DESK}/agents")).json() == {"agents": []}
            assert (await http.get(f"{DESK}/agents/{mira.id}")).status_code == 404
            assert (await mira.http.get(f"{DESK}/queue")).status_code == 401, "the key went with the agent"

    with_each_core(test)


def test_an_agents_key_is_for_the_desk_alone(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async with agents(core) as [mira]:
            call_id = await core.placed(PAYS)
            body = {"bot_id": BOT, "to_number": PAYS}
            assert (await mira.http.post("/api/v1/sip/dialout", json=body)).status_code == 404
            assert (await mira.http.get(f"/api/v1/calls/{call_id}")).status_code == 404
            assert (await mira.http.post(f"/api/v1/calls/{call_id}/cancel")).status_code == 404
            assert (await mira.http.get("/api/v1/calls")).json()["calls"] == []
            assert (await mira.http.get("/health/fleet", params={"bot_id": BOT})).status_code == 404
            for path in ("/api/v1/keys", "/api/v1/bots", "/api/v1/trunks", f"{DESK}/agents"):
                assert (await mira.http.get(path)).status_code == 403, path
            assert (await core.http.get(f"{DESK}/queue")).status_code == 403, "and a dialout key is not for the desk"
            async with client_of(core.app) as nobody:
                assert (await nobody.get(f"{DESK}/queue")).status_code == 401
            made = await core.http.post("/api/v1/keys", json={"name": "x", "role": "agent"}, headers=core.key(role="admin"))
            assert set(fields_of(made)) == {"role"}

    with_core(test)


def test_an_admin_acts_for_an_agent_and_an_agent_for_nobody_else(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async with agents(core, {}, {}) as [mira, jonas], client_of(core.app, core.key(role="admin")) as http:
            await core.placed(ASKS, bot_id=desk_bot(core))
            handoff = await waiting(core, mira)
            assert len((await http.get(f"{DESK}/queue")).json()["waiting"]) == 1
            assert set(fields_of(await http.post(f"{DESK}/handoffs/{handoff['id']}/claim"))) == {"agent_id"}
            other = await jonas.http.post(f"{DESK}/handoffs/{handoff['id']}/claim", params={"agent_id": mira.id})
            assert other.status_code == 404
            claimed = await http.post(f"{DESK}/handoffs/{handoff['id']}/claim", params={"agent_id": mira.id})
            assert (claimed.status_code, claimed.json()["agent_id"]) == (200, mira.id)
            assert (await http.get(f"{DESK}/queue")).json()["held"][0]["id"] == handoff["id"]
            assert (await jonas.do("connect", handoff["id"])).status_code == 409
            assert (await http.delete(f"{DESK}/agents/{mira.id}")).status_code == 409
            assert (await http.get(f"{DESK}/queue", params={"agent_id": "none"})).status_code == 404

    with_core(test)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"name": " "}, "name"),
        ({"address": "the kitchen"}, "address"),
        ({"address": "sip:nobody"}, "address"),
        ({"queues": ["No Queue"]}, "queues"),
        ({"languages": ["?"]}, "languages"),
        ({"queue": ["x"]}, "queue"),
    ],
)
def test_what_cannot_be_an_agent(with_core: WithCore, more: dict[str, Any], field: str) -> None:
    async def test(core: Core) -> None:
        admin = core.key(role="admin")
        body = {"name": "Mira", "address": "sip:mira@desk.example", **more}
        assert set(fields_of(await core.http.post(f"{DESK}/agents", json=body, headers=admin))) == {field}
        assert (await core.http.get(f"{DESK}/agents", headers=admin)).json() == {"agents": []}

    with_core(test)


def test_hand_offs_are_listed_and_paged(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async with agents(core, state="offline") as [mira], client_of(core.app, core.key(role="admin")) as http:
            bot = desk_bot(core)
            placed = []
            for number in range(5):
                placed.append(await core.placed(f"+9991000{number:03d}19", bot_id=bot))
                await core.over()
            seen: list[str] = []
            cursor: dict[str, str] = {}
            while True:
                page = (await http.get(f"{DESK}/handoffs", params={"limit": "2", "state": "unserved", **cursor})).json()
                seen += [row["call_id"] for row in page["handoffs"]]
                if page["next_cursor"] is None:
                    break
                cursor = {"cursor": page["next_cursor"]}
            assert seen == placed[::-1]
            [one] = (await http.get(f"{DESK}/handoffs", params={"call_id": placed[0]})).json()["handoffs"]
            assert one["call_id"] == placed[0]
            assert (await mira.http.get(f"{DESK}/handoffs")).json()["handoffs"] == [], "an agent sees their own"
            assert fields_of(await http.get(f"{DESK}/handoffs", params={"state": "gone"})) == {"state": "unknown_state"}
            assert fields_of(await http.get(f"{DESK}/handoffs", params={"cursor": "x"})) == {"cursor": "unknown_cursor"}
            assert problem_of(await http.get(f"{DESK}/handoffs/none"))["status"] == 404

    with_core(test)


def test_the_stream_tells_what_changes(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async with agents(core) as [mira]:
            heard: list[str] = []
            over = False

            async def gone() -> bool:
                return over

            async def listen() -> None:
                async for event in queue_events(core.engine, Asker(mira.id, False), gone):
                    heard.append(event)  # noqa: PERF401 (it is looked at meanwhile)

            task = core.clock.spawn(listen(), name="listener")
            await core.placed(ASKS, bot_id=desk_bot(core))
            handoff = await waiting(core, mira)
            await core.clock.sleep(2)
            await mira.done("claim", handoff["id"])
            await core.clock.sleep(2)
            await mira.done("connect", handoff["id"])
            await core.over()
            await core.clock.sleep(20)
            over = True
            await core.clock.join(task)
            assert heard[0].startswith("retry:")
            told = [json.loads(event.split("data: ")[1]) for event in heard if "data: " in event]
            states = [(len(shown["waiting"]), (shown["mine"] or {}).get("state")) for shown in told]
            assert [state for n, state in enumerate(states) if n == 0 or states[n - 1] != state] == [
                (0, None),
                (1, None),
                (0, "claimed"),
                (0, "connecting"),
                (0, "connected"),
            ]
            assert all(a != b for a, b in pairwise(told)), "nothing is told twice"
            assert ": heartbeat\n\n" in heard

    with_core(test)
