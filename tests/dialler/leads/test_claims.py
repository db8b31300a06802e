"""Claims: the order, the fences, and what cannot be claimed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from core.kernel.database import Database
from core.kernel.ids import Ids
from dialler.campaigns.store import change_state
from dialler.leads.claims import Claim, claim, end_undialled, give_back, mark_placed
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
