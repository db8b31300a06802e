"""The event stream of a campaign, in virtual time."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from dialler.api.events import progress_events
from dialler.api.shared import Dialler
from tests.dialler.api.support import CAMPAIGNS, DECLINES, PAYS, Api
from tests.web.run.folders import profile_numbers

WithApi = Callable[..., Any]


def events_of(text: str) -> list[tuple[str, dict[str, Any]]]:
    """The events of a stream: the kind and the data of each."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "event" in lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


def test_the_stream_tells_a_campaign_to_its_end(api: WithApi) -> None:
    async def test(api: Api) -> None:
        dialler = api.whole.app.state.dialler
        api.whole.app.state.dialler = Dialler(dialler.parts, dialler.wall, look_every=5.0)
        campaign_id = await api.campaign([PAYS, DECLINES, *profile_numbers(8)], max_attempts=1, concurrency_limit=2, start=True)
        task = api.whole.clock.spawn(api.dial(campaign_id), name="campaign")
        response = await api.http.get(f"{CAMPAIGNS}/{campaign_id}/events")  # comes back when the stream has ended
        assert response.headers["content-type"].startswith("text/event-stream")
        await api.whole.clock.join(task)
        told = events_of(response.text)
        assert [kind for kind, _ in told[:-1]] == ["progress"] * (len(told) - 1)
        kind, last = told[-1]
        assert (kind, last["state"], last["done"], last["waiting"]) == ("end", "completed", 10, 0)
        done = [data["done"] for _, data in told]
        assert done == sorted(done)
        assert len(set(done)) > 3
        assert all(a != b for a, b in pairwise(told))  # nothing is told twice
        assert PAYS not in response.text

    api(test)


def test_a_quiet_campaign_gives_heartbeats_until_nobody_listens(api_on_sqlite: WithApi) -> None:
    async def test(api: Api) -> None:
        campaign_id = await api.campaign([PAYS])
        asked = 0

        async def gone() -> bool:
            nonlocal asked
            asked += 1
            return asked > 40

        dialler = Dialler(api.whole.parts, api.whole.wall, look_every=1.0)
        began = api.whole.clock.now()
        heard = [event async for event in progress_events(dialler, campaign_id, gone)]
        assert heard[0].startswith("retry:")
        assert [kind for kind, _ in events_of("".join(heard))] == ["progress"]
        assert heard.count(": heartbeat\n\n") == 2
        assert (api.whole.clock.now() - began).total_seconds() >= 40

    api_on_sqlite(test)


def test_one_that_is_over_is_told_at_once(api_on_sqlite: WithApi) -> None:
    async def test(api: Api) -> None:
        campaign_id = await api.campaign([PAYS])
        await api.post(f"/{campaign_id}/stop")
        told = events_of((await api.http.get(f"{CAMPAIGNS}/{campaign_id}/events")).text)
        assert [kind for kind, _ in told] == ["progress", "end"]
        assert (await api.http.get(f"{CAMPAIGNS}/none/events")).status_code == 404

    api_on_sqlite(test)
