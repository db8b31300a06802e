"""The rules at a dialout: hours of packs, caps per person over bots and keys, and the evidence that is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.core.api.support import PAYS, Core

WithCore = Callable[..., Any]
FLORIDA = "+13055550100"
TUESDAY = datetime(2026, 3, 10, 15, tzinfo=UTC)
KEEPS: dict[str, Any] = {"permitted_hours": {}}


async def refused(core: Core, number: str, **more: Any) -> dict[str, Any]:
    response = await core.dial(number, **more)
    assert response.status_code == 503, response.text
    body: dict[str, Any] = response.json()
    return {**body, "seconds": int(response.headers["Retry-After"])}


def test_hours_of_the_callees_state_and_the_name_of_the_rule(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot("sells", purpose="marketing", **KEEPS)
        body = await refused(core, FLORIDA, bot_id="sells")
        assert (body["reason"], body["rule"]) == ("outside_permitted_hours", "US-FL.hours")
        assert body["retry_at"].startswith("2026-03-11T12:00")  # 08:00 in Miami
        assert (await core.dial(FLORIDA, bot_id="sells", purpose="collection")).status_code == 200
        core.bot("unknown", purpose=None, **KEEPS)
        body = await refused(core, "+13055550126", bot_id="unknown")
        assert "what the call is for is not said" in body["detail"]

    with_each_core(test, start=datetime(2026, 3, 11, 0, 30, tzinfo=UTC))


def test_caps_count_over_bots_and_keys_and_say_when(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        for name in ("one", "two"):
            core.bot(name, purpose="service", rules={"calls_a_day": 2})
        began = core.clock.now()
        await core.placed(PAYS, bot_id="one")
        await core.over()
        await core.clock.sleep(3600)
        await core.placed(PAYS, bot_id="two")
        await core.over()
        body = await refused(core, PAYS, bot_id="one", headers=core.key())
        assert (body["reason"], body["rule"]) == ("contact_cap", "bot.calls.1d")
        await core.clock.sleep(body["seconds"])
        assert timedelta(days=1) <= core.clock.now() - began < timedelta(days=1, seconds=5)
        assert (await core.dial(PAYS, bot_id="one")).status_code == 200
        await core.over()

    with_each_core(test, start=TUESDAY)


def test_a_person_rests_after_a_conversation_but_a_promised_callback_may_come(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot("collects", purpose="collection")
        await core.placed(PAYS, bot_id="collects")
        await core.over()
        body = await refused(core, PAYS, bot_id="collects")
        assert (body["reason"], body["rule"]) == ("contact_cap", "US.rest")
        assert timedelta(days=6) < timedelta(seconds=body["seconds"]) <= timedelta(days=7)
        assert (await core.dial(PAYS, bot_id="collects", promised_callback=True)).status_code == 200
        await core.over()

    with_each_core(test, start=TUESDAY)


def test_a_call_that_never_rang_does_not_count(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot("once", rules={"calls_a_day": 1})
        await core.placed("+12025550116", bot_id="once")
        await core.over()
        [call] = (await core.http.get("/api/v1/calls")).json()["calls"]
        assert call["ringing_at"] is None
        assert (await core.dial("+12025550116", bot_id="once")).status_code == 200
        await core.over()

    with_core(test, start=TUESDAY)


def test_a_repeat_of_a_dialout_is_not_refused_by_its_own_call(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot("once", rules={"calls_a_day": 1})
        first = await core.dial(PAYS, bot_id="once", key="a")
        await core.over()
        again = await core.dial(PAYS, bot_id="once", key="a")
        assert first.json() == again.json()

    with_core(test, start=TUESDAY)


def test_the_evidence_is_kept_with_the_call_and_told_with_its_result(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        loosen = [{"rule": "first_words", "reason": "said by the opening message"}]
        core.bot("collects", purpose="collection", rules={"loosen": loosen})
        call = await core.call(await core.placed(FLORIDA, bot_id="collects"))
        await core.over()
        done = await core.call(call["call_id"])
        evidence = done["evidence"]
        assert evidence == call["evidence"] == done["result"]["evidence"]
        assert (evidence["verdict"], evidence["pack"]) == ("allowed", "US 2026.11.30")
        assert (evidence["purpose"], evidence["place"]) == ("collection", "US-FL")
        assert evidence["counts"] == {"US.calls.7d": 0, "US.rest": 0}
        assert evidence["local_times"]["America/New_York"] == "Tue 2026-03-10 11:00"
        assert evidence["loosened"]["US.hours"] == "the bot's permitted_hours are switched off"
        assert evidence["loosened"]["US.first_words.automated"] == "said by the opening message"

    with_each_core(test, start=TUESDAY)


def test_a_phone_rings_at_least_as_long_as_the_pack_wants(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot("sells", purpose="marketing", ring_timeout_seconds=3)
        core.bot("serves", purpose="service", ring_timeout_seconds=3)
        rung = {}
        for name, number in (("sells", "+12025550109"), ("serves", "+13055550109")):
            call_id = await core.placed(number, bot_id=name)
            await core.over()
            call = await core.call(call_id)
            rung[name] = datetime.fromisoformat(call["ended_at"]) - datetime.fromisoformat(call["created_at"])
        assert rung["serves"] < timedelta(seconds=6)
        assert timedelta(seconds=15) <= rung["sells"] < timedelta(seconds=20)

    with_core(test, start=TUESDAY)
