"""Calls that go to a person: claimed, connected, completed; returned, unserved, abandoned. Over HTTP, on the sandbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from core.fleet import store as fleet
from tests.core.api.support import Core
from tests.core.desk.support import ASKS, BUSY_PHONE, DESK, PHONE, AtDesk, agents, desk_bot, result_of, waiting

WithCore = Callable[..., Any]
CRM = {"customer_name": "Asha Rao", "amount_due": "15000"}


async def dialled(core: Core, **config: Any) -> str:
    return await core.placed(ASKS, bot_id=desk_bot(core, **config), variables=CRM)


async def record(agent: AtDesk, handoff_id: str) -> dict[str, Any]:
    return dict((await agent.http.get(f"{DESK}/handoffs/{handoff_id}")).json())


def test_a_call_goes_to_an_agent(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async with agents(core) as [mira]:
            call_id = await dialled(core)
            handoff = await waiting(core, mira)
            assert (handoff["call_id"], handoff["caller"], handoff["queue"], handoff["target"]) == (call_id, ASKS, "support", "agent")
            assert "human agent" in handoff["reason"]
            assert (await core.call(call_id))["state"] == "talking"
            assert core.seats_taken() == 1, "the call is still the bot's"
            claimed = await mira.done("claim", handoff["id"])
            assert (claimed["state"], claimed["crm"]) == ("claimed", CRM)
            assert claimed["transcript"][0]["speaker"] == "bot"
            assert any("human agent" in line["text"] for line in claimed["transcript"])
            assert (await mira.queue())["agent"]["state"] == "busy"
            assert (await mira.done("connect", handoff["id"]))["state"] == "connecting"
            result = await result_of(core, call_id)
            assert core.seats_taken() == 0
            connected = (await mira.queue())["mine"]
            assert (connected["state"], connected["connected_at"]) == ("connected", result["ended_at"].replace("+00:00", "Z"))
            assert [line["text"] for line in connected["transcript"]] == [line["text"] for line in result["transcript"]]
            completed = await mira.done("complete", handoff["id"], outcome="paid", notes="by card")
            assert (completed["state"], completed["end_reason"], completed["notes"]) == ("completed", "paid", "by card")
            assert [event["kind"] for event in completed["history"]] == ["waiting", "claim", "connect", "connected", "complete"]
            assert (await mira.queue())["agent"]["state"] == "available"
        assert (result["disconnected_by"], result["end_reason"], result["disposition"]) == (
            "transfer_to_agent",
            "transferred",
            "TRANSFERRED",
        )
        assert (result["was_transferred"], result["transfer_target"], result["transfer_destination"]) == (True, "agent", PHONE)
        assert (result["transfer_method"], result["transfer_failed_reason"]) == ("sip_refer", None)
        assert 0 < result["transfer_at"] <= result["call_duration_seconds"]

    with_each_core(test)


def test_the_caller_hears_the_bots_own_words_while_waiting(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async with agents(core) as [mira]:
            call_id = await dialled(
                core, desk={"hold_lines": ["One moment, {{crm.customer_name}}.", "Nearly there."], "hold_every_seconds": 5}
            )
            handoff = await waiting(core, mira)
            await core.clock.sleep(30)
            await mira.done("claim", handoff["id"])
            await mira.done("connect", handoff["id"])
            said = [line["text"] for line in (await result_of(core, call_id))["transcript"] if line["speaker"] == "bot"]
            assert "One moment, Asha Rao." in said
            assert Counter(said)["Nearly there."] >= 2

    with_core(test)


def test_nobody_comes_and_the_bot_offers_a_callback(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async with agents(core) as [mira]:
            call_id = await dialled(core, desk={"wait_seconds": 20})
            handoff = await waiting(core, mira)
            result = await result_of(core, call_id)
            shown = await record(mira, handoff["id"])
            assert (shown["state"], shown["end_reason"]) == ("unserved", "nobody_came")
            assert (await mira.do("claim", handoff["id"])).status_code == 409
            assert (await mira.queue())["waiting"] == []
        assert result["disconnected_by"] in {"bot", "customer"}
        assert (result["was_transferred"], result["transfer_failed_reason"]) == (False, "no agent came within 20 seconds")
        assert (result["transfer_target"], result["post_call_analysis"]["callback_requested"]) == ("agent", True)
        said = [line["text"] for line in result["transcript"] if line["speaker"] == "bot"]
        assert any("a colleague will call you back" in line for line in said)

    with_each_core(test)


def test_without_anybody_on_duty_the_caller_is_told_at_once(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async with agents(core, state="offline") as [mira]:
            result = await result_of(core, await dialled(core))
            [handoff] = (await core.http.get(f"{DESK}/handoffs", headers=core.key(role="admin"))).json()["handoffs"]
            assert (handoff["state"], handoff["end_reason"]) == ("unserved", "nobody_on_duty")
            assert result["transfer_failed_reason"] == "no agent who could take the call is on duty"
            call_id = await dialled(core, desk={"wait_without_agents": True})
            handoff = await waiting(core, mira)
            assert handoff["call_id"] == call_id
            await mira.be("available")
            await mira.done("claim", handoff["id"])
            await mira.done("connect", handoff["id"])
            assert (await result_of(core, call_id))["disconnected_by"] == "transfer_to_agent"

    with_core(test)


def test_a_claim_that_is_not_followed_up_waits_for_others(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async with agents(core, {}, {}) as [mira, jonas]:
            call_id = await dialled(core, desk={"wait_seconds": 120, "claim_seconds": 10})
            handoff = await waiting(core, mira)
            await mira.done("claim", handoff["id"])
            assert (await jonas.queue())["waiting"] == []
            assert (await jonas.do("claim", handoff["id"])).status_code == 409
            await core.clock.sleep(12)
            assert (await mira.queue())["agent"]["state"] == "available"
            assert (await mira.do("connect", handoff["id"])).status_code == 409
            await jonas.done("claim", handoff["id"])
            assert [e["kind"] for e in (await jonas.done("connect", handoff["id"]))["history"]].count("claim_expired") == 1
            assert (await result_of(core, call_id))["disconnected_by"] == "transfer_to_agent"
            assert (await jonas.queue())["mine"]["agent_id"] == jonas.id

    with_core(test)


def test_a_claim_just_before_the_wait_is_over_is_waited_for(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async with agents(core) as [mira]:
            call_id = await dialled(core, desk={"wait_seconds": 15, "claim_seconds": 30})
            handoff = await waiting(core, mira)
            await core.clock.sleep(12)
            await mira.done("claim", handoff["id"])
            await core.clock.sleep(15)
            await mira.done("connect", handoff["id"])
            assert (await result_of(core, call_id))["disconnected_by"] == "transfer_to_agent"

    with_core(test)


def test_a_returned_hand_off_waits_for_somebody_else(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async with agents(core, {}, {}) as [mira, jonas]:
            call_id = await dialled(core)
            handoff = await waiting(core, mira)
            await mira.done("claim", handoff["id"])
            returned = await mira.done("return", handoff["id"], reason="needs billing")
            assert (returned["state"], returned["agent_id"], returned["history"][-1]["detail"]) == ("waiting", None, "needs billing")
            assert (await mira.queue())["agent"]["state"] == "available"
            await jonas.done("claim", handoff["id"])
            await jonas.be("offline")  # goes home: it is given back
            assert (await waiting(core, mira))["id"] == handoff["id"]
            await mira.done("claim", handoff["id"])
            await mira.done("connect", handoff["id"])
            assert (await mira.do("return", handoff["id"])).status_code == 409, "it is on its way"
            assert (await result_of(core, call_id))["was_transferred"] is True

    with_core(test)


def test_an_agent_whose_phone_is_busy_does_not_get_the_call(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async with agents(core, {"address": BUSY_PHONE}, {}) as [mira, jonas]:
            call_id = await dialled(core)
            handoff = await waiting(core, mira)
            await mira.done("claim", handoff["id"])
            await mira.done("connect", handoff["id"])
            await core.clock.sleep(12)
            assert (await mira.queue())["agent"]["state"] == "available"
            assert (await waiting(core, jonas))["id"] == handoff["id"]
            await jonas.done("claim", handoff["id"])
            await jonas.done("connect", handoff["id"])
            result = await result_of(core, call_id)
            assert (result["was_transferred"], result["transfer_destination"]) == (True, PHONE)
            assert result["transfer_failed_reason"] is None

    with_core(test)


def test_a_caller_who_hangs_up_leaves_the_queue(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async with agents(core) as [mira]:
            call_id = await dialled(core, desk={"wait_seconds": 600, "hold_lines": []})
            handoff = await waiting(core, mira)
            await mira.done("claim", handoff["id"])
            result = await result_of(core, call_id)
            assert result["disconnected_by"] == "customer"
            shown = await record(mira, handoff["id"])
            assert (shown["state"], shown["end_reason"]) == ("abandoned", "customer_hangup")
            assert (await mira.queue())["agent"]["state"] == "available"
            assert (await mira.do("connect", handoff["id"])).status_code == 409
            assert result["was_transferred"] is False
            assert "while waiting" in result["transfer_failed_reason"]

    with_core(test)


def test_a_call_that_is_cancelled_or_too_long_leaves_the_queue(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async with agents(core) as [mira]:
            call_id = await dialled(core)
            handoff = await waiting(core, mira)
            await core.http.post(f"/api/v1/calls/{call_id}/cancel")
            assert (await result_of(core, call_id))["end_reason"] == "cancelled"
            assert (await record(mira, handoff["id"]))["end_reason"] == "cancelled"
            call_id = await dialled(core, desk={"wait_seconds": 600}, max_call_duration_seconds=60)
            handoff = await waiting(core, mira)
            assert (await result_of(core, call_id))["disconnected_by"] == "timeout"
            assert (await record(mira, handoff["id"]))["state"] == "abandoned"

    with_core(test)


def test_of_two_agents_who_claim_at_once_one_gets_it(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async with agents(core, *({} for _ in range(5))) as everybody:
            await dialled(core)
            handoff = await waiting(core, everybody[0])
            answers = await core.together(*(agent.do("claim", handoff["id"]) for agent in everybody))
            assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
            states = Counter([(await agent.queue())["agent"]["state"] for agent in everybody])
            assert states == {"busy": 1, "available": 4}
            [winner] = [agent for agent, answer in zip(everybody, answers, strict=True) if answer.status_code == 200]
            assert (await winner.do("claim", handoff["id"])).status_code == 200, "said twice is said once"

    with_each_core(test)


def test_queues_and_languages_decide_who_sees_whom(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        people = ({"queues": ["billing"]}, {"queues": ["support"], "languages": ["hi-IN"]}, {"languages": ["en-GB"]})
        async with agents(core, *people) as [billing, hindi, english]:
            await dialled(core, language="en")
            handoff = await waiting(core, english)
            assert [len((await agent.queue())["waiting"]) for agent in (billing, hindi, english)] == [0, 0, 1]
            assert (await billing.do("claim", handoff["id"])).status_code == 404
            assert (await hindi.http.get(f"{DESK}/handoffs/{handoff['id']}")).status_code == 404
            core.bot("hindi", transfer_targets={"agent": "desk:support"}, language="hi")
            await core.placed("+999100000119", bot_id="hindi")
            assert (await waiting(core, hindi))["language"] == "hi"

    with_core(test)


def test_an_agent_has_one_call_at_a_time(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async with agents(core) as [mira]:
            bot = desk_bot(core)
            for number in ("+12025550119", "+999100000119"):
                await core.placed(number, bot_id=bot)
            first = await waiting(core, mira)
            while len(rows := (await mira.queue())["waiting"]) < 2:
                await core.clock.sleep(1)
            assert [row["created_at"] for row in rows] == sorted(row["created_at"] for row in rows), "the longest wait first"
            await mira.done("claim", first["id"])
            assert (await mira.do("claim", rows[1]["id"])).status_code == 409
            assert (await mira.be("available")).status_code == 409
            await mira.done("connect", first["id"])
            await core.clock.sleep(12)
            assert (await mira.do("claim", rows[1]["id"])).status_code == 409, "it is not completed"
            assert (await mira.be("offline")).status_code == 200
            await mira.done("complete", first["id"], outcome="done")
            assert (await mira.queue())["agent"]["state"] == "offline", "as they said meanwhile"

    with_core(test)


def test_a_worker_finishes_what_waits_at_the_desk_while_it_drains(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async with agents(core) as [mira]:
            call_id = await dialled(core)
            handoff = await waiting(core, mira)
            with core.db.write() as connection:
                fleet.set_draining(connection, core.engine.worker_id, draining=True)
            await mira.done("claim", handoff["id"])
            await mira.done("connect", handoff["id"])
            assert (await result_of(core, call_id))["disconnected_by"] == "transfer_to_agent"

    with_core(test)
