"""The order of locks: campaign, then lead, then attempt. Whoever writes to a lead waits for its campaign first, and holds nothing yet.

On PostgreSQL alone: SQLite has one writer at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from core.kernel.database import Database
from core.kernel.ids import Ids
from dialler.campaigns.store import change_state, lock_campaign
from dialler.leads.claims import Claim, claim, end_undialled, give_back, note_failed_dialout
from dialler.leads.held import hold, resolve
from dialler.leads.placements import mark_placed
from dialler.leads.queue import close_waiting, promote_due
from dialler.leads.results import receive_result
from tests.conftest import START
from tests.support import CAMPAIGN, TOKEN, add_leads, attempt_rows, attempts, lead_row, leads, make_campaign, result_of

NOW = START
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

Write = Callable[[Connection, Claim], Any]
WRITES: dict[str, Write] = {
    "claim": lambda connection, _: claim(connection, Ids(1), CAMPAIGN, TOKEN, 5, NOW),
    "mark_placed": lambda connection, taken: mark_placed(connection, taken, TOKEN, "call", NOW),
    "give_back": lambda connection, taken: give_back(connection, taken, TOKEN, NOW, "no", NOW, at_once=True),
    "end_undialled": lambda connection, taken: end_undialled(connection, taken, TOKEN, "number_refused", "no", NOW),
    "note_failed_dialout": lambda connection, taken: note_failed_dialout(connection, taken, TOKEN, "no"),
    "hold": lambda connection, taken: hold(connection, taken, TOKEN, "who knows", NOW),
    "receive_result": lambda connection, taken: receive_result(connection, Ids(1), result_of(taken.attempt_id), NOW),
    "promote_due": lambda connection, _: promote_due(connection, CAMPAIGN, NOW),
    "close_waiting": lambda connection, _: close_waiting(connection, CAMPAIGN, "stopped", NOW),
    "change_state": lambda connection, _: change_state(connection, CAMPAIGN, "pause", NOW),
}


@pytest.fixture
def db(database: Database) -> Database:
    make_campaign(database, NOW)
    add_leads(database, NOW, "+12025550101", "+12025550102")
    add_leads(database, NOW, "+12025550103", state="retry_scheduled", ready=False)
    return database


def take(db: Database) -> Claim:
    with db.write() as connection:
        (taken,) = claim(connection, Ids(1), CAMPAIGN, TOKEN, 1, NOW)
    return taken


def until_waiting(connection: Connection, thread: threading.Thread) -> None:
    """Until some other connection to this database waits for a lock; fails if the thread has ended."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()"
    )
    while not connection.execute(waiting).scalar_one():
        assert thread.is_alive(), "it did not wait for the campaign"
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))


@ON_POSTGRESQL
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_every_writer_waits_for_the_campaign_before_it_locks_anything_else(db: Database, write: Write) -> None:
    taken = take(db)
    other = Database(db.url)

    def run() -> None:
        with other.write() as connection:
            write(connection, taken)

    thread = threading.Thread(target=run)
    try:
        with db.write() as connection:
            lock_campaign(connection, CAMPAIGN, alone=True)
            thread.start()
            until_waiting(connection, thread)
            # were one of these locked, this would raise
            assert len(connection.execute(select(leads.c.id).with_for_update(nowait=True)).all()) == 3
            assert len(connection.execute(select(attempts.c.id).with_for_update(nowait=True)).all()) == 1
        thread.join(30)
        assert not thread.is_alive()
    finally:
        other.close()


@ON_POSTGRESQL
def test_a_claim_that_waited_for_a_pause_takes_nothing(db: Database) -> None:
    other, taken = Database(db.url), []

    def run() -> None:
        with other.write() as connection:
            taken.extend(claim(connection, Ids(1), CAMPAIGN, TOKEN, 5, NOW))

    thread = threading.Thread(target=run)
    try:
        with db.write() as connection:
            change_state(connection, CAMPAIGN, "pause", NOW)
            thread.start()
            until_waiting(connection, thread)
        thread.join(30)
        assert taken == []
    finally:
        other.close()


@ON_POSTGRESQL
def test_a_lead_that_is_given_back_while_the_campaign_is_stopped_is_stopped_with_it(db: Database) -> None:
    taken = take(db)
    other = Database(db.url)

    def run() -> None:
        with other.write() as connection:
            give_back(connection, taken, TOKEN, NOW, "no capacity", NOW, at_once=True)

    thread = threading.Thread(target=run)
    try:
        with db.write() as connection:
            change_state(connection, CAMPAIGN, "stop", NOW)
            close_waiting(connection, CAMPAIGN, "stopped", NOW)
            thread.start()
            until_waiting(connection, thread)
        thread.join(30)
        assert (lead_row(db, taken.lead_id).state, attempt_rows(db, taken.lead_id)[0].state) == ("stopped", "ended")
    finally:
        other.close()


@ON_POSTGRESQL
def test_resolving_a_held_lead_keeps_the_order(db: Database) -> None:
    taken = take(db)
    with db.write() as connection:
        hold(connection, taken, TOKEN, "who knows", NOW)
    other = Database(db.url)

    def run() -> None:
        with other.write() as connection:
            resolve(connection, taken.lead_id, dialled=False, now=NOW)

    thread = threading.Thread(target=run)
    try:
        with db.write() as connection:
            lock_campaign(connection, CAMPAIGN, alone=True)
            thread.start()
            until_waiting(connection, thread)
            connection.execute(select(leads.c.id).with_for_update(nowait=True)).all()
        thread.join(30)
        assert lead_row(db, taken.lead_id).state == "pending"
    finally:
        other.close()
