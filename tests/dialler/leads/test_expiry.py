"""Leads whose time is over: they end as `expired`, whether they wait or would be called again; who is being dialled is left alone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.virtual_clock import VirtualClock
from dialler.leads.claims import claim, give_back
from dialler.leads.placements import mark_placed
from dialler.leads.progress import backlog, progress
from dialler.leads.queue import expire_due
from dialler.leads.results import receive_result
from dialler.policy.outcomes import Outcome
from dialler.policy.retry import Decision, within
from tests.conftest import START
from tests.dialler.scheduler.fake_core import FakeCore
from tests.dialler.scheduler.stage import InVirtualTime, Stage
from tests.statements import each_statement
from tests.support import CAMPAIGN, TOKEN, add_leads, attempt_rows, events_of_lead, lead_row, leads, make_campaign, result_of

NUMBERS = [f"+120255501{number}" for number in range(10, 20)]
HOUR = timedelta(hours=1)


def end_at(db: Database, ids: list[int], at: datetime) -> None:
    with db.write() as connection:
        connection.execute(update(leads).where(leads.c.id.in_(ids)).values(expires_at=at))


def test_waiting_leads_end_in_bulk_and_others_stay(database: Database) -> None:
    make_campaign(database, START)
    ready = add_leads(database, START, *NUMBERS[:4])
    later = add_leads(database, START, NUMBERS[4], state="retry_scheduled", due_at=START + 9 * HOUR, ready=False)
    free = add_leads(database, START, NUMBERS[5])
    end_at(database, [*ready, *later], START + HOUR)
    with database.write() as connection:
        assert backlog(connection, CAMPAIGN).next_expiry == START + HOUR
        assert expire_due(connection, CAMPAIGN, START) == 0
        statements: list[str] = []
    with each_statement(database, lambda sql, _: statements.append(sql)), database.write() as connection:
        assert expire_due(connection, CAMPAIGN, START + HOUR, limit=3) == 3
    assert len([sql for sql in statements if sql.startswith(("SELECT", "INSERT", "UPDATE"))]) == 5  # however many leads
    with database.write() as connection:
        assert expire_due(connection, CAMPAIGN, START + HOUR) == 2
        assert backlog(connection, CAMPAIGN).next_expiry is None
        counts = progress(connection, CAMPAIGN)
    assert (counts.by_state, counts.done) == ({"expired": 5, "pending": 1}, 5)
    row = lead_row(database, later[0])
    assert (row.state, row.due_at, row.queue) == ("expired", None, None)
    assert "over" in row.note
    assert events_of_lead(database, later[0]) == ["expired"]
    assert lead_row(database, free[0]).state == "pending"


def test_nobody_is_claimed_after_their_time(database: Database) -> None:
    make_campaign(database, START)
    over, _ = add_leads(database, START, *NUMBERS[:2])
    end_at(database, [over], START)
    with database.write() as connection:
        assert [taken.phone for taken in claim(connection, Ids(1), CAMPAIGN, TOKEN, 5, START)] == [NUMBERS[1]]


def test_a_lead_that_is_being_dialled_is_not_cut_off(database: Database) -> None:
    make_campaign(database, START)
    (lead,) = add_leads(database, START, NUMBERS[0])
    end_at(database, [lead], START + HOUR)
    with database.write() as connection:
        (taken,) = claim(connection, Ids(1), CAMPAIGN, TOKEN, 1, START)
        mark_placed(connection, taken, TOKEN, "call", START)
        assert expire_due(connection, CAMPAIGN, START + 2 * HOUR) == 0
    assert lead_row(database, lead).state == "dialling"
    with database.write() as connection:  # nobody answered: there is no other time to try
        receive_result(connection, Ids(1), result_of(taken.attempt_id, session_id="call"), START + 2 * HOUR)
    row = lead_row(database, lead)
    assert (row.state, row.outcome, row.attempts) == ("expired", "no_answer", 1)
    assert row.note == "another attempt would come after its time is over"


def test_a_refused_attempt_ends_with_its_lead(database: Database) -> None:
    make_campaign(database, START)
    (lead,) = add_leads(database, START, NUMBERS[0])
    end_at(database, [lead], START + HOUR)
    with database.write() as connection:
        (taken,) = claim(connection, Ids(1), CAMPAIGN, TOKEN, 1, START)
        give_back(connection, taken, TOKEN, START + 2 * HOUR, "closed", START, at_once=False)
        assert expire_due(connection, CAMPAIGN, START + HOUR) == 1
    (attempt,) = attempt_rows(database, lead)
    assert (attempt.state, attempt.charged, attempt.outcome) == ("ended", False, "expired")


@pytest.mark.parametrize(("due", "state"), [(None, "completed"), (START, "retry_scheduled"), (START + HOUR, "expired")])
def test_what_would_come_too_late_is_not_waited_for(due: datetime | None, state: str) -> None:
    decision = Decision(Outcome.NO_ANSWER, "completed" if due is None else "retry_scheduled", due, "retry_scheduled")
    assert within(decision, START + HOUR).state == state
    assert within(decision, None) is decision


def test_the_campaign_ends_when_the_last_time_is_over(database: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        stage = Stage(database, clock, FakeCore(), leads=3, calls_per_second=0.0001)
        end_at(database, stage.leads, START + HOUR / 2)
        await stage.until_dialled(1)
        stage.finish(0, disconnected_by="bot", sip_status=200)
        assert await stage.ended() == "completed"
        assert stage.states() == ["completed", "expired", "expired"]
        assert clock.now() == START + HOUR / 2

    in_virtual_time(scene)
