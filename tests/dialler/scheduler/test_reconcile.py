"""Attempts whose fate is not known are settled by asking the core, under their own id."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from core.kernel.clock import Clock, RealClock
from core.kernel.database import Database
from core.kernel.ids import Ids
from dialler.core_client import CoreUnreachable
from dialler.leads.claims import Claim, claim
from dialler.leads.held import resolve
from dialler.leads.results import receive_result
from dialler.scheduler.dispatch import Batch, Dialouts
from dialler.scheduler.parts import Parts
from dialler.scheduler.reconcile import reconcile, stale_after
from tests.conftest import START
from tests.dialler.scheduler.fake_core import FakeCore
from tests.support import CAMPAIGN, TOKEN, add_leads, attempt_rows, lead_row, leads, make_campaign

NOW = START


class StillClock(RealClock):
    """Shows one moment."""

    def now(self) -> Any:
        return NOW


CLOCK: Clock = StillClock()


@pytest.fixture
def db(database: Database) -> Database:
    make_campaign(database, NOW, max_attempts=2)
    return database


def take(db: Database, limit: int = 1, token: str = TOKEN) -> list[Claim]:
    with db.write() as connection:
        return claim(connection, Ids(1), CAMPAIGN, token, limit, NOW)


def send(db: Database, core: FakeCore, claims: list[Claim]) -> Any:
    async def sending() -> Batch | None:
        dialouts = Dialouts(Parts(db, CLOCK, Ids(1), core.client(CLOCK)), TOKEN, CLOCK.signal())
        dialouts.send("bot", claims, tell=False)
        await dialouts.settled()
        return dialouts.collect()

    return asyncio.run(sending())


def settle(db: Database, core: FakeCore, **more: Any) -> int:
    return asyncio.run(reconcile(db, CLOCK, Ids(1), core.client(CLOCK), CAMPAIGN, **more))


def lost() -> httpx.Response:
    raise httpx.ReadTimeout("the answer was lost")


def broken() -> httpx.Response:
    return httpx.Response(500, text="oops")


@pytest.mark.parametrize("answer", [lost, broken])
def test_a_lost_answer_the_call_goes_on(db: Database, answer: Callable[[], httpx.Response]) -> None:
    (lead,) = add_leads(db, NOW, "+12025550101")
    core = FakeCore(answers=[answer])
    (taken,) = take(db)
    batch = send(db, core, [taken])
    assert (batch.placed, batch.failure is None) == (0, False)
    assert (lead_row(db, lead).state, attempt_rows(db, lead)[0].state) == ("claimed", "placing")
    settle(db, core)
    row, (attempt,) = lead_row(db, lead), attempt_rows(db, lead)
    assert (row.state, attempt.state, attempt.call_id) == ("dialling", "placed", core.calls[taken.attempt_id]["call_id"])
    assert core.dialouts == [taken.attempt_id]


def test_a_lost_answer_of_a_call_that_is_over(db: Database) -> None:
    (lead,) = add_leads(db, NOW, "+12025550101")
    core = FakeCore(answers=[lost])
    (taken,) = take(db)
    send(db, core, [taken])
    core.end(taken.attempt_id)
    assert settle(db, core) == 1
    assert (lead_row(db, lead).state, lead_row(db, lead).attempts) == ("retry_scheduled", 1)
    assert settle(db, core) == 0


def test_a_dialout_that_never_arrived_is_sent_again_under_its_own_id(db: Database) -> None:
    (lead,) = add_leads(db, NOW, "+12025550101")
    core = FakeCore(refusals=[lost])
    (taken,) = take(db)
    send(db, core, [taken])
    assert settle(db, core) == 1
    assert (lead_row(db, lead).state, attempt_rows(db, lead)[0].state) == ("pending", "created")
    (again,) = take(db)
    assert send(db, core, [again]) == Batch(1)
    assert core.dialouts == [taken.attempt_id] * 2
    assert list(core.calls) == [taken.attempt_id]


def test_after_a_lost_answer_the_rest_of_the_batch_goes_back(db: Database) -> None:
    first, second = add_leads(db, NOW, "+12025550101", "+12025550102")
    core = FakeCore(answers=[lost])
    claims = take(db, 2)
    send(db, core, claims)
    assert (lead_row(db, first).state, lead_row(db, second).state) == ("claimed", "pending")
    assert core.dialouts == [claims[0].attempt_id]


def test_a_result_that_never_came_is_fetched(db: Database) -> None:
    (lead,) = add_leads(db, NOW, "+12025550101")
    core = FakeCore()
    (taken,) = take(db)
    send(db, core, [taken])
    core.end(taken.attempt_id, disconnected_by="rejected", end_reason="busy", disposition="BUSY")
    assert settle(db, core, sent_before=NOW - stale_after(600)) == 0  # it may still come by itself
    assert lead_row(db, lead).state == "dialling"
    assert settle(db, core, sent_before=NOW) == 1
    assert (lead_row(db, lead).state, attempt_rows(db, lead)[0].outcome) == ("retry_scheduled", "rejected")


def test_a_result_that_comes_after_it_was_fetched_counts_once(db: Database) -> None:
    (lead,) = add_leads(db, NOW, "+12025550101")
    core = FakeCore()
    (taken,) = take(db)
    send(db, core, [taken])
    result = core.end(taken.attempt_id)
    settle(db, core)
    before = lead_row(db, lead)
    with db.write() as connection:
        assert receive_result(connection, Ids(1), result, NOW).status == "repeated"
    assert lead_row(db, lead) == before


def test_a_result_that_comes_while_the_core_is_asked_counts_once(db: Database) -> None:
    (lead,) = add_leads(db, NOW, "+12025550101")
    core = FakeCore()
    (taken,) = take(db)
    send(db, core, [taken])
    result = core.end(taken.attempt_id)
    client = core.client(CLOCK)
    original = client.call

    async def slowly(call_id: str) -> Any:
        answer = await original(call_id)
        with db.write() as connection:
            receive_result(connection, Ids(1), result, NOW)
        return answer

    client.call = slowly  # type: ignore[method-assign]
    assert asyncio.run(reconcile(db, CLOCK, Ids(1), client, CAMPAIGN)) == 0
    assert lead_row(db, lead).attempts == 1


def test_what_the_next_owner_has_claimed_is_not_given_back_by_the_last_one(db: Database) -> None:
    (lead,) = add_leads(db, NOW, "+12025550101")
    core = FakeCore()
    take(db)
    client = core.client(CLOCK)

    async def slowly(attempt_id: str) -> None:
        with db.write() as connection:  # meanwhile another process took the campaign over, and claimed the same attempt
            connection.execute(update(leads).where(leads.c.id == lead).values(lease_token="the next owner"))

    client.call_of_attempt = slowly  # type: ignore[method-assign]
    assert asyncio.run(reconcile(db, CLOCK, Ids(1), client, CAMPAIGN)) == 0
    assert (lead_row(db, lead).state, lead_row(db, lead).lease_token) == ("claimed", "the next owner")


def test_a_core_that_does_not_answer_leaves_everything_as_it_is(db: Database) -> None:
    (lead,) = add_leads(db, NOW, "+12025550101")
    core = FakeCore(answers=[lost])
    send(db, core, take(db))
    core.down = True
    with pytest.raises(CoreUnreachable):
        settle(db, core)
    assert lead_row(db, lead).state == "claimed"


def test_attempts_are_settled_whatever_the_clock_shows(db: Database) -> None:
    """The process that died may have had a clock that was ahead."""
    (lead,) = add_leads(db, NOW, "+12025550101")
    with db.write() as connection:
        claim(connection, Ids(1), CAMPAIGN, TOKEN, 1, NOW + timedelta(hours=3))
    assert settle(db, FakeCore()) == 1
    assert lead_row(db, lead).state == "pending"


def test_a_placed_call_that_the_core_has_forgotten_is_held_not_dialled_again(db: Database) -> None:
    (lead,) = add_leads(db, NOW, "+12025550101")
    core = FakeCore()
    (taken,) = take(db)
    send(db, core, [taken])
    assert settle(db, FakeCore()) == 1  # another API key, or another database
    row, (attempt,) = lead_row(db, lead), attempt_rows(db, lead)
    assert (row.state, row.attempt_id, row.attempts, attempt.state, attempt.charged) == ("held", taken.attempt_id, 1, "held", True)
    with db.write() as connection:
        assert resolve(connection, lead, dialled=False, now=NOW) == "pending"
    assert (lead_row(db, lead).attempts, lead_row(db, lead).uncharged) == (0, 1)
