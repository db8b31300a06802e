"""Somebody rings one of our numbers: it reaches its bot, or is refused, which is on record. Over HTTP, on the sandbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from core.calls.recovery import ending_after_crash
from core.fleet import store as fleet
from core.kernel.lines import SANDBOX
from core.suppressions import store as suppressions
from core.transports.sandbox import read_network_log
from tests.core.api.conftest import sqlite, with_core, with_each_core
from tests.core.api.support import PAYS, STORY, Core, client_of, fields_of, talkers
from tests.core.api.test_docs import curl_lines, request_of

__all__ = ["sqlite", "with_core", "with_each_core"]

WithCore = Callable[..., Any]
DID = "+12025550101"
SUNDAY = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)
WEEKDAYS = {"windows": [{"days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00", "end": "18:00"}]}


async def our_number(core: Core, bot_id: str | None = "loan-reminder") -> None:
    body = {"number": DID} if bot_id is None else {"number": DID, "bot_id": bot_id}
    response = await core.http.post("/api/v1/trunks/sandbox/numbers", json=body, headers=core.key(role="admin"))
    assert response.status_code == 201, response.text


async def ring(core: Core, caller: str = PAYS, number: str = DID) -> httpx.Response:
    async with client_of(core.app, core.key(role="admin")) as http:
        return await http.post("/api/v1/sandbox/calls", json={"from_number": caller, "to_number": number})


async def rung(core: Core, caller: str = PAYS, number: str = DID) -> dict[str, Any]:
    response = await ring(core, caller, number)
    assert response.status_code == 201, response.text
    return dict(response.json())


def test_a_caller_reaches_the_bot_of_the_number(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot(opening_message="{{call.direction}} from {{call.from_number}} to {{call.to_number}}: am I speaking with Asha?")
        await our_number(core)
        answer = await rung(core)
        assert (answer["status"], answer["sip_status"]) == ("answered", 200)
        assert core.seats_taken() == 1
        call = await core.call(answer["call_id"])
        assert (call["direction"], call["to_number"], call["from_number"]) == ("inbound", DID, PAYS)
        await core.over()
        assert core.seats_taken() == 0
        result = (await core.call(answer["call_id"]))["result"]
        assert (result["direction"], result["caller_id"], result["from_number"]) == ("inbound", PAYS, DID)
        assert (result["disconnected_by"], result["disposition"], result["sandbox"]) == ("bot", "PROMISE_TO_PAY", True)
        assert result["transcript"][0]["text"].endswith(f"inbound from {PAYS} to {DID}: am I speaking with Asha?")
        assert 0 < result["call_duration_seconds"] < 600
        lines = [line for line in read_network_log(core.network._log.path) if line["event"] != "opened"]
        assert [line["event"] for line in lines] == ["incoming", "answered", "ended"]
        assert {(line["from"], line["to"]) for line in lines} == {(PAYS, DID)}
        assert lines[2]["by"] == "callee", "the bot hung up, and it is the callee here"

    with_each_core(test)


def test_a_closed_bot_refuses_and_says_so_in_a_result(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot(active_hours=WEEKDAYS, time_zone="UTC")
        await our_number(core)
        answer = await rung(core)
        assert (answer["status"], answer["sip_status"]) == ("refused", 480)
        call = await core.call(answer["call_id"])
        result = call["result"]
        assert call["state"] == "done"
        assert (result["disconnected_by"], result["end_reason"], result["disposition"]) == (
            "outside_hours",
            "outside_active_hours",
            "OUTSIDE_HOURS",
        )
        assert (result["call_duration_seconds"], result["transcript"], result["answered_at"]) == (0.0, [], None)
        assert (result["sip_status"], result["phone_rang"]) == (480, False)
        assert core.seats_taken() == 0

    with_each_core(test, start=SUNDAY)


def test_a_full_fleet_refuses_and_it_is_on_record(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        await our_number(core)
        answers = await core.together(*(rung(core, number) for number in talkers(9)))
        assert Counter(answer["sip_status"] for answer in answers) == {200: 4, 486: 5}
        assert core.seats_taken() == 4
        refused = [answer for answer in answers if answer["status"] == "refused"]
        results = [(await core.call(answer["call_id"]))["result"] for answer in refused]
        assert {(r["disconnected_by"], r["end_reason"], r["disposition"]) for r in results} == {
            ("outside_hours", "no_capacity", "NO_CAPACITY")
        }
        await core.over()
        assert (await rung(core))["status"] == "answered"

    with_each_core(test, seats=4)


def test_the_bots_own_seats_and_a_draining_server_refuse_too(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot(seats=1)
        await our_number(core)
        assert (await rung(core, STORY))["status"] == "answered"
        assert (await rung(core))["sip_status"] == 486
        await core.over()
        with core.db.write() as connection:
            fleet.set_draining(connection, core.engine.worker_id, draining=True)
        assert (await rung(core))["sip_status"] == 503
        assert (await core.dial(PAYS)).json()["reason"] == "no_capacity"

    with_core(test)


def test_inbound_and_outbound_share_the_seats(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        await our_number(core)
        numbers = talkers(20)
        answers = await core.together(*(rung(core, number) for number in numbers[:10]), *(core.dial(number) for number in numbers[10:]))
        taken = sum(a["status"] == "answered" if isinstance(a, dict) else a.status_code == 200 for a in answers)
        assert taken == core.seats_taken() == 6

    with_core(test, seats=6)


def test_a_number_without_a_bot_leaves_no_record(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        await our_number(core, None)
        assert await rung(core) == {"status": "refused", "call_id": None, "sip_status": 404, "sip_reason": "Not Found"}
        assert core.count_calls() == 0
        assert [line["sip_status"] for line in read_network_log(core.network._log.path) if line["event"] == "ended"] == [404]

    with_core(test)


def test_people_who_must_not_be_called_may_call(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot(permitted_hours={"start": "08:00", "end": "09:00"})
        await our_number(core)
        with core.db.write() as connection:
            suppressions.add(connection, PAYS, reason="asked", source="callee", now=core.clock.now(), call_id=None)
        assert (await rung(core))["status"] == "answered"
        await core.over()
        assert fields_of(await core.dial(PAYS))["to_number"] == "suppressed"

    with_core(test)


def test_a_caller_who_never_wants_to_be_called_is_suppressed_and_our_number_is_not(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        await our_number(core)
        caller = "+12025550112"  # demands never to be called again
        await rung(core, caller)
        await core.over()
        with core.db.read() as connection:
            assert suppressions.is_suppressed(connection, caller, SANDBOX)
            assert not suppressions.is_suppressed(connection, DID, SANDBOX)

    with_core(test)


def test_an_inbound_call_can_be_cancelled(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        await our_number(core)
        call_id = (await rung(core, STORY))["call_id"]
        await core.clock.sleep(20)
        await core.http.post(f"/api/v1/calls/{call_id}/cancel")
        await core.over()
        result = (await core.call(call_id))["result"]
        assert (result["disconnected_by"], result["end_reason"]) == ("bot", "cancelled")

    with_core(test)


def test_what_cannot_be_rung(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        assert fields_of(await ring(core, "nobody", "12")) == {"from_number": "not_a_number", "to_number": "not_a_number"}
        assert fields_of(await ring(core, PAYS, "+12025550188")) == {"to_number": "unknown_number"}
        body = {"from_number": PAYS, "to_number": DID}
        assert (await core.http.post("/api/v1/sandbox/calls", json=body)).status_code == 403
        assert core.count_calls() == 0

    with_core(test)


def test_a_call_to_us_was_never_dialled() -> None:
    for state in ("placing", "ringing", "talking"):
        ending = ending_after_crash(state, direction="inbound")
        assert (ending.end_reason, ending.may_have_been_dialled) == ("worker_died", False)


def test_every_curl_line_of_the_page_works_as_it_stands(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        page = (Path(__file__).parents[3] / "docs" / "inbound.md").read_text(encoding="utf-8")
        core.bot("your-bot-id")
        names = {"DIALLER": "http://core", "ADMIN": core.key(role="admin")["X-API-Key"]}
        answers = []
        async with client_of(core.app) as http:
            for words, status, _ in curl_lines(page):
                answers.append(await http.send(request_of(words, names)))
                assert answers[-1].status_code == status, (words, answers[-1].text)
        assert len(answers) == page.count("\ncurl ") == 2
        assert answers[1].json()["status"] == "answered"

    with_core(test)
