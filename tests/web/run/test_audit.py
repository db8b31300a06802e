"""The callees' own log accuses a dialler that dials twice, or that says what is not true."""

from __future__ import annotations

import asyncio
import shutil
import tracemalloc
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

import web.composition
from core.access.keys import create
from core.calls.engine import Engine
from core.calls.recovery import recover
from core.calls.tables import Call
from core.contracts.transport import Leg, PlaceOrder
from core.kernel.database import Database
from core.kernel.statements import table_of
from core.transports.sandbox import SandboxNetwork, SandboxTransport
from dialler.core_client import CoreClient
from tests.web.run.driver import RunSpec, run_dying
from tests.web.run.folders import make_folder, run, settings_for
from web.composition import open_whole
from web.run.audit import Audit, audit, compare

LEADS = ["+12025550100", "+12025550109", "+12025550101"]
ids = st.lists(st.sampled_from("abcdefgh"), max_size=12)


@given(seen=ids, placed=ids, others=ids)
def test_compare_finds_exactly_what_differs(seen: list[str], placed: list[str], others: list[str]) -> None:
    found = compare(iter(placed), iter(seen), iter(placed + others))
    rang, said, ours = Counter(seen), Counter(placed), Counter(placed + others)
    assert found.rang == len(rang)
    assert found.rang_twice.attempts == tuple(sorted(one for one, times in rang.items() if times > max(ours[one], 1)))
    assert set(found.unknown_to_us.attempts) == set(rang) - set(ours)
    assert set(found.unknown_to_them.attempts) == {one for one, times in said.items() if times > rang[one]}
    for what in (found.rang_twice, found.unknown_to_us, found.unknown_to_them):
        assert what.count == len(what.attempts)
    assert found.clean == (said <= rang <= Counter({one: max(times, 1) for one, times in ours.items()}))


def test_memory_does_not_grow_with_the_number_of_attempts() -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        try:
            names = [lambda n=n: (f"{i:012d}-{n}" for i in range(count)) for n in "ab"]
            found = compare(names[0](), names[1](), names[0]())
            assert (found.unknown_to_us.count, len(found.unknown_to_us.attempts)) == (count, 100)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1_000)
    assert peak(60_000) < 2 * peak(2_000)


def one_at_a_time(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "campaign", LEADS, campaign={"concurrency_limit": 1, "max_attempts": 1})


def test_a_recovery_that_places_calls_again_is_caught(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def place_again(engine: Engine) -> int:
        calls = table_of(Call)
        with engine.db.read() as connection:
            rows = connection.execute(select(calls).where(calls.c.state == "placing")).all()
        for row in rows:
            order = PlaceOrder(row.call_id, row.idempotency_key, row.to_number, row.from_number, row.trunk)
            await (await engine.transports["sandbox"].place(order)).hang_up()
        return await recover(engine)

    spec = RunSpec(one_at_a_time(tmp_path), tmp_path / "out", database_url)
    run_dying(spec, "INVITE sent, ringing not recorded")
    monkeypatch.setattr(web.composition, "recover", place_again)
    summary = run(spec.folder, spec.out, database_url)
    assert summary.audit["rang_twice"]["count"] == 1
    assert (summary.audit["clean"], summary.exit_code) == (False, 4)


def test_a_client_that_takes_a_new_key_for_a_retry_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = CoreClient.dialout

    async def under_a_new_key(self: CoreClient, bot_id: str, to: str, variables: dict[str, Any], attempt: str, **more: Any) -> Any:
        await original(self, bot_id, to, variables, attempt, **more)  # its answer is lost
        await self._clock.sleep(1800)  # the call is over: until then the number is on a call
        return await original(self, bot_id, to, variables, f"{attempt}-again", **more)

    monkeypatch.setattr(CoreClient, "dialout", under_a_new_key)
    summary = run(one_at_a_time(tmp_path), tmp_path / "out")
    assert summary.audit["unknown_to_us"]["count"] == len(LEADS)
    assert (summary.audit["clean"], summary.exit_code) == (False, 4)


def test_a_transport_that_only_says_that_it_dialled_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def elsewhere(self: SandboxTransport, order: PlaceOrder) -> Leg:
        log = tmp_path / "nobody-reads-this.jsonl"
        return SandboxNetwork(self.network._clock, self.network._ids, self.network.settings, log).place(order)

    monkeypatch.setattr(SandboxTransport, "place", elsewhere)
    summary = run(one_at_a_time(tmp_path), tmp_path / "out")
    assert summary.audit["unknown_to_them"]["count"] == len(LEADS)
    assert (summary.audit["clean"], summary.exit_code) == (False, 4)
    db = Database(f"sqlite:///{tmp_path}/out/dialler.db")
    assert audit(db, tmp_path / "out" / "network.jsonl").unknown_to_them.count == len(LEADS), "later, too"
    db.close()


def test_another_output_folder_is_no_reason_to_accuse_anybody(tmp_path: Path, database_url: str) -> None:
    spec = RunSpec(one_at_a_time(tmp_path), tmp_path / "first", database_url)
    run_dying(spec, "talking")  # its call is taken over by a process with another log
    (tmp_path / "second" / "data").mkdir(parents=True)
    shutil.copy(tmp_path / "first" / "data" / "encryption.key", tmp_path / "second" / "data")  # else its secrets are lost
    assert run(spec.folder, tmp_path / "second", database_url).audit["clean"]
    more = make_folder(spec.folder, [*LEADS, "+12025550121"], campaign={"max_attempts": 1})
    third = run(more, tmp_path / "first", database_url)
    assert third.audit["clean"]
    assert third.audit["rang"] == 2, "what the first log has of this database"


def test_another_database_on_the_same_output_folder(tmp_path: Path) -> None:
    folder, out = one_at_a_time(tmp_path), tmp_path / "out"
    for name in ("a", "b"):  # with the same seed, so their attempts have the same ids
        summary = run(folder, out, f"sqlite:///{tmp_path}/{name}.db")
        assert (summary.audit["rang"], summary.audit["clean"], summary.exit_code) == (len(LEADS), True, 0)


def test_another_campaign_on_the_same_database_and_folder(tmp_path: Path, database_url: str) -> None:
    for name in ("campaign", "other"):
        numbers = LEADS if name == "campaign" else ["+12025550121"]
        summary = run(make_folder(tmp_path / name, numbers, campaign={"max_attempts": 1}), tmp_path / "out", database_url)
        assert (summary.audit["clean"], summary.exit_code) == (True, 0)
    assert summary.audit["rang"] == len(LEADS) + 1


def test_calls_that_others_ask_for_over_the_api_are_records_too(tmp_path: Path, database_url: str) -> None:
    folder, out = one_at_a_time(tmp_path), tmp_path / "out"
    run(folder, out, database_url)

    async def dial() -> Audit:
        async with open_whole(settings_for(out, database_url)) as whole:
            with whole.db.write() as connection:
                keys = [create(connection, key_id=name, name=name, now=whole.clock.now()).key for name in ("one", "two")]
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=whole.app), base_url="http://core") as http:
                for number, (key, headers) in enumerate(product(keys, ({}, {"Idempotency-Key": "the same for both"}))):
                    order = {"bot_id": "reminder", "to_number": f"+9991{number:06d}07"}
                    answer = await http.post("/api/v1/sip/dialout", json=order, headers={"X-API-Key": key, **headers})
                    assert answer.status_code == 200, answer.text
            await whole.clock.sleep(60)
            return audit(whole.db, out / "network.jsonl")

    found = asyncio.run(dial())
    assert found.clean, found
    assert found.rang == len(LEADS) + 3


def test_a_call_that_nobody_asked_for_is_an_accusation_beside_those_over_the_api(tmp_path: Path, database_url: str) -> None:
    async def dial() -> Audit:
        async with open_whole(settings_for(tmp_path, database_url)) as whole:
            await whole.engine.transports["sandbox"].place(PlaceOrder("call", "nobody's", "+12025550107", None, "sandbox"))
            return audit(whole.db, tmp_path / "network.jsonl")

    assert asyncio.run(dial()).unknown_to_us.attempts == ("nobody's",)
