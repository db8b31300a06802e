"""Every statement of the dialler's hot paths finds its rows by an index: none reads all leads or all attempts.

The statements are not listed here: they are taken down while the paths are walked, and the database is asked how it runs each.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from psycopg import ClientCursor
from sqlalchemy import text

from core.kernel.clock import RealClock
from core.kernel.database import Database
from core.kernel.ids import Ids
from dialler.campaigns.store import change_state
from dialler.leads.claims import Claim, claim, end_undialled, give_back, note_failed_dialout
from dialler.leads.held import hold, resolve
from dialler.leads.placements import mark_placed
from dialler.leads.progress import backlog, campaign_and_backlog
from dialler.leads.queue import close_waiting, promote_due
from dialler.leads.results import receive_result
from dialler.scheduler.control import end_calls
from dialler.scheduler.parts import Parts
from dialler.scheduler.reconcile import reconcile
from tests.conftest import START
from tests.dialler.scheduler.fake_core import FakeCore
from tests.statements import each_statement
from tests.support import CAMPAIGN, TOKEN, add_leads, make_campaign, result_of

NOW = START
BIG = ("leads", "attempts", "lead_history")
SCANS = {
    "sqlite": re.compile(rf"\bSCAN ({'|'.join(BIG)})\b"),
    "postgresql": re.compile(rf"\bSeq Scan on ({'|'.join(BIG)})\b"),
}
Statement = tuple[str, Any]


@pytest.fixture
def db(database: Database) -> Database:
    make_campaign(database, NOW)
    add_leads(database, NOW, *(f"+120255501{n}" for n in range(10, 20)))
    add_leads(database, NOW, *(f"+120255501{n}" for n in range(20, 25)), state="retry_scheduled", ready=False)
    return database


@contextmanager
def taken_down(db: Database) -> Iterator[list[Statement]]:
    """The statements that are run in the block, with their parameters."""
    found: list[Statement] = []

    def note(statement: str, parameters: Any) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            found.append((statement, tuple(parameters) if isinstance(parameters, list) else parameters))

    with each_statement(db, note):
        yield found


def plan_of(db: Database, statement: Statement) -> str:
    """How the database runs it."""
    sql, parameters = statement
    with db.read() as connection:
        if db.is_postgresql:  # few rows are read faster without an index; were there many, this is how they would be found
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            with ClientCursor(connection.connection.driver_connection) as cursor:  # type: ignore[arg-type]
                return "\n".join(row[0] for row in cursor.execute(f"EXPLAIN {sql}", parameters))
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
        return "\n".join(str(row[3]) for row in rows)


def walk(db: Database) -> None:
    """Everything that a dispatcher does to leads, over and over."""
    core, clock, ids = FakeCore(), RealClock(), Ids(1)
    client = core.client(clock)

    def take() -> Claim:
        with db.write() as connection:
            (taken,) = claim(connection, ids, CAMPAIGN, TOKEN, 1, NOW)
        return taken

    with db.write() as connection:
        assert promote_due(connection, CAMPAIGN, NOW) == 5
        backlog(connection, CAMPAIGN)
        campaign_and_backlog(connection, CAMPAIGN)
    taken = take()
    with db.write() as connection:
        note_failed_dialout(connection, taken, TOKEN, "no")
        assert give_back(connection, taken, TOKEN, NOW - timedelta(1), "no", NOW, at_once=True)
    taken = take()
    with db.write() as connection:
        assert mark_placed(connection, taken, TOKEN, "call", NOW)
        assert receive_result(connection, ids, result_of(taken.attempt_id), NOW).status == "applied"
        receive_result(connection, ids, result_of(taken.attempt_id, session_id="another"), NOW)
    taken = take()
    analysis = {"callback_requested": True}
    with db.write() as connection:
        assert receive_result(connection, ids, result_of(taken.attempt_id, post_call_analysis=analysis), NOW).status == "applied"
        mark_placed(connection, taken, TOKEN, "call", NOW)  # too late
    taken = take()
    with db.write() as connection:
        assert end_undialled(connection, taken, TOKEN, "number_refused", "no", NOW)
    taken = take()
    with db.write() as connection:
        assert hold(connection, taken, TOKEN, "who knows", NOW)
        resolve(connection, taken.lead_id, dialled=False, now=NOW)
    taken = take()
    for more in ({}, {"sent_before": NOW}, {"unanswered": True}):
        asyncio.run(reconcile(db, clock, ids, client, CAMPAIGN, **more))
    asyncio.run(end_calls(Parts(db, clock, ids, client), CAMPAIGN))
    with db.write() as connection:
        change_state(connection, CAMPAIGN, "stop", NOW)
        assert close_waiting(connection, CAMPAIGN, "stopped", NOW)


def test_no_hot_statement_reads_a_whole_table(db: Database) -> None:
    with taken_down(db) as statements:
        walk(db)
    different = list(dict(statements).items())
    assert len(different) > 20
    scans = SCANS["postgresql" if db.is_postgresql else "sqlite"]
    plans = [(statement[0], plan_of(db, statement)) for statement in different]
    assert [pair for pair in plans if scans.search(pair[1])] == []
    open_attempts = [plan for sql, plan in plans if "attempts.state <> 'ended'" in sql]
    assert len(open_attempts) >= 5
    assert [plan for plan in open_attempts if "attempts_open" not in plan] == []


def test_a_scan_would_be_seen(db: Database) -> None:
    scan = SCANS["postgresql" if db.is_postgresql else "sqlite"]
    assert scan.search(plan_of(db, ("SELECT id FROM leads WHERE note = 'x'", {} if db.is_postgresql else ())))
    assert scan.search(plan_of(db, ("SELECT id FROM attempts WHERE last_refusal = 'x'", {} if db.is_postgresql else ())))
