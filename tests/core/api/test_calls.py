"""GET /api/v1/calls/{call_id} and GET /api/v1/calls: state, result, filters, pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from core.api.paging import make_cursor, read_cursor
from core.calls.refusals import InvalidRequest
from core.calls.tables import Call, CallEvent
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.statements import table_of
from tests.core.api.conftest import run_core
from tests.core.api.support import BOT, BUSY, PAYS, START, STORY, Core, fields_of, problem_of

WithCore = Callable[..., Any]

CALLS = "/api/v1/calls"
GUIDE_FIELDS = {
    "session_id",
    "caller_id",
    "from_number",
    "call_duration_seconds",
    "disconnected_by",
    "transcript",
    "recording_url",
    "recording_key",
    "post_call_analysis",
    "was_transferred",
    "transfer_destination",
    "transfer_target",
    "transfer_reason",
    "transfer_method",
    "transfer_at",
    "transfer_failed_reason",
}


async def listed(core: Core, **filters: Any) -> list[str]:
    """The ids of the calls that a list gives."""
    response = await core.http.get(CALLS, params=filters)
    assert response.status_code == 200, response.text
    return [call["call_id"] for call in response.json()["calls"]]


def test_a_call_is_followed_from_placing_to_its_result(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        call_id = await core.placed("+12025550117", key="a", variables={"customer_name": "Asha"})
        seen = [await core.call(call_id)]
        for second in (1, 23, 4):  # picks up after 25 s
            await core.clock.sleep(second)
            seen.append(await core.call(call_id))
        assert [call["state"] for call in seen] == ["ringing", "ringing", "ringing", "talking"]
        assert {call["result"] for call in seen} == {None}
        await core.over()
        done = await core.call(call_id)
        assert (done["state"], done["sandbox"], done["direction"], done["cancel_requested"]) == ("done", True, "outbound", False)
        result = done["result"]
        assert set(result) >= GUIDE_FIELDS
        assert (result["session_id"], result["idempotency_key"], result["disposition"] != "") == (call_id, "a", True)
        assert datetime.fromisoformat(done["answered_at"]) - datetime.fromisoformat(done["created_at"]) == timedelta(seconds=25)
        assert {"speaker", "text", "timestamp"} == set(result["transcript"][0])

    with_each_core(test)


def test_a_call_of_a_bot_out_of_scope_looks_like_none(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot("other")
        hidden = await core.placed(BUSY, bot_id="other")
        await core.over()
        mine = await core.placed(BUSY)
        scoped = core.key(bots=[BOT])
        for method, suffix in (("GET", ""), ("POST", "/cancel")):
            there = await core.http.request(method, f"{CALLS}/{hidden}{suffix}", headers=scoped)
            nowhere = await core.http.request(method, f"{CALLS}/{Ids().new()}{suffix}", headers=scoped)
            assert there.status_code == nowhere.status_code == 404
            assert there.content == nowhere.content
            problem_of(there)
        response = await core.http.get(CALLS, headers=scoped)
        assert [call["call_id"] for call in response.json()["calls"]] == [mine]
        assert (await core.http.get(CALLS, params={"bot_id": "other"}, headers=scoped)).json()["calls"] == []

    with_core(test)


def test_filters(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot("other")
        first = await core.placed(BUSY, key="a")
        await core.over()
        await core.clock.sleep(60)
        second = await core.placed(STORY, bot_id="other", key="b")
        await core.clock.sleep(60)
        third = await core.placed("+44 20 7946 0113 ext 4")
        late = core.clock.now().isoformat()
        assert await listed(core) == [third, second, first]
        assert await listed(core, state="done") == [first]
        assert await listed(core, state=["talking", "ringing"]) == [third, second]
        assert await listed(core, bot_id="other") == [second]
        assert await listed(core, to_number=BUSY) == [first]
        assert await listed(core, to_number="+442079460113;ext=4") == [third]
        assert await listed(core, idempotency_key="b") == [second]
        assert await listed(core, idempotency_key="c") == []
        assert await listed(core, created_since="2026-03-04T10:01:00Z") == [third, second]
        assert await listed(core, created_until=late) == [second, first]
        assert await listed(core, created_since=late, created_until=late) == []
        assert await listed(core, state="done", bot_id=BOT, created_until=late, nonsense="ignored") == [first]
        # a plus that was not escaped arrives as a blank
        raw = await core.http.get(f"{CALLS}?to_number={BUSY}&created_since=2026-03-04T15:30:00+05:30")
        assert [call["call_id"] for call in raw.json()["calls"]] == [first]

    with_each_core(test)


def test_the_idempotency_key_of_another_caller_finds_nothing(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        await core.placed(BUSY, key="a")
        response = await core.http.get(CALLS, params={"idempotency_key": "a"}, headers=core.key())
        assert response.json() == {"calls": [], "next_cursor": None}

    with_core(test)


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("state=dialling", {"state"}),
        ("state=done&state=", {"state"}),
        ("to_number=12025550100", {"to_number"}),
        ("to_number=%2B1202", {"to_number"}),
        ("created_since=yesterday", {"created_since"}),
        ("created_since=2026-03-04T10:00:00", {"created_since"}),
        ("created_until=1772618400", {"created_until"}),
        ("created_since=0001-01-01T00:00:00%2B23:59", {"created_since"}),
        ("created_until=9999-12-31T23:59:59-23:59", {"created_until"}),
        ("limit=0", {"limit"}),
        ("limit=501", {"limit"}),
        ("limit=many", {"limit"}),
        ("cursor=", {"cursor"}),
        ("cursor=e30", {"cursor"}),
        ("cursor=W10", {"cursor"}),
        ("cursor=%C3%A9", {"cursor"}),
        ("state=x&to_number=y&created_since=z&created_until=", {"state", "to_number", "created_since", "created_until"}),
    ],
)
def test_a_wrong_filter_is_422(with_core: WithCore, query: str, fields: set[str]) -> None:
    async def test(core: Core) -> None:
        response = await core.http.get(f"{CALLS}?{query}")
        assert set(fields_of(response)) == fields

    with_core(test)


@given(st.datetimes(timezones=st.just(UTC)), st.text())
def test_cursors_come_back(at: datetime, name: str) -> None:
    assert read_cursor(make_cursor(at, name)) == (at, name)


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_nobody_makes_cursors_up(text: str) -> None:
    with pytest.raises(InvalidRequest):
        read_cursor(text)


Arrivals = st.lists(st.lists(st.integers(0, 3), max_size=4), max_size=12)


@pytest.fixture
def shared(database: Database, tmp_path: Path) -> tuple[Database, Path]:
    return database, tmp_path


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 4), max_size=25), st.integers(1, 7), Arrivals)
def test_pages_have_no_gaps_and_no_repeats_while_calls_arrive(
    shared: tuple[Database, Path], ages: list[int], limit: int, arrivals: list[list[int]]
) -> None:
    async def test(core: Core) -> None:
        worker = core.engine.worker_id

        def add(count_at: list[int], begin: datetime, direction: int) -> list[str]:
            ids = [Ids().new() for _ in count_at]
            rows = [
                {
                    "call_id": call_id,
                    "bot_id": BOT,
                    "bot_version": 1,
                    "to_number": PAYS,
                    "transport": "sandbox",
                    "state": "placing",
                    "worker_id": worker,
                    "direction": "outbound",
                    "variables": {},
                    "cancel_requested": False,
                    "created_at": begin + direction * timedelta(seconds=seconds),
                }
                for call_id, seconds in zip(ids, count_at, strict=True)
            ]
            if rows:
                with core.db.write() as connection:
                    connection.execute(insert(table_of(Call)), rows)
            return ids

        with core.db.write() as connection:
            connection.execute(delete(table_of(CallEvent)))
            connection.execute(delete(table_of(Call)))
        there = add(ages, START - timedelta(seconds=1), -1)
        seen: list[dict[str, Any]] = []
        cursor, waves = None, iter(arrivals)
        while True:
            params = {"limit": limit} | ({"cursor": cursor} if cursor else {})
            page = (await core.http.get(CALLS, params=params)).json()
            assert len(page["calls"]) <= limit
            seen += page["calls"]
            add(next(waves, []), START, 1)
            cursor = page["next_cursor"]
            if cursor is None:
                break
        ids = [call["call_id"] for call in seen]
        assert len(ids) == len(set(ids)), "a repeat"
        assert set(there) <= set(ids), "a gap"
        assert seen == sorted(seen, key=lambda call: (call["created_at"], call["call_id"]), reverse=True)
        with core.db.write() as connection:
            connection.execute(delete(table_of(Call)))

    database, folder = shared
    run_core(test, database, folder)


@pytest.mark.parametrize(("number", "said"), [("+12025550109", "The phone rang, and nobody answered."), ("+12025550127", "did not ring")])
def test_the_remark_says_whether_it_rang(with_core: WithCore, number: str, said: str) -> None:
    async def test(core: Core) -> None:
        call_id = await core.placed(number)
        await core.over()
        result = (await core.call(call_id))["result"]
        assert (result["disposition"], result["ringing_at"] is None) == ("NO_ANSWER", "did not ring" in said)
        assert said in result["remarks"]

    with_core(test)
