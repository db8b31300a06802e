"""Claims: the order, the fences, and what cannot be claimed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from core.kernel.database import Database
from core.kernel.ids import Ids
from dialler.campaigns.store import change_state, read_campaign
from dialler.leads.claims import Claim, Undialled, claim, end_undialled, give_back, note_failed_dialout
from dialler.leads.held import hold
from dialler.leads.placements import mark_placed
from dialler.leads.progress import backlog
from dialler.leads.queue import close_waiting, promote_due
from tests.conftest import START
from tests.support import CAMPAIGN, TOKEN, add_leads, attempt_rows, events_of_lead, lead_row, leads, make_campaign

NOW = START


@pytest.fixture
def db(database: Database) -> Database:
    make_campaign(database, NOW)
    return database


def take(db: Database, limit: int, token: str = TOKEN, now: datetime = NOW) -> list[Claim]:
    with db.write() as connection:
        return claim(connection, Ids(1), CAMPAIGN, token, limit, now)


def test_callbacks_first_then_first_attempts_then_retries(db: Database) -> None:
    (retry,) = add_leads(db, NOW, "+12025550101", state="retry_scheduled")
    (first,) = add_leads(db, NOW, "+12025550102")
    (callback,) = add_leads(db, NOW, "+12025550103", state="callback_scheduled")
    assert [c.lead_id for c in take(db, 2)] == [callback, first]
    assert [c.lead_id for c in take(db, 2)] == [retry]
    assert take(db, 2) == []


def test_leads_of_one_queue_go_in_the_order_of_the_file(db: Database) -> None:
    ids = add_leads(db, NOW, *(f"+120255501{n:02d}" for n in range(10, 20)))
    assert [c.lead_id for c in take(db, 10)] == ids


def test_a_claim_writes_lead_attempt_and_history(db: Database) -> None:
    (lead,) = add_leads(db, NOW, "+12025550101")
    (taken,) = take(db, 1)
    row = lead_row(db, lead)
    (attempt,) = attempt_rows(db, lead)
    assert (row.state, row.queue, row.due_at, row.lease_token, row.attempt_id) == ("claimed", None, None, TOKEN, taken.attempt_id)
    assert (attempt.id, attempt.number, attempt.kind, attempt.state) == (taken.attempt_id, 1, "first", "placing")
    assert events_of_lead(db, lead) == ["claimed"]


@pytest.mark.parametrize("event", ["pause", "stop"])
def test_nothing_is_claimed_once_the_campaign_does_not_run(db: Database, event: str) -> None:
    add_leads(db, NOW, "+12025550101")
    with db.write() as connection:
        change_state(connection, CAMPAIGN, event, NOW)
    assert take(db, 5) == []


def test_only_the_owner_claims(db: Database) -> None:
    add_leads(db, NOW, "+12025550101")
    assert take(db, 5, token="somebody else") == []


def test_leads_that_are_not_due_are_not_in_the_claim_index_until_promoted(db: Database) -> None:
    due = NOW + timedelta(minutes=30)
    (lead,) = add_leads(db, NOW, "+12025550101", state="retry_scheduled", due_at=due, ready=False)
    assert take(db, 5) == []
    with db.write() as connection:
        assert promote_due(connection, CAMPAIGN, due - timedelta(seconds=1)) == 0
        assert backlog(connection, CAMPAIGN).next_due == due
        assert promote_due(connection, CAMPAIGN, due) == 1
    assert [c.lead_id for c in take(db, 5, now=due)] == [lead]


def test_a_refused_attempt_is_sent_again_under_its_own_id(db: Database) -> None:
    (lead,) = add_leads(db, NOW, "+12025550101")
    (taken,) = take(db, 1)
    with db.write() as connection:
        assert give_back(connection, taken, TOKEN, NOW, "no capacity", NOW, at_once=True)
    assert (lead_row(db, lead).state, lead_row(db, lead).lease_token) == ("pending", None)
    (again,) = take(db, 1)
    assert again.attempt_id == taken.attempt_id
    (attempt,) = attempt_rows(db, lead)
    assert (attempt.refusals, attempt.last_refusal, attempt.state) == (1, "no capacity", "placing")


def test_a_late_answer_changes_nothing(db: Database) -> None:
    (lead,) = add_leads(db, NOW, "+12025550101")
    (taken,) = take(db, 1)
    with db.write() as connection:
        connection.execute(update(leads).where(leads.c.id == lead).values(lease_token="the next owner"))
        mark_placed(connection, taken, TOKEN, "call-1", NOW)
    assert lead_row(db, lead).state == "claimed"
    with db.write() as connection:
        end_undialled(connection, taken, TOKEN, "number_suppressed", "said no", NOW)
    assert lead_row(db, lead).state == "claimed"


def test_giving_back_twice_changes_nothing_the_second_time(db: Database) -> None:
    add_leads(db, NOW, "+12025550101")
    (taken,) = take(db, 1)
    with db.write() as connection:
        assert give_back(connection, taken, TOKEN, NOW, "no", NOW, at_once=True)
        assert not give_back(connection, taken, TOKEN, NOW, "no", NOW, at_once=True)


def test_a_suppressed_number_ends_its_lead_uncharged(db: Database) -> None:
    (lead,) = add_leads(db, NOW, "+12025550101")
    (taken,) = take(db, 1)
    with db.write() as connection:
        end_undialled(connection, taken, TOKEN, "number_suppressed", "asked not to be called", NOW)
    row, (attempt,) = lead_row(db, lead), attempt_rows(db, lead)
    assert (row.state, row.disposition, row.attempts) == ("suppressed", "DO_NOT_CALL", 0)
    assert (attempt.state, attempt.charged) == ("ended", False)


def test_closing_ends_waiting_leads_only(db: Database) -> None:
    busy, waiting = add_leads(db, NOW, "+12025550101", "+12025550102")
    take(db, 1)
    with db.write() as connection:
        assert close_waiting(connection, CAMPAIGN, "stopped", NOW) == 1
    assert (lead_row(db, busy).state, lead_row(db, waiting).state) == ("claimed", "stopped")
    assert events_of_lead(db, waiting) == ["stopped"]


def test_nothing_is_claimed_while_calls_are_being_ended(db: Database) -> None:
    add_leads(db, NOW, "+12025550101")
    with db.write() as connection:
        change_state(connection, CAMPAIGN, "pause", NOW, end_calls=True)
        change_state(connection, CAMPAIGN, "resume", NOW)
    assert take(db, 5) == []


def test_an_order_to_end_calls_is_not_taken_back_by_the_next_order(db: Database) -> None:
    def ordered() -> bool:
        with db.read() as connection:
            return bool(read_campaign(connection, CAMPAIGN).end_calls)

    with db.write() as connection:
        change_state(connection, CAMPAIGN, "pause", NOW, end_calls=True)
    for event in ("pause", "resume", "start", "stop", "stop"):
        with db.write() as connection:
            change_state(connection, CAMPAIGN, event, NOW)
        assert ordered(), event
    with db.write() as connection:
        change_state(connection, CAMPAIGN, "drained", NOW)
    assert not ordered()


@pytest.mark.parametrize(
    ("cause", "state", "disposition"),
    [
        ("number_suppressed", "suppressed", "DO_NOT_CALL"),
        ("number_refused", "undialable", "INVALID_NUMBER"),
        ("lead_refused", "undialable", "ERROR"),
        ("not_received", "exhausted", "ERROR"),
    ],
)
def test_a_lead_that_can_never_be_dialled_ends_with_the_reason(db: Database, cause: Undialled, state: str, disposition: str) -> None:
    (lead,) = add_leads(db, NOW, "+12025550101")
    (taken,) = take(db, 1)
    with db.write() as connection:
        for _ in range(2):
            note_failed_dialout(connection, taken, TOKEN, "the core answered 500")
        assert end_undialled(connection, taken, TOKEN, cause, "because", NOW)
        assert not end_undialled(connection, taken, TOKEN, cause, "because", NOW)
    row, (attempt,) = lead_row(db, lead), attempt_rows(db, lead)
    assert (row.state, row.disposition, row.outcome, row.note) == (state, disposition, cause, "because")
    assert (row.attempts, row.uncharged, row.attempt_id, row.lease_token) == (0, 2, None, None)
    assert (attempt.state, attempt.charged, attempt.outcome, attempt.failed_dialouts) == ("ended", False, cause, 2)
    assert events_of_lead(db, lead) == ["claimed", cause]


def test_a_lead_that_is_given_back_to_a_stopped_campaign_is_stopped(db: Database) -> None:
    (lead,) = add_leads(db, NOW, "+12025550101")
    (taken,) = take(db, 1)
    with db.write() as connection:
        change_state(connection, CAMPAIGN, "stop", NOW)
        close_waiting(connection, CAMPAIGN, "stopped", NOW)
    with db.write() as connection:
        assert give_back(connection, taken, TOKEN, NOW, "no capacity", NOW, at_once=True)
    row, (attempt,) = lead_row(db, lead), attempt_rows(db, lead)
    assert (row.state, row.queue, row.due_at, row.attempt_id) == ("stopped", None, None, None)
    assert (attempt.state, attempt.charged, attempt.outcome) == ("ended", False, "stopped")
    assert events_of_lead(db, lead) == ["claimed", "stopped"]


@pytest.mark.parametrize(("event", "more"), [(None, True), ("pause", False), ("stop", False)])
def test_an_answer_says_whether_more_may_be_dialled(db: Database, event: str | None, more: bool) -> None:
    add_leads(db, NOW, "+12025550101")
    (taken,) = take(db, 1)
    with db.write() as connection:
        if event:
            change_state(connection, CAMPAIGN, event, NOW)
        assert mark_placed(connection, taken, TOKEN, "call-1", NOW) is more


LATE = {
    "placed": lambda connection, taken: mark_placed(connection, taken, TOKEN, "call-1", NOW),
    "given back": lambda connection, taken: give_back(connection, taken, TOKEN, NOW, "no", NOW, at_once=True),
    "refused": lambda connection, taken: end_undialled(connection, taken, TOKEN, "number_refused", "no", NOW),
    "failed": lambda connection, taken: note_failed_dialout(connection, taken, TOKEN, "no"),
    "held": lambda connection, taken: hold(connection, taken, TOKEN, "who knows", NOW),
}


@pytest.mark.parametrize("moved_on", ["another owner", "another attempt"])
@pytest.mark.parametrize("write", LATE.values(), ids=LATE)
def test_who_comes_late_changes_nothing_and_is_logged(
    db: Database, caplog: pytest.LogCaptureFixture, write: Callable[..., object], moved_on: str
) -> None:
    (lead,) = add_leads(db, NOW, "+12025550101")
    (taken,) = take(db, 1)
    values = {"lease_token": "the next owner"} if moved_on == "another owner" else {"attempt_id": "the next attempt"}
    with db.write() as connection:
        connection.execute(update(leads).where(leads.c.id == lead).values(**values))
    before = lead_row(db, lead), attempt_rows(db, lead), events_of_lead(db, lead)
    with caplog.at_level(logging.WARNING), db.write() as connection:
        write(connection, taken)
    assert (lead_row(db, lead), attempt_rows(db, lead), events_of_lead(db, lead)) == before
    assert taken.attempt_id in caplog.text
    assert "too late" in caplog.text
    assert "2025550101" not in caplog.text


def test_leads_that_become_due_at_once_come_in_parts_the_longest_due_first(db: Database) -> None:
    later = [
        add_leads(db, NOW, f"+120255501{n}", state="retry_scheduled", due_at=NOW - timedelta(minutes=n), ready=False)[0]
        for n in range(10, 15)
    ]
    with db.write() as connection:
        assert [promote_due(connection, CAMPAIGN, NOW, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert [c.lead_id for c in take(db, 9)] == later[::-1]
    add_leads(db, NOW, "+12025550120", "+12025550121", state="retry_scheduled", due_at=NOW - timedelta(minutes=9), ready=False)
    (longest,) = add_leads(db, NOW, "+12025550122", state="retry_scheduled", due_at=NOW - timedelta(minutes=10), ready=False)
    with db.write() as connection:
        promote_due(connection, CAMPAIGN, NOW, limit=1)
    assert [c.lead_id for c in take(db, 9)] == [longest]
