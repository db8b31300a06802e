"""Calls whose bot asks a CRM first: over real HTTP on the loopback interface, in virtual time, on both databases."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import select

from core.access.secrets import SecretStore
from core.calls.tables import CallEvent
from core.deliveries.tables import Delivery
from core.kernel.secrets import SecretBox
from core.kernel.statements import table_of
from core.outgoing.client import OutgoingClient
from core.outgoing.guard import AllowList
from core.outgoing.reach import Reach
from core.outgoing.replies import Reply
from core.outgoing.watch import EndpointWatch
from core.trunks.store import every_trunk
from tests.core.api.support import BOT, DECLINES, PAYS, Core
from tests.core.outgoing.servers import Answer, Server, raw, serving

WithCore = Callable[..., Any]

TOKEN = "very-secret-token"
CUSTOMER = {"customer_name": "Asha Rao", "amount_due": 15000, "address": {"city": "Pune"}, "note": "{{call.call_id}}"}
OPENING = "Hello {{crm.customer_name|there}}, you owe {{crm.amount_due|nothing}}."
MAPPER = {"NAME": "{{crm.customer_name}}", "AMOUNT": "{{crm.amount_due}}", "ADDRESS": "{{crm.address}}", "NOTE": "{{crm.note}}"}
PUSH = {"url": "https://crm.example/result", "key_mapper": MAPPER}


def json_answer(document: Any, status: int = 200) -> Answer:
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return raw(head.encode() + body)


async def silence(_: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def crm_for(core: Core, answer: Answer, *, allowed: bool = True, **prefetch: Any) -> AsyncIterator[Server]:
    """A CRM for the core's bot, which asks it for the customer."""
    async with serving(answer) as server:
        allow = AllowList(frozenset({("127.0.0.1", server.port)})) if allowed else AllowList()
        secrets = SecretStore(SecretBox([Fernet.generate_key().decode()]), {"CRM_TOKEN": TOKEN})
        async with OutgoingClient(allow) as client:
            core.engine.reach = Reach(client, secrets.resolver(core.db))
            config = {"url": f"{server.url}customers/{{{{crm.customer_id}}}}", "token": "Bearer secret:CRM_TOKEN", "timeout_seconds": 10}
            core.bot(prefetch={**config, **prefetch}, opening_message=OPENING, confirm_identity=False, post_call_push=PUSH)
            yield server


async def talked(core: Core, /, **variables: Any) -> dict[str, Any]:
    """A call that is over."""
    call_id = await core.placed(variables={"customer_id": "C 7", **variables})
    await core.over()
    return await core.call(call_id)


def said_first(call: dict[str, Any]) -> str:
    """The opening message, without the question that the scenario adds."""
    return str(call["result"]["transcript"][0]["text"]).partition(" Am I")[0].removeprefix("This is an automated assistant. ")


def pushed(core: Core) -> list[Any]:
    with core.db.read() as connection:
        return list(connection.execute(select(table_of(Delivery).c.body)).scalars())


def test_the_data_are_there_when_the_bot_speaks_and_in_the_push(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async with crm_for(core, json_answer({"data": [{"customer": CUSTOMER}]}), response_path="data.0.customer") as server:
            call = await talked(core)
            assert said_first(call) == "Hello Asha Rao, you owe 15000."
            head = server.requests[0].decode()
            assert head.startswith("GET /customers/C%207 HTTP/1.1\r\n")
            assert f"Authorization: Bearer {TOKEN}\r\n" in head
            assert (call["result"]["prefetched"], call["result"]["variables"]) == (CUSTOMER, {"customer_id": "C 7"})
            assert pushed(core) == [{"NAME": "Asha Rao", "AMOUNT": 15000, "ADDRESS": {"city": "Pune"}, "NOTE": "{{call.call_id}}"}]
            seen = call["prefetch"]
            assert (seen["outcome"], seen["status"], sorted(seen["fields"])) == ("ok", 200, sorted(CUSTOMER))
            assert "Asha" not in str(seen)
            with core.db.read() as connection:
                events = connection.execute(select(table_of(CallEvent)).order_by(table_of(CallEvent).c.seq)).all()
            assert [event.kind for event in events][:3] == ["placing", "prefetch", "rang"]
            assert "Asha" not in str(events[1].data)

    with_each_core(test)


def test_a_post_sends_its_body_with_types(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        body = {"number": "{{call.to_number}}", "ids": ["{{crm.Customer Number}}"], "fixed": 1}
        async with crm_for(core, json_answer({"customer_name": "Asha"}), method="POST", body=body) as server:
            await talked(core, **{"customer number": 12})
            head, _, sent = server.requests[0].partition(b"\r\n\r\n")
            assert head.startswith(b"POST ")
            assert b"Content-Type: application/json" in head
            assert json.loads(sent) == {"number": PAYS, "ids": ["12"], "fixed": 1}

    with_core(test)


@pytest.mark.parametrize(("precedence", "name"), [("variables", "Ms Rao"), ("response", "Asha Rao")])
def test_who_wins_is_the_bots_choice(with_core: WithCore, precedence: str, name: str) -> None:
    async def test(core: Core) -> None:
        async with crm_for(core, json_answer(CUSTOMER), precedence=precedence):
            call = await talked(core, **{"Customer Name": "Ms Rao", "Amount Due": ""})
            assert said_first(call) == f"Hello {name}, you owe 15000."
            assert pushed(core)[0]["NAME"] == name

    with_core(test)


FAILURES: dict[str, tuple[Answer, dict[str, Any], str]] = {
    "unknown customer": (json_answer({}, 404), {}, "status 404"),
    "redirect": (raw(b"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"), {}, "status 302"),
    "no JSON": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), {}, "not JSON"),
    "nothing there": (json_answer({"data": None}), {"response_path": "data"}, "nothing at data"),
    "too long": (json_answer({"a": "x" * 70_000}), {}, "64 KiB"),
    "cut off": (raw(b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"a": 1'), {}, "broke off"),
    "silent": (silence, {"timeout_seconds": 0.2}, "no answer within"),
    "gone": (raw(b""), {}, "closed the connection"),
    "no secret": (json_answer({}), {"token": "secret:NOWHERE"}, "there is no secret NOWHERE"),
    "internal": (json_answer({}), {"allowed": False}, "internal address"),
    "no value": (json_answer({}), {"url": "https://crm.example/{{crm.other}}"}, "lacks crm.other"),
    "dots": (json_answer({}), {"url": "https://crm.example/a/{{crm.dots}}/b"}, "cannot be used in the address"),
}


@pytest.mark.parametrize("what", FAILURES)
def test_without_an_answer_the_bot_calls_all_the_same_or_does_not(with_core: WithCore, what: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answer, more, why = FAILURES[what]

    async def test(core: Core) -> None:
        async with crm_for(core, answer, **more) as server:
            call = await talked(core, dots="..", phone="+12025550199")
            assert said_first(call) == "Hello there, you owe nothing."
            assert (call["prefetch"]["outcome"], call["result"]["prefetched"]) == ("failed", None)
            assert why in call["prefetch"]["error"]
            asked = len(server.requests)
        async with crm_for(core, answer, **more, on_failure="do_not_call") as server:
            before = core.network.calls
            call = await talked(core, dots="..")
            result = call["result"]
            assert (result["disconnected_by"], result["end_reason"], result["disposition"]) == ("error", "prefetch_failed", "NO_CRM_DATA")
            assert (result["phone_rang"], result["sip_status"], result["answered_at"]) == (False, None, None)
            assert (core.network.calls, core.seats_taken()) == (before, 0)
            assert why in call["prefetch"]["error"]
            assert len(server.requests) == asked, "each call asks once"
        with core.db.read() as connection:
            turns = [trunk.next_call_at for trunk in every_trunk(connection)]
        assert all(turn is None or turn <= core.clock.now() for turn in turns), "nobody waits for the turn of a call that never left"

    with_core(test)
    assert "NOWHERE" not in caplog.text or what == "no secret"
    for secret in (TOKEN, "+12025550199", "C 7", "C%207"):
        assert secret not in caplog.text


def test_a_secret_that_comes_back_in_the_answer_is_masked(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async with crm_for(core, json_answer({"customer_name": f"your token is {TOKEN}"})):
            call = await talked(core)
            assert call["result"]["prefetched"] == {"customer_name": "your token is ***"}

    with_core(test)


def test_virtual_time_stands_still_for_the_crm_and_its_time_limit_is_real(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async with crm_for(core, silence, timeout_seconds=0.2):
            began, at = time.monotonic(), core.clock.now()
            call_id = await core.placed(DECLINES, variables={"customer_id": 1})
            assert core.clock.now() == at
            assert 0.2 <= time.monotonic() - began < 5
            await core.over()
            assert (await core.call(call_id))["prefetch"]["at"] == at.isoformat().replace("+00:00", "Z")

    with_core(test)


def test_a_call_that_is_cancelled_while_the_crm_is_asked_never_leaves(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        seen = []

        async def somebody_cancels(_: asyncio.StreamWriter) -> None:
            [call_id] = core.engine.runs
            seen.append((await core.call(call_id))["prefetch"]["outcome"])
            seen.append((await core.http.post(f"/api/v1/calls/{call_id}/cancel")).status_code)
            await asyncio.Event().wait()

        async with crm_for(core, somebody_cancels, timeout_seconds=10):
            began = time.monotonic()
            call = await talked(core)
            assert seen == ["asked", 200]
            assert (call["result"]["end_reason"], call["result"]["phone_rang"], core.network.calls) == ("cancelled", False, 0)
            assert time.monotonic() - began < 5, "nobody waited for the CRM"

    with_core(test)


def test_the_hours_are_looked_at_again_after_the_crm_has_answered(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        hours = {"windows": [{"start": "10:00", "end": "10:01"}]}
        async with crm_for(core, json_answer({})):
            core.bot(prefetch={"url": "https://crm.example/x"}, active_hours=hours, post_call_push=None)
            core.engine.reach = Reach(Late(core), SecretStr)  # type: ignore[arg-type]
            call = await talked(core)
            assert (call["result"]["disconnected_by"], call["result"]["end_reason"]) == ("outside_hours", "outside_active_hours")
            assert core.network.calls == 0

    with_core(test)


class Late:
    """A client whose answer takes two minutes of the clock."""

    def __init__(self, core: Core) -> None:
        self._core, self.watch = core, EndpointWatch()

    async def request(self, *_: Any, **__: Any) -> Any:
        await self._core.clock.sleep(120)
        return Reply(200, {}, b"{}", truncated=False, seconds=0.1)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (json_answer({}, status=503), "it answered with status 503"),
        (json_answer({}, status=404), "it answered with status 404"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>"), "JSON"),
        (raw(b""), ""),
    ],
    ids=["down", "not found", "no JSON", "no answer"],
)
def test_a_crm_that_fails_is_one_warning(with_core: WithCore, caplog: pytest.LogCaptureFixture, answer: Answer, why: str) -> None:
    async def test(core: Core) -> None:
        async with crm_for(core, answer):
            for _ in range(5):
                await talked(core)

    with caplog.at_level(logging.WARNING, logger="core.outgoing"):
        with_core(test)
    (warning,) = [record.getMessage() for record in caplog.records if record.name.startswith("core.outgoing")]
    assert warning.startswith("pre-fetches to 127.0.0.1:")
    assert why in warning
    assert "customers" not in warning
    assert "C 7" not in warning


def test_a_preview_shows_the_request_and_sends_nothing(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async with crm_for(core, json_answer(CUSTOMER), headers={"X-Number": "{{call.to_number}}"}) as server:
            admin = core.key(role="admin")
            path = f"/api/v1/bots/{BOT}/preview"
            body = {"variables": {"Customer ID": "a/b"}, "to_number": PAYS}
            shown = (await core.http.post(path, json=body, headers=admin)).json()["prefetch"]
            assert shown == {
                "method": "GET",
                "url": f"{server.url}customers/a%2Fb",
                "headers": {"X-Number": PAYS, "Authorization": "Bearer secret:CRM_TOKEN"},
                "body": None,
                "missing": [],
                "error": None,
            }
            assert (await core.http.post(path, json={}, headers=admin)).json()["prefetch"]["missing"] == ["crm.customer_id"]
            climbing = {"variables": {"customer_id": ".."}}
            assert (await core.http.post(path, json=climbing, headers=admin)).json()["prefetch"]["error"]
            assert server.requests == []

    with_core(test)


def test_a_bot_without_a_prefetch_shows_none(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        assert (await talked(core))["prefetch"] is None
        shown = await core.http.post(f"/api/v1/bots/{BOT}/preview", json={}, headers=core.key(role="admin"))
        assert shown.json()["prefetch"] is None

    with_core(test)
