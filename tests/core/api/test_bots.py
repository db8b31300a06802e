"""GET /api/v1/bots/{bot_id}/availability."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.core.api.support import BOT, START, Core, problem_of

WithCore = Callable[..., Any]


async def availability(core: Core, bot_id: str = BOT) -> dict[str, Any]:
    response = await core.http.get(f"/api/v1/bots/{bot_id}/availability")
    assert response.status_code == 200, response.text
    return dict(response.json())


def test_open_until_when_or_closed_until_when(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot(active_hours={"start": "09:00", "end": "18:00"}, time_zone="Asia/Kolkata")
        body = await availability(core)
        assert body == {
            "bot_id": BOT,
            "open": True,
            "time_zone": "Asia/Kolkata",
            "opens_at": None,
            "closes_at": "2026-03-04T12:30:00Z",
        }
        await core.clock.sleep_until(datetime.fromisoformat(body["closes_at"]))
        body = await availability(core)
        assert (body["open"], body["closes_at"], body["opens_at"]) == (False, None, "2026-03-05T03:30:00Z")
        assert (await core.dial()).json()["reason"] == "outside_active_hours"
        await core.clock.sleep_until(datetime.fromisoformat(body["opens_at"]))
        assert (await availability(core))["open"]
        assert (await core.dial()).status_code == 200

    with_core(test)


def test_always_and_never(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        body = await availability(core)
        assert (body["open"], body["closes_at"]) == (True, None)
        core.bot(time_zone="Mars/Olympus")
        body = await availability(core)
        assert (body["open"], body["opens_at"]) == (False, None)
        exceptions = [{"date": START.date().isoformat(), "closed": True}]
        core.bot(active_hours={"exceptions": exceptions})
        assert (await availability(core))["opens_at"] == "2026-03-05T00:00:00Z"

    with_core(test)


def test_a_bot_out_of_scope_looks_like_none(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot("other")
        scoped = core.key(bots=[BOT])
        there, nowhere = [await core.http.get(f"/api/v1/bots/{name}/availability", headers=scoped) for name in ("other", "absent")]
        assert (there.status_code, nowhere.status_code) == (404, 404)
        assert there.text.replace("other", "absent") == nowhere.text
        problem_of(there)

    with_core(test)
