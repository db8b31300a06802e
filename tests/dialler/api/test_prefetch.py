"""A campaign whose bot does not call without the CRM's data, while that CRM is away for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, HTTPException

from tests.dialler.api.support import BOT, CAMPAIGNS, Api
from tests.web.run.folders import profile_numbers

WithApi = Callable[..., Any]

PREFETCH = {"url": "http://data.embedded/{{crm.Customer Name}}", "on_failure": "do_not_call", "response_path": "customer"}


def test_leads_wait_uncharged_until_the_crm_is_back(api: WithApi) -> None:
    async def test(api: Api) -> None:
        crm = FastAPI()
        asked: list[str] = []
        began = api.whole.clock.now()

        @crm.get("/{name}")
        async def customer(name: str) -> dict[str, Any]:
            asked.append(name)
            if (api.whole.clock.now() - began).total_seconds() < 900:
                raise HTTPException(503)
            return {"customer": {"greeting": f"dear {name}"}}

        api.whole.client.mount("data.embedded", crm)
        bot = {**BOT, "opening_message": "Good day, {{crm.greeting}}.", "confirm_identity": False, "prefetch": PREFETCH}
        assert (await api.http.put("/api/v1/bots/reminder", json=bot)).status_code == 200
        campaign_id = await api.campaign(profile_numbers(4), max_attempts=1, max_callbacks=0, start=True)
        assert await api.dial(campaign_id) == "completed"
        leads = (await api.get(f"/{campaign_id}/leads"))["leads"]
        assert [(lead["attempts"], lead["uncharged"]) for lead in leads] == [(1, 2)] * 4, "10 minutes later, and 20 after that"
        for lead in leads:
            first, *_, last = (await api.get(f"/{campaign_id}/leads/{lead['id']}"))["attempt_list"]
            assert (first["outcome"], first["charged"]) == ("prefetch_failed", False)
            call = (await api.http.get(f"/api/v1/calls/{last['call_id']}")).json()
            assert call["prefetch"]["outcome"] == "ok"
            if call["result"]["transcript"]:
                assert call["result"]["transcript"][0]["text"].startswith("Good day, dear Customer ")
        assert len(asked) == 12
        assert (await api.http.get(f"{CAMPAIGNS}/{campaign_id}")).json()["state"] == "completed"

    api(test)
