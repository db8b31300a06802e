"""POST /api/v1/calls/{call_id}/cancel: safe at any moment. What the callee's side saw is the judge."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from core.calls.cancel import carry_out_cancels
from core.calls.tables import Call, CallEvent
from core.kernel.database import Database
from core.kernel.statements import table_of
from tests.core.api.conftest import run_core
from tests.core.api.support import BUSY, START, STORY, Core

WithCore = Callable[..., Any]


async def cancel(core: Core, call_id: str) -> dict[str, Any]:
    """Cancel a call; the answer."""
    response = await core.http.post(f"/api/v1/calls/{call_id}/cancel")
    assert response.status_code == 200, response.text
    return dict(response.json())


def ends(core: Core, call_id: str) -> int:
    """How often the call has ended, by its events."""
    table = table_of(CallEvent)
    with core.db.read() as connection:
        return len(connection.execute(select(table).where(table.c.call_id == call_id, table.c.kind == "ended")).all())


def callees_log(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The lines of the callees' own log by attempt."""
    lines: dict[str, list[dict[str, Any]]] = {}
    for text in (folder / "network.jsonl").read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        if line["event"] != "opened":
            lines.setdefault(line["attempt"], []).append(line)
    return lines


@pytest.mark.parametrize(
    ("seconds", "state", "disconnected_by", "rang"),
    [(0.0, "ringing", "error", True), (20.0, "ringing", "error", True), (30.0, "talking", "bot", True)],
)
def test_ringing_and_talking(with_each_core: WithCore, seconds: float, state: str, disconnected_by: str, rang: bool) -> None:
    async def test(core: Core) -> None:
        call_id = await core.placed("+12025550117")  # picks up after 25 s
        await core.clock.sleep(seconds)
        answer = await cancel(core, call_id)
        assert (answer["state"], answer["cancel_requested"]) == (state, True)
        await core.over()
        call = await core.call(call_id)
        result = call["result"]
        assert (result["disconnected_by"], result["end_reason"], result["phone_rang"]) == (disconnected_by, "cancelled", rang)
        assert (result["fault"], result["disposition"]) == (None, "CANCELLED") or seconds == 30.0
        assert datetime.fromisoformat(call["ended_at"]) - datetime.fromisoformat(call["created_at"]) == timedelta(seconds=seconds)
        assert (ends(core, call_id), core.seats_taken(), core.network.calls) == (1, 0, 0)

    with_each_core(test)


def test_before_it_leaves_nobody_is_called(with_core: WithCore, tmp_path: Path) -> None:
    async def test(core: Core) -> None:
        await core.placed(BUSY, key="first")
        dialling = core.clock.spawn(core.dial(STORY, key="second"), name="dialling")
        await core.clock.sleep(0.5)  # it waits for its turn on the trunk
        waiting = [run for run in core.engine.runs.values() if run.order.attempt == "second"]
        call_id = waiting[0].order.call_id
        assert (await cancel(core, call_id))["state"] == "placing"
        await core.over()
        await core.clock.join(dialling)
        assert dialling.result().json() == {"status": "ok", "call_id": call_id}
        result = (await core.call(call_id))["result"]
        assert (result["disconnected_by"], result["end_reason"], result["phone_rang"]) == ("error", "cancelled", False)
        assert (result["sip_status"], result["may_have_been_dialled"], core.seats_taken()) == (None, False, 0)
        assert "second" not in callees_log(tmp_path)
        before = core.clock.now()
        await core.placed(BUSY)
        assert core.clock.now() - before < timedelta(seconds=2), "it does not wait behind the one that never left"

    with_core(test, calls_per_second=0.5)


def test_a_call_that_is_over_stays_as_it_is(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        call_id = await core.placed(BUSY)
        await core.over()
        before = await core.call(call_id)
        assert await cancel(core, call_id) == before
        assert before["result"]["end_reason"] == "busy"
        assert not before["cancel_requested"]

    with_core(test)


def test_another_process_can_ask_for_it(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        call_id = await core.placed(STORY)
        table = table_of(Call)
        with core.db.write() as connection:  # what the other process does
            connection.execute(update(table).where(table.c.call_id == call_id).values(cancel_requested=True))
        assert await carry_out_cancels(core.engine) == 1
        assert await carry_out_cancels(core.engine) == 0
        await core.over()
        assert (await core.call(call_id))["result"]["end_reason"] == "cancelled"

    with_core(test)


EXAMPLES = count()
Digits = st.integers(0, 29).map(lambda n: f"{n:02d}")
Moments = st.integers(0, 120_000).map(lambda n: n / 1000) | st.sampled_from([0.0, 25.0, 45.0, 600.0, 2000.0])


@pytest.fixture
def shared(sqlite: Database, tmp_path: Path) -> tuple[Database, Path]:
    return sqlite, tmp_path


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.tuples(Digits, st.lists(Moments, min_size=1, max_size=3)), min_size=1, max_size=10), st.integers(0, 10**6))
def test_at_any_moment(shared: tuple[Database, Path], plan: list[tuple[str, list[float]]], seed: int) -> None:
    database, folder = shared
    example = next(EXAMPLES)

    async def test(core: Core) -> None:
        async def one(number: int, digits: str, moments: list[float]) -> tuple[str, str, datetime]:
            attempt = f"{example}/{number}"
            call_id = await core.placed(f"+999{example:05d}{number:03d}{digits}", key=attempt)
            began = core.clock.now()
            for moment in sorted(moments):
                await core.clock.sleep_until(began + timedelta(seconds=moment))
                await cancel(core, call_id)
            return call_id, attempt, began + timedelta(seconds=min(moments))

        made = await core.together(*(one(number, digits, moments) for number, (digits, moments) in enumerate(plan)))
        await core.over()
        log = callees_log(folder)
        assert core.seats_taken() == core.network.calls == 0
        for call_id, attempt, cancelled_at in made:
            call = await core.call(call_id)
            result, ended_at = call["result"], datetime.fromisoformat(call["ended_at"])
            assert (call["state"], ends(core, call_id)) == ("done", 1)
            invites = [line for line in log[attempt] if line["event"] == "invite"]
            ended = [line for line in log[attempt] if line["event"] == "ended"]
            assert len(invites) == len(ended) == 1
            if result["end_reason"] == "cancelled":
                assert (ended_at, ended[0]["by"]) == (cancelled_at, "caller")
                assert result["disconnected_by"] == ("bot" if call["answered_at"] else "error")
                assert result["phone_rang"] == (call["ringing_at"] is not None or call["answered_at"] is not None)
            else:
                assert ended_at <= cancelled_at

    run_core(test, database, folder, seed=seed, seats=20, start=START + timedelta(hours=example))  # no clock goes back
