"""Results come twice, early, late, for nobody: each counts once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from core.kernel.database import Database
from core.kernel.ids import Ids
from dialler.campaigns.store import change_state
from dialler.leads.claims import Claim, claim, give_back
from dialler.leads.held import hold, resolve
from dialler.leads.placements import mark_placed
from dialler.leads.queue import close_waiting
from dialler.leads.results import Receipt, receive_result
from tests.conftest import START
from tests.support import CAMPAIGN, TOKEN, add_leads, attempt_rows, attempts, events_of_lead, lead_row, leads, make_campaign, result_of

NOW = START
LATER = NOW + timedelta(minutes=5)
REACHED = {
    "disconnected_by": "bot",
    "end_reason": "completed",
    "disposition": "PROMISE_TO_PAY",
    "sip_status": 200,
    "answered_at": NOW.isoformat(),
    "fault": None,
}
NEVER_RANG = {"disconnected_by": "error", "end_reason": "trunk_refused", "phone_rang": False, "fault": "trunk", "sip_status": 503}
HELD = {"disconnected_by": "error", "end_reason": "may_have_been_dialled", "may_have_been_dialled": True, "sip_status": None}


@pytest.fixture
def db(database: Database) -> Database:
    make_campaign(database, NOW, max_attempts=2)
    return database


@pytest.fixture
def lead(db: Database) -> int:
    (lead_id,) = add_leads(db, NOW, "+12025550101")
    return lead_id


def take(db: Database) -> Claim:
    with db.write() as connection:
        (taken,) = claim(connection, Ids(1), CAMPAIGN, TOKEN, 1, NOW)
    return taken


def placed(db: Database, taken: Claim) -> None:
    with db.write() as connection:
        mark_placed(connection, taken, TOKEN, f"call-of-{taken.attempt_id}", NOW)


def receive(db: Database, attempt_id: str, **more: Any) -> Receipt:
    with db.write() as connection:
        return receive_result(connection, Ids(1), result_of(attempt_id, **more), LATER)


def snapshot(db: Database, lead: int) -> tuple[Any, list[Any], list[str]]:
    return lead_row(db, lead), attempt_rows(db, lead), events_of_lead(db, lead)


def test_a_result_ends_the_attempt_and_moves_the_lead(db: Database, lead: int) -> None:
    taken = take(db)
    placed(db, taken)
    assert receive(db, taken.attempt_id, **REACHED) == Receipt("applied", CAMPAIGN)
    row, (attempt,) = lead_row(db, lead), attempt_rows(db, lead)
    assert (row.state, row.disposition, row.attempts, row.attempt_id, row.lease_token) == ("completed", "PROMISE_TO_PAY", 1, None, None)
    assert (attempt.state, attempt.charged, attempt.outcome, attempt.ended_at) == ("ended", True, "reached", LATER)
    assert events_of_lead(db, lead) == ["claimed", "placed", "completed"]


@pytest.mark.parametrize("times", [2, 5])
def test_a_repeated_result_changes_nothing(db: Database, lead: int, times: int) -> None:
    taken = take(db)
    placed(db, taken)
    receive(db, taken.attempt_id)
    before = snapshot(db, lead)
    for _ in range(times):
        assert receive(db, taken.attempt_id).status == "repeated"
    assert snapshot(db, lead) == before
    assert attempt_rows(db, lead)[0].result == result_of(taken.attempt_id)


def test_the_result_of_a_held_attempt_is_kept_and_moves_nothing(db: Database, lead: int) -> None:
    taken = take(db)
    with db.write() as connection:
        assert hold(connection, taken, TOKEN, "the core does not know it", NOW)
    before = snapshot(db, lead)
    assert receive(db, taken.attempt_id, **REACHED) == Receipt("repeated", CAMPAIGN)
    row, (attempt,), events = snapshot(db, lead)
    assert (row, events) == (before[0], before[2])
    assert attempt.result == result_of(taken.attempt_id, **REACHED)
    receive(db, taken.attempt_id)
    assert attempt_rows(db, lead)[0].result == attempt.result, "the first one stays"


def test_a_result_before_the_answer_of_the_dialout(db: Database, lead: int) -> None:
    taken = take(db)
    assert receive(db, taken.attempt_id).status == "applied"
    before = snapshot(db, lead)
    assert (before[0].state, before[0].attempts) == ("retry_scheduled", 1)
    placed(db, taken)  # the answer comes now
    assert snapshot(db, lead) == before
    assert attempt_rows(db, lead)[0].call_id == f"call-of-{taken.attempt_id}"


def test_a_result_after_the_lead_was_given_back(db: Database, lead: int) -> None:
    taken = take(db)
    with db.write() as connection:
        assert give_back(connection, taken, TOKEN, NOW, "the core had not received it", NOW, at_once=True)
    assert receive(db, taken.attempt_id, **REACHED).status == "applied"
    row = lead_row(db, lead)
    assert (row.state, row.queue, row.due_at, row.attempts) == ("completed", None, None, 1)
    with db.write() as connection:
        assert claim(connection, Ids(1), CAMPAIGN, TOKEN, 5, LATER) == []


def test_a_result_after_the_lead_was_claimed_again_under_the_same_attempt(db: Database, lead: int) -> None:
    taken = take(db)
    with db.write() as connection:
        give_back(connection, taken, TOKEN, NOW, "no answer", NOW, at_once=True)
    assert take(db).attempt_id == taken.attempt_id
    assert receive(db, taken.attempt_id, **REACHED).status == "applied"
    assert lead_row(db, lead).state == "completed"
    assert len(attempt_rows(db, lead)) == 1


def test_a_result_of_nobodys_attempt(db: Database, lead: int) -> None:
    taken = take(db)
    before = snapshot(db, lead)
    assert receive(db, "another system's call") == Receipt("unknown")
    assert receive(db, taken.attempt_id, session_id="x", idempotency_key=None) == Receipt("unknown")
    assert snapshot(db, lead) == before


def test_a_second_call_of_one_attempt_is_not_counted_twice(db: Database, lead: int, caplog: pytest.LogCaptureFixture) -> None:
    """It cannot be, but if it is: nothing moves by it, and it is logged; the core keeps its result."""
    taken = take(db)
    placed(db, taken)
    receive(db, taken.attempt_id)
    before = snapshot(db, lead)
    assert receive(db, taken.attempt_id, session_id="a second call", **REACHED).status == "repeated"
    assert snapshot(db, lead) == before
    assert "a second call" in caplog.text
    assert taken.attempt_id in caplog.text
    assert "2025550" not in caplog.text


def test_only_what_could_ring_is_charged(db: Database, lead: int) -> None:
    taken = take(db)
    placed(db, taken)
    receive(db, taken.attempt_id, **NEVER_RANG)
    row = lead_row(db, lead)
    assert (row.state, row.attempts, row.uncharged) == ("retry_scheduled", 0, 1)


@pytest.mark.parametrize("event", ["stop", "pause"])
def test_a_result_after_an_order(db: Database, lead: int, event: str) -> None:
    taken = take(db)
    placed(db, taken)
    with db.write() as connection:
        change_state(connection, CAMPAIGN, event, NOW)
        if event == "stop":
            assert close_waiting(connection, CAMPAIGN, "stopped", NOW) == 0
    receive(db, taken.attempt_id)
    assert lead_row(db, lead).state == ("stopped" if event == "stop" else "retry_scheduled")


def test_a_held_lead_stays_held_until_a_person_decides(db: Database, lead: int) -> None:
    taken = take(db)
    receive(db, taken.attempt_id, **HELD)
    row, (attempt,) = lead_row(db, lead), attempt_rows(db, lead)
    assert (row.state, row.attempt_id, row.attempts, attempt.state) == ("held", taken.attempt_id, 1, "held")
    before = snapshot(db, lead)
    receive(db, taken.attempt_id, **REACHED)  # the same call again
    placed(db, taken)
    assert snapshot(db, lead)[0] == before[0]
    with db.write() as connection:
        assert claim(connection, Ids(1), CAMPAIGN, TOKEN, 5, LATER) == []
        assert resolve(connection, lead, dialled=False, now=LATER) == "pending"
    again = take(db)
    assert again.attempt_id != taken.attempt_id
    assert lead_row(db, lead).attempts == 0


def test_a_late_owner_gives_nothing_back_that_is_not_its_own(db: Database, lead: int) -> None:
    taken = take(db)
    with db.write() as connection:
        connection.execute(update(leads).where(leads.c.id == lead).values(lease_token="the next owner"))
        before = connection.execute(select(attempts)).all()
        assert not give_back(connection, taken, TOKEN, NOW, "too late", NOW, at_once=True)
        assert connection.execute(select(attempts)).all() == before
    assert lead_row(db, lead).state == "claimed"
