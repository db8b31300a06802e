"""Agents at the desk, and callers who want one."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx

from tests.core.api.support import Core, client_of

DESK = "/api/v1/desk"
ASKS = "+12025550119"
"""A callee who asks for a person, three times, and hangs up then."""
PHONE, BUSY_PHONE = "+12025550190", "+12025550107"
"""Phones of agents: one is answered, the other is busy."""


def desk_bot(core: Core, bot_id: str = "desk-bot", **config: Any) -> str:
    """A bot that hands over to the queue `support`."""
    return core.bot(bot_id, **{"transfer_targets": {"agent": "desk:support"}, **config})


@dataclass
class AtDesk:
    """An agent with their own key."""

    id: str
    http: httpx.AsyncClient

    async def be(self, state: str) -> httpx.Response:
        return await self.http.put(f"{DESK}/state", json={"state": state})

    async def queue(self) -> dict[str, Any]:
        response = await self.http.get(f"{DESK}/queue")
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def do(self, what: str, handoff_id: str, **body: Any) -> httpx.Response:
        return await self.http.post(f"{DESK}/handoffs/{handoff_id}/{what}", json=body)

    async def done(self, what: str, handoff_id: str, **body: Any) -> dict[str, Any]:
        response = await self.do(what, handoff_id, **body)
        assert response.status_code == 200, response.text
        return dict(response.json())


@contextlib.asynccontextmanager
async def agents(core: Core, *more: dict[str, Any], state: str = "available") -> AsyncIterator[list[AtDesk]]:
    """An agent for each of `more` (one, if there is none), at work."""
    admin = core.key(role="admin")
    made = []
    for number, body in enumerate(more or ({},)):
        wanted = {"name": f"Agent {number}", "address": PHONE, **body}
        response = await core.http.post(f"{DESK}/agents", json=wanted, headers=admin)
        assert response.status_code == 201, response.text
        shown = response.json()
        agent = AtDesk(shown["id"], client_of(core.app, {"X-API-Key": shown["key"]}))
        assert (await agent.be(state)).status_code == 200
        made.append(agent)
    try:
        yield made
    finally:
        for agent in made:
            await agent.http.aclose()


async def waiting(core: Core, agent: AtDesk, seconds: float = 120) -> dict[str, Any]:
    """The hand-off that waits, once one does."""
    for _ in range(int(seconds)):
        if found := (await agent.queue())["waiting"]:
            return dict(found[0])
        await core.clock.sleep(1)
    raise AssertionError("nobody waits at the desk")


async def result_of(core: Core, call_id: str) -> dict[str, Any]:
    """The result of a call, once all calls are over."""
    await core.over()
    return dict((await core.call(call_id))["result"])
