"""The work list over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.core.api.support import fields_of, problem_of
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


def test_agents_see_all_campaigns_and_take_leads_with_their_own_keys(api: WithApi) -> None:
    async def test(api: Api) -> None:
        desk = "/api/v1/desk/leads"
        first = await api.campaign([WANTS_A_PERSON, PAYS], start=True)
        assert await api.dial(first) == "completed"
        keys = {}
        for name, number in (("Mira", "90"), ("Tom", "91")):
            made = await api.http.post("/api/v1/desk/agents", json={"name": name, "address": f"+120255501{number}"})
            keys[name] = {"X-API-Key": made.json()["key"]}
        listed = await api.http.get(desk, headers=keys["Mira"])
        (lead,) = listed.json()["leads"]
        assert (lead["phone"], lead["state"], lead["campaign_id"], lead["campaign"]) == (WANTS_A_PERSON, "waiting", first, "May")
        assert (await api.http.get(desk, params={"lines": "real"}, headers=keys["Mira"])).json()["leads"] == []
        path = f"{desk}/{lead['lead_id']}"
        claimed = await api.http.post(f"{path}/claim", headers=keys["Mira"])
        assert (claimed.status_code, claimed.json()["claimed_by"]) == (200, "Mira")
        for what in ("claim", "done"):
            refused = await api.http.post(f"{path}/{what}", headers=keys["Tom"], json={})
            assert (refused.status_code, problem_of(refused)["detail"]) == (409, f"Lead {lead['lead_id']} was claimed by Mira.")
        done = await api.http.post(f"{path}/done", headers=keys["Mira"], json={"note": "paid"})
        assert (done.json()["state"], done.json()["done_by"], done.json()["note"]) == ("done", "Mira", "paid")
        assert (await api.http.get(desk, headers=keys["Mira"])).json()["leads"] == []

    api(test)


def test_who_has_nothing_to_do_at_the_desk_sees_no_lead(api: WithApi) -> None:
    async def test(api: Api) -> None:
        desk = "/api/v1/desk/leads"
        campaign_id = await api.campaign([WANTS_A_PERSON], start=True)
        assert await api.dial(campaign_id) == "completed"
        made = await api.http.post("/api/v1/keys", json={"name": "CRM", "role": "dialout"})
        dialout = {"X-API-Key": made.json()["key"]}
        assert (await api.http.get(desk, headers=dialout)).status_code == 403
        assert (await api.http.get(desk, headers={"X-API-Key": "unknown"})).status_code == 401
        lead_id = (await api.http.get(desk)).json()["leads"][0]["lead_id"]
        assert set(fields_of(await api.http.post(f"{desk}/{lead_id}/claim"))) == {"agent_id"}
        assert (await api.http.post(f"{desk}/77777/claim", params={"agent_id": "nobody"})).status_code == 404
        agents = [
            (await api.http.post("/api/v1/desk/agents", json={"name": "Mira", "address": f"+120255501{number}"})).json()["id"]
            for number in ("90", "91")
        ]
        claimed = await api.http.post(f"{desk}/{lead_id}/claim", params={"agent_id": agents[0]})
        assert claimed.json()["claimed_by"] == f"Mira ({agents[0][:8]})"
        assert (await api.http.post(f"{desk}/{lead_id}/claim", params={"agent_id": agents[1]})).status_code == 409

    api(test)
