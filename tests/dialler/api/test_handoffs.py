"""The work list over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.core.api.support import fields_of
from tests.dialler.api.support import CAMPAIGNS, PAYS, Api

WithApi = Callable[..., Any]

WANTS_A_PERSON = "+12025550119"


def test_who_wants_a_person_is_listed_claimed_and_done(api: WithApi) -> None:
    async def test(api: Api) -> None:
        campaign_id = await api.campaign([WANTS_A_PERSON, PAYS], start=True)
        assert await api.dial(campaign_id) == "completed"
        page = await api.get(f"/{campaign_id}/handoffs")
        (entry,) = page["handoffs"]
        assert (entry["phone"], entry["state"], entry["claimed_by"], page["next_cursor"]) == (WANTS_A_PERSON, "waiting", None, None)
        assert entry["lines"] == "sandbox"
        assert (await api.get(f"/{campaign_id}/handoffs", lines="real"))["handoffs"] == []
        assert (await api.get(f"/{campaign_id}/handoffs", lines="sandbox"))["handoffs"] == [entry]
        lead = await api.get(f"/{campaign_id}/leads/{entry['lead_id']}")
        assert (lead["state"], lead["outcome"], len(lead["attempt_list"])) == ("completed", "wants_person", 1)
        path = f"/{campaign_id}/leads/{entry['lead_id']}/handoff"
        assert (await api.post(f"{path}/claim", {"by": "Mira"}))["claimed_by"] == "Mira"
        assert "claimed by Mira" in (await api.post(f"{path}/claim", {"by": "Tom"}, 409))["detail"]
        assert set(fields_of(await api.http.post(f"{CAMPAIGNS}{path}/claim", json={}))) == {"by"}
        done = await api.post(f"{path}/done", {"by": "Mira", "note": "paid"})
        assert (done["state"], done["done_by"], done["note"]) == ("done", "Mira", "paid")
        assert (await api.get(f"/{campaign_id}/handoffs"))["handoffs"] == []
        assert [one["id"] for one in (await api.get(f"/{campaign_id}/handoffs", done="true"))["handoffs"]] == [entry["id"]]
        await api.post(f"{path}/done", {"by": "Mira"}, 409)
        await api.post(f"/{campaign_id}/leads/77777/handoff/claim", {"by": "Mira"}, 404)

    api(test)


def test_a_suppressed_number_is_not_claimed(api: WithApi) -> None:
    async def test(api: Api) -> None:
        campaign_id = await api.campaign([WANTS_A_PERSON], start=True)
        assert await api.dial(campaign_id) == "completed"
        (entry,) = (await api.get(f"/{campaign_id}/handoffs"))["handoffs"]
        listed = await api.http.post("/api/v1/suppressions", json={"number": WANTS_A_PERSON, "reason": "asked by letter"})
        assert listed.status_code in {200, 201}, listed.text
        path = f"/{campaign_id}/leads/{entry['lead_id']}/handoff"
        assert "suppression list" in (await api.post(f"{path}/claim", {"by": "Mira"}, 409))["detail"]
        assert (await api.get(f"/{campaign_id}/handoffs"))["handoffs"][0]["state"] == "waiting"
        assert (await api.post(f"{path}/done", {"by": "Mira"}))["state"] == "done"

    api(test)
