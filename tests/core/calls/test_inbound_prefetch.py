"""Who rings us is asked for at the CRM before the bot picks up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.core.api.conftest import sqlite, with_core
from tests.core.api.support import PAYS, Core
from tests.core.calls.test_inbound import our_number, rung
from tests.core.prefetch.test_calls import CUSTOMER, OPENING, crm_for, json_answer, said_first

__all__ = ["sqlite", "with_core"]

PATIENT = 10.0  # real seconds: the machine may be busy


def test_the_bot_knows_who_rings(with_core: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        async with crm_for(core, json_answer(CUSTOMER)) as server:
            where = f"{server.url}customers/{{{{call.customer_number}}}}?ours={{{{call.to_number}}}}"
            core.bot(prefetch={"url": where, "timeout_seconds": PATIENT}, opening_message=OPENING, confirm_identity=False)
            await our_number(core)
            call_id = (await rung(core))["call_id"]
            await core.over()
            call = await core.call(call_id)
            assert said_first(call) == "Hello Asha Rao, you owe 15000."
            assert (call["prefetch"]["outcome"], call["result"]["variables"]) == ("ok", {})
            assert call["result"]["prefetched"]["customer_name"] == "Asha Rao"
            [asked] = server.requests
            assert PAYS.removeprefix("+") in str(asked)

    with_core(test)


def test_a_bot_that_does_not_talk_without_turns_the_caller_away(with_core: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        async with crm_for(core, json_answer({}, 500)) as server:
            core.bot(prefetch={"url": f"{server.url}x", "timeout_seconds": PATIENT, "on_failure": "do_not_call"})
            await our_number(core)
            call_id = (await rung(core))["call_id"]
            await core.over()
            result = (await core.call(call_id))["result"]
            assert (result["disconnected_by"], result["end_reason"]) == ("error", "prefetch_failed")
            assert (result["sip_status"], result["phone_rang"], result["may_have_been_dialled"]) == (480, False, False)
            assert core.seats_taken() == 0

    with_core(test)


def test_a_process_without_a_way_out_refuses_and_says_what_failed(with_core: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        core.bot(prefetch={"url": "https://crm.example/x"})
        core.engine.reach = None
        await our_number(core)
        call_id = (await rung(core))["call_id"]
        await core.over()
        result = (await core.call(call_id))["result"]
        assert result["may_have_been_dialled"] is False, "nobody was dialled"
        assert core.seats_taken() == 0

    with_core(test)
