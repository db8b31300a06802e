"""One phone, one call: whoever asks, a number that is on a call with us is not dialled a second time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from core.calls import gates
from core.calls.cancel import carry_out_cancels
from core.calls.gates import check_test_number
from core.calls.occupied import Seen, look_at, withdraw_dialled
from core.calls.phones import phone_of
from core.calls.tables import Call
from core.kernel.database import Database
from core.kernel.statements import table_of
from core.kernel.virtual_clock import VirtualClock
from tests.conftest import START
from tests.core.api.conftest import sqlite, with_core, with_each_core
from tests.core.api.support import PAYS, SILENT, STORY, Core, fields_of, open_core, problem_of
from tests.core.api.test_idempotency import in_two_processes
from tests.core.calls.test_inbound import our_number, rung

__all__ = ["sqlite", "with_core", "with_each_core"]

WithCore = Callable[..., Any]
UNANSWERED = "+12025550109"
"""Rings and is not answered."""


@pytest.mark.parametrize(
    ("number", "phone"),
    [
        ("+12025550143", "+12025550143"),
        ("+12025550143;ext=7", "+12025550143"),
        ("anonymous", None),
        ("", None),
        (None, None),
        ("+", None),
        ("112", None),
    ],
)
def test_the_phone_of_a_number(number: str | None, phone: str | None) -> None:
    assert phone_of(number) == phone


@pytest.mark.parametrize("again", [STORY, f"{STORY};ext=12", "(202) 555-0113"])
def test_a_number_on_a_call_is_refused_until_the_call_is_over(with_each_core: WithCore, again: str) -> None:
    async def test(core: Core) -> None:
        core.bot("another", default_region="US")
        first = await core.placed(STORY, key="first")
        refused = await core.dial(again, bot_id="another", key="second")
        assert refused.status_code == 503
        assert problem_of(refused)["reason"] == "number_busy"
        assert refused.headers["Retry-After"] == "30"
        assert (await core.placed(STORY, key="first"), core.count_calls()) == (first, 1)  # a repeat finds its own call
        await core.over()
        await core.placed(again, bot_id="another", key="second")

    with_each_core(test)


def test_two_extensions_of_one_switchboard_share_its_line(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        await core.placed(f"{STORY};ext=1")
        assert (await core.dial(f"{STORY};ext=2")).json()["reason"] == "number_busy"

    with_core(test)


def test_what_is_wrong_with_the_request_is_said_before(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        await core.placed(STORY)
        assert fields_of(await core.dial(STORY, from_number="+12025550199")) == {"from_number": "unknown_caller_id"}

    with_core(test)


def test_who_is_on_the_line_with_us_is_not_dialled(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        await our_number(core)
        await rung(core, caller=PAYS)
        assert (await core.dial(PAYS)).json()["reason"] == "number_busy"
        await core.over()
        assert (await core.dial(PAYS)).status_code == 200

    with_each_core(test)


def test_who_calls_us_before_answering_is_talked_to_and_our_own_call_withdrawn(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        await our_number(core)
        outbound = await core.placed(UNANSWERED)
        await core.clock.sleep(3)
        assert (await core.call(outbound))["state"] == "ringing"
        answer = await rung(core, caller=UNANSWERED)
        assert answer["status"] == "answered"
        await core.clock.sleep(1)
        result = (await core.call(outbound))["result"]
        assert (result["disconnected_by"], result["end_reason"]) == ("error", "withdrawn")
        call = await core.call(answer["call_id"])
        # the sandbox draws who calls: a few hang up at once
        assert call["state"] == "talking" or call["result"]["end_reason"] == "customer_hangup", call["result"]

    with_each_core(test)


def test_who_is_talked_to_already_may_have_a_colleague_who_calls(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        await our_number(core)
        outbound = await core.placed(STORY)
        await core.clock.sleep(60)
        assert (await core.call(outbound))["state"] == "talking"
        answer = await rung(core, caller=STORY)
        assert answer["status"] == "answered"
        assert (await core.call(outbound))["state"] == "talking"

    with_core(test)


def test_a_caller_without_a_number_is_nobody(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        await our_number(core)
        outbound = await core.placed(UNANSWERED)
        await withdraw_dialled(core.engine, phone_of("anonymous"), "sandbox", "an inbound call")
        await core.clock.sleep(1)
        assert (await core.call(outbound))["state"] == "ringing"

    with_core(test)


def test_a_call_of_another_process_is_withdrawn_by_it(database: Database, tmp_path: Path, in_virtual_time: Callable[..., Any]) -> None:
    async def test(clock: VirtualClock) -> None:
        async with open_core(database, clock, tmp_path) as first:
            (tmp_path / "second").mkdir()
            async with open_core(database, clock, tmp_path / "second") as second:
                outbound = await first.placed(UNANSWERED)
                await clock.sleep(3)
                await withdraw_dialled(second.engine, UNANSWERED, "sandbox", "the inbound call")
                assert await carry_out_cancels(first.engine) == 1
                await clock.sleep(1)
                assert (await first.call(outbound))["result"]["end_reason"] == "withdrawn"

    in_virtual_time(test)


def test_one_who_calls_while_our_call_waits_for_its_turn_is_not_rung(with_core: WithCore) -> None:
    """Also if the caller was not seen by the gate: it is looked once more before the INVITE leaves."""

    async def test(core: Core) -> None:
        await our_number(core)
        first = core.clock.spawn(core.placed(STORY), "first")
        waiting = core.clock.spawn(core.placed(UNANSWERED), "waiting")  # its turn comes in two seconds
        await core.clock.join(first)
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr("core.calls.inbound.withdraw_dialled", _nothing)
            await rung(core, caller=UNANSWERED)
        await core.clock.join(waiting)
        await core.clock.sleep(1)
        result = (await core.call(waiting.result()))["result"]
        assert (result["end_reason"], result["phone_rang"]) == ("withdrawn", False)

    with_core(test, calls_per_second=0.5)


async def _nothing(*_: Any) -> None:
    pass


def test_two_processes_never_ring_one_phone_at_once(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index decides, also where both have looked before either has dialled."""
    monkeypatch.setattr(gates, "look_at", lambda *_: Seen(suppressed=False, on_call=False))
    numbers = [f"+9991{n:06d}13" for n in range(20)]  # they talk for a quarter of an hour

    async def work(core: Core, number: int) -> list[Any]:
        answers = []
        for phone in numbers:
            answers.append(await core.dial(phone))
            await asyncio.sleep(0)
        return [answer.json().get("reason", "placed") for answer in answers]

    first, second = in_two_processes(database_url, tmp_path, work, calls_per_second=1000, channels=100)
    assert {frozenset(pair) for pair in zip(first, second, strict=True)} == {frozenset({"placed", "number_busy"})}


def test_a_test_call_does_not_ring_who_is_on_a_call(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        await core.placed(SILENT)
        with core.db.write() as connection:  # a test call goes out on real lines, so those count
            connection.execute(update(table_of(Call)).values(transport="sip"))
        with core.db.read() as connection, pytest.raises(ValueError, match="on a call"):
            check_test_number(connection, SILENT, lab=True)

    with_core(test)


def test_a_rehearsal_and_a_real_call_do_not_see_each_other(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        await core.placed(STORY)
        with core.engine.db.read() as connection:
            assert look_at(connection, STORY, "sandbox", START).on_call
            assert not look_at(connection, STORY, "real", START).on_call
        with core.engine.db.write() as connection:  # the same phone, on real lines: no index is in the way
            row = connection.execute(select(table_of(Call)).limit(1)).one()._asdict()
            other = {**row, "call_id": "real", "transport": "sip", "idempotency_key": None}
            connection.execute(insert(table_of(Call)).values(other))
            with pytest.raises(IntegrityError), connection.begin_nested():
                connection.execute(insert(table_of(Call)).values({**other, "call_id": "real, too"}))

    with_each_core(test)
