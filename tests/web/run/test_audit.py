"""The callees' own log accuses a dialler that dials twice, or that says what is not true."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

import web.composition
from core.calls.recovery import recover
from core.calls.tables import Call
from core.engine import Engine
from core.transports.base import Leg, PlaceOrder
from core.transports.sandbox import SandboxNetwork, SandboxTransport
from dialler.core_client import CoreClient
from tests.web.run.driver import RunSpec, run_dying
from tests.web.run.folders import make_folder, run
from web.run.audit import compare

LEADS = ["+12025550100", "+12025550109", "+12025550101"]
ids = st.lists(st.sampled_from("abcdefgh"), max_size=12)


@given(seen=ids, placed=ids, others=ids)
def test_compare_finds_exactly_what_differs(seen: list[str], placed: list[str], others: list[str]) -> None:
    found = compare(seen, placed, placed + others)
    assert found.rang == len(set(seen))
    assert found.rang_twice == tuple(sorted(one for one, times in Counter(seen).items() if times > 1))
    assert set(found.unknown_to_us) == set(seen) - set(placed) - set(others)
    assert set(found.unknown_to_them) == set(placed) - set(seen)
    assert found.clean == (len(seen) == len(set(seen)) and set(placed) <= set(seen) <= set(placed) | set(others))


def one_at_a_time(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "campaign", LEADS, campaign={"concurrency_limit": 1, "max_attempts": 1})


def test_a_recovery_that_places_calls_again_is_caught(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def place_again(engine: Engine) -> int:
        calls = Call.__table__  # type: ignore[attr-defined]
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
    assert len(summary.audit["rang_twice"]) == 1
    assert not summary.audit["clean"]


def test_a_client_that_takes_a_new_key_for_a_retry_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = CoreClient.dialout

    async def under_a_new_key(self: CoreClient, bot_id: str, to: str, variables: dict[str, Any], attempt: str) -> Any:
        await original(self, bot_id, to, variables, attempt)  # its answer is lost
        return await original(self, bot_id, to, variables, f"{attempt}-again")

    monkeypatch.setattr(CoreClient, "dialout", under_a_new_key)
    summary = run(one_at_a_time(tmp_path), tmp_path / "out")
    assert len(summary.audit["unknown_to_us"]) == len(LEADS)
    assert not summary.audit["clean"]


def test_a_transport_that_only_says_that_it_dialled_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def elsewhere(self: SandboxTransport, order: PlaceOrder) -> Leg:
        log = tmp_path / "nobody-reads-this.jsonl"
        return SandboxNetwork(self.network._clock, self.network._ids, self.network.settings, log).place(order)

    monkeypatch.setattr(SandboxTransport, "place", elsewhere)
    summary = run(one_at_a_time(tmp_path), tmp_path / "out")
    assert len(summary.audit["unknown_to_them"]) == len(LEADS)
    assert not summary.audit["clean"]
