"""The parity ledger: what the CRM has of each lead, and sending again what it has not."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dialler.leads.ledger import MISSING, judge
from tests.core.api.support import fields_of
from tests.dialler.api.support import BOT, BUSY, CAMPAIGNS, DECLINES, PAYS, PUSH, Api
from tests.web.run.folders import profile_numbers

WithApi = Callable[..., Any]


def test_each_lead_has_its_verdict_and_what_is_missing_is_replayed_by_one_command(api: WithApi) -> None:
    async def test(api: Api) -> None:
        api.whole.deliveries.per_destination = 1
        api.crm.answers += [200] * 5 + [410]  # the last one finds the endpoint closed
        campaign_id = await api.campaign([PAYS, BUSY, DECLINES, *profile_numbers(4)], max_attempts=1, max_callbacks=0)
        before = await api.get(f"/{campaign_id}/ledger")
        assert (before["counts"]["not_called"], before["missing"]) == (7, 0)
        await api.post(f"/{campaign_id}/start")
        await api.dial(campaign_id)
        ledger = await api.get(f"/{campaign_id}/ledger")
        assert (ledger["counts"]["accepted"], ledger["counts"]["dead"], ledger["missing"]) == (5, 2, 2)
        assert [entry["lead_id"] for entry in ledger["entries"]] == sorted(entry["lead_id"] for entry in ledger["entries"])
        for entry in ledger["entries"]:
            lead = await api.get(f"/{campaign_id}/leads/{entry['lead_id']}")
            assert (entry["call_id"], entry["disposition"]) == (lead["attempt_list"][-1]["call_id"], lead["disposition"])
            delivery = (await api.http.get(f"/api/v1/deliveries/{entry['delivery_id']}")).json()
            assert (entry["delivered_at"], entry["last_status"]) == (delivery["delivered_at"], delivery["last_status"])
            assert entry["last_status"] in ({200} if entry["verdict"] == "accepted" else {410, None})
        missing = await api.get(f"/{campaign_id}/ledger", missing=True, counts=False)
        assert (len(missing["entries"]), missing["counts"]) == (2, None)
        assert await api.post(f"/{campaign_id}/ledger/replay") == {"replayed": 2, "pending": 0, "not_pushed": 0}
        await api.whole.clock.sleep(5)
        ledger = await api.get(f"/{campaign_id}/ledger")
        assert (ledger["counts"]["accepted"], ledger["missing"]) == (7, 0)
        assert sorted(api.crm.ids.values()) == [1] * 6 + [2]
        assert await api.post(f"/{campaign_id}/ledger/replay") == {"replayed": 0, "pending": 0, "not_pushed": 0}

    api(test)


def test_it_is_the_last_disposition_that_counts(api: WithApi) -> None:
    async def test(api: Api) -> None:
        api.crm.answers += [200, 410]  # the first attempt's push is accepted, the second's is not
        campaign_id = await api.campaign([BUSY], max_attempts=2, start=True)
        await api.dial(campaign_id)
        [entry] = (await api.get(f"/{campaign_id}/ledger"))["entries"]
        assert entry["verdict"] == "dead"

    api(test)


def test_the_ledger_is_paged_without_gaps(api_on_sqlite: WithApi) -> None:
    async def test(api: Api) -> None:
        campaign_id = await api.campaign(profile_numbers(130), max_attempts=1, max_callbacks=0, start=True, concurrency_limit=50)
        await api.dial(campaign_id)
        found: list[str] = []
        page = await api.get(f"/{campaign_id}/ledger", limit=50)
        assert page["counts"]["accepted"] == 130
        while True:
            found += [entry["phone"] for entry in page["entries"]]
            if page["next_cursor"] is None:
                break
            page = await api.get(f"/{campaign_id}/ledger", limit=50, cursor=page["next_cursor"])
            assert page["counts"] is None
        assert found == profile_numbers(130)
        assert set(fields_of(await api.http.get(f"{CAMPAIGNS}/{campaign_id}/ledger", params={"cursor": "x"}))) == {"cursor"}
        assert (await api.http.get(f"{CAMPAIGNS}/none/ledger")).status_code == 404

    api_on_sqlite(test)


def test_a_bot_without_a_push_is_said_to_have_pushed_nothing(api_on_sqlite: WithApi) -> None:
    async def test(api: Api) -> None:
        await api.http.put("/api/v1/bots/reminder", json=BOT)
        campaign_id = await api.campaign([DECLINES], max_attempts=1, start=True)
        await api.dial(campaign_id)
        assert (await api.get(f"/{campaign_id}/ledger"))["counts"]["not_pushed"] == 1
        assert await api.post(f"/{campaign_id}/ledger/replay") == {"replayed": 0, "pending": 0, "not_pushed": 1}

    api_on_sqlite(test)


def test_outcomes_that_the_bot_does_not_push_are_not_missing(api: WithApi) -> None:
    async def test(api: Api) -> None:
        await api.http.put("/api/v1/bots/reminder", json={**BOT, "post_call_push": {**PUSH, "only": {"connected": True}}})
        campaign_id = await api.campaign([PAYS, BUSY, DECLINES], max_attempts=1, start=True)
        await api.dial(campaign_id)
        ledger = await api.get(f"/{campaign_id}/ledger")
        assert (ledger["counts"]["accepted"], ledger["counts"]["not_wanted"], ledger["missing"]) == (1, 2, 0)
        assert await api.post(f"/{campaign_id}/ledger/replay") == {"replayed": 0, "pending": 0, "not_pushed": 0}
        skipped = (await api.http.get("/api/v1/deliveries", params={"state": "skipped"})).json()["deliveries"]
        assert [push["attempts"] for push in skipped] == [0, 0]
        assert (await api.http.post(f"/api/v1/deliveries/{skipped[0]['id']}/replay")).status_code == 409
        assert len(api.crm.seen) == 1

    api(test)


def test_an_archived_bot_is_noticed_when_the_core_is_asked(api_on_sqlite: WithApi) -> None:
    async def test(api: Api) -> None:
        assert (await api.http.delete("/api/v1/bots/reminder")).status_code == 204
        assert set(fields_of(await api.http.post(CAMPAIGNS, json={"name": "x", "bot_id": "reminder"}))) == {"bot_id"}

    api_on_sqlite(test)


Pushes = st.lists(st.sampled_from(["pending", "delivered", "dead", "skipped"]), max_size=3)


@given(state=st.sampled_from(["placed", "ended", "held", None]), pushes=Pushes)
def test_a_lead_is_accepted_only_if_every_push_of_its_last_call_was(state: str | None, pushes: list[str]) -> None:
    lead: Any = SimpleNamespace(id=1, line=2, phone=PAYS, state="completed")
    last: Any = None if state is None else SimpleNamespace(state=state, call_id="c", disposition="PTP")
    entry = judge(lead, last, [{"id": str(n), "state": push} for n, push in enumerate(pushes)])
    over, kinds = state in {"ended", "held"}, set(pushes)
    assert (entry.verdict == "accepted") == (over and "delivered" in kinds and kinds <= {"delivered", "skipped"})
    assert (entry.verdict == "not_wanted") == (over and kinds == {"skipped"})
    assert entry.missing == (over and (not kinds or not kinds <= {"delivered", "skipped"}))
    assert (entry.verdict in MISSING) == entry.missing
    assert entry.verdict != "dead" or "dead" in pushes
