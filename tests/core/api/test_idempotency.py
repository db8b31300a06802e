"""Idempotency-Key: one call, whatever comes twice, at once, or after a restart."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.calls.request import DialoutRequest
from core.kernel.clock import RealClock
from core.kernel.database import Database
from tests.core.api.conftest import run_core
from tests.core.api.support import (
    BOT,
    BUSY,
    PAYS,
    SILENT,
    START,
    STORY,
    Core,
    fields_of,
    in_time,
    key_headers,
    open_core,
    opened,
    store_bot,
    talkers,
)

WithCore = Callable[..., Any]

BODY = {"bot_id": BOT, "to_number": STORY}


def test_same_key_and_body_give_the_same_answer_and_one_call(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        first = await core.dial(PAYS, key="a", variables={"x": 1, "y": {"b": 1, "a": 2}})
        again = await core.dial(PAYS, key="a", variables={"y": {"a": 2, "b": 1}, "x": 1}, unknown="ignored")
        assert first.content == again.content
        await core.over()
        assert (await core.dial(PAYS, key="a", variables={"x": 1, "y": {"b": 1, "a": 2}})).content == first.content
        assert core.count_calls() == 1
        assert (await core.call(first.json()["call_id"]))["idempotency_key"] == "a"

    with_each_core(test)


@pytest.mark.parametrize(
    "other",
    [
        {"to_number": PAYS},
        {"variables": {"a": 1}},
        {"from_number": "+12025550100"},
        {"bot_id": "another"},
    ],
)
def test_another_body_under_a_used_key_is_422(with_core: WithCore, other: dict[str, Any]) -> None:
    async def test(core: Core) -> None:
        core.bot("another")
        await core.placed(STORY, key="a")
        response = await core.http.post("/api/v1/sip/dialout", json=BODY | other, headers={"Idempotency-Key": "a"})
        assert fields_of(response) == {"Idempotency-Key": "key_reused"}
        assert core.count_calls() == 1

    with_core(test)


def test_keys_of_two_callers_do_not_meet(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        ours = await core.placed(BUSY, key="a")
        await core.over()
        theirs = await core.http.post("/api/v1/sip/dialout", json=BODY, headers={"Idempotency-Key": "a", **core.key()})
        assert theirs.status_code == 200
        assert theirs.json()["call_id"] != ours

    with_core(test)


@pytest.mark.parametrize("key", ["", " ", "k" * 201])
def test_a_key_must_have_a_length(with_core: WithCore, key: str) -> None:
    async def test(core: Core) -> None:
        response = await core.http.post("/api/v1/sip/dialout", json={"to_number": 5}, headers={"Idempotency-Key": key})
        assert fields_of(response) == {"bot_id": "missing", "to_number": "not_text", "Idempotency-Key": "wrong_length"}

    with_core(test)


def test_a_refusal_is_not_remembered(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        await core.placed(STORY)
        assert (await core.dial(STORY, key="a")).status_code == 503
        assert (await core.dial("nonsense", key="a")).status_code == 422
        await core.over()
        assert (await core.dial(STORY, key="a")).status_code == 200
        assert core.count_calls() == 2

    with_each_core(test, seats=1)


def test_without_a_key_the_same_request_is_another_call(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        calls = []
        for _ in range(3):
            calls.append(await core.placed(BUSY))
            await core.over()
        assert len(set(calls)) == 3
        assert {answer.status_code for answer in await core.together(*(core.dial(STORY) for _ in range(3)))} == {200, 503}

    with_core(test, seed=1)


def test_twins_at_one_moment_place_one_call(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        answers = await core.together(*(core.dial(STORY, key="a") for _ in range(20)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        assert (core.count_calls(), core.seats_taken()) == (1, 1)

    with_each_core(test, seats=1, calls_per_second=0.5)


def test_a_twin_that_comes_while_its_call_waits_for_its_turn_is_answered_when_it_has_left(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        await core.placed(SILENT)
        before = core.clock.now()
        await core.together(core.dial(STORY, key="a"), core.dial(STORY, key="a"))
        assert core.network.calls == 2
        assert (core.clock.now() - before).total_seconds() > 1.9

    with_core(test, calls_per_second=0.5)


def test_it_survives_a_restart(database: Database, tmp_path: Path) -> None:
    headers = key_headers(database, START)

    async def first(core: Core) -> bytes:
        return (await core.dial(STORY, key="a")).content

    async def second(core: Core) -> bytes:
        again = await core.dial(STORY, key="a")
        assert fields_of(await core.dial(PAYS, key="a")) == {"Idempotency-Key": "key_reused"}
        assert core.count_calls() == 1
        return again.content

    assert run_core(first, database, tmp_path, headers=headers) == run_core(second, database, tmp_path, headers=headers)


def in_two_processes(database_url: str, folder: Path, work: Callable[[Core, int], Any], **settings: Any) -> list[Any]:
    """Run `work(core, n)` on two engines with a database connection, a loop and a thread each, as two processes would."""
    with opened(database_url) as db:
        headers = key_headers(db, START)
        store_bot(db, START)
    barrier, starting = threading.Barrier(2, timeout=30), threading.Lock()

    async def one(number: int) -> Any:
        (folder / str(number)).mkdir()
        with opened(database_url) as db:
            async with open_core(db, RealClock(20.0, START), folder / str(number), headers=headers, **settings) as core:
                with starting:  # the app is built at its first request, which two threads cannot do at once
                    assert (await core.http.get("/health/fleet")).status_code == 200
                await asyncio.to_thread(barrier.wait)
                result = await work(core, number)
                await asyncio.to_thread(barrier.wait)
                return result

    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(lambda number: in_time(one(number)), range(2)))


def test_twins_in_two_processes_place_one_call_each_time(database_url: str, tmp_path: Path) -> None:
    twins = 25
    phones = talkers(twins)

    async def work(core: Core, number: int) -> list[bytes]:
        answers = []
        for turn in range(twins):
            answer = await core.dial(phones[turn], key=f"key {turn}")
            assert answer.status_code == 200, answer.text
            answers.append(answer.content)
        if number == 0:
            assert core.count_calls() <= twins
        return answers

    first, second = in_two_processes(database_url, tmp_path, work, calls_per_second=1000)
    assert first == second
    with opened(database_url) as db, db.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*), count(DISTINCT idempotency_key) FROM calls").one() == (twins, twins)


def test_a_twin_is_not_told_that_there_is_no_seat_when_its_twin_has_it(database_url: str, tmp_path: Path) -> None:
    async def work(core: Core, number: int) -> list[int]:
        statuses = []
        for turn in range(10):
            core.bot(f"bot-{turn}", seats=1)
            statuses.append((await core.dial(talkers(10)[turn], key=f"key {turn}", bot_id=f"bot-{turn}")).status_code)
        return statuses

    async def make(core: Core) -> None:
        for turn in range(10):
            core.bot(f"bot-{turn}", seats=1)

    with opened(database_url) as db:
        run_core(make, db, tmp_path)
    assert in_two_processes(database_url, tmp_path, work, calls_per_second=1000) == [[200] * 10] * 2


VARIABLES = st.dictionaries(
    st.text(max_size=4), st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=4), st.lists, max_leaves=4)
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(VARIABLES, VARIABLES)
def test_requests_are_the_same_exactly_if_their_contents_are(one: dict[str, Any], other: dict[str, Any]) -> None:
    def print_of(variables: dict[str, Any]) -> str:
        return DialoutRequest(BOT, PAYS, None, variables, "a").fingerprint()

    assert print_of(one) == print_of(dict(reversed(one.items())))
    if repr(sorted(one.items())) != repr(sorted(other.items())):
        assert print_of(one) != print_of(other)
