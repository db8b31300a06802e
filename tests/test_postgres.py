"""The database that tests use one after another is like a new one each time."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests import postgres


@pytest.fixture
def emptied(postgres_template: str) -> Iterator[postgres.Emptied]:
    emptied = postgres.Emptied(postgres_template)
    yield emptied
    emptied.drop()


def after(emptied: postgres.Emptied, *statements: str) -> tuple[str, str]:
    """The URL before, and the one after somebody executed these statements and gave the database back."""
    url = emptied.take()
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)
    emptied.give_back()
    return url, emptied.take()


CAMPAIGN = """
    INSERT INTO campaigns (id, name, bot_id, state, settings, created_at, end_calls)
    VALUES ('c', 'c', 'b', 'draft', '{}', now(), false)
"""
ROW = "INSERT INTO lead_history (lead_id, at, from_state, event, to_state) VALUES (1, now(), 'a', 'b', 'c')"


def test_rows_and_numbers_begin_anew(emptied: postgres.Emptied) -> None:
    before, url = after(emptied, "SET session_replication_role = replica", CAMPAIGN, ROW, ROW)
    assert url == before
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT (SELECT count(*) FROM campaigns) + (SELECT count(*) FROM lead_history)").fetchone() == (0,)
        connection.execute("SET session_replication_role = replica")
        assert connection.execute(f"{ROW} RETURNING id").fetchone() == (1,)


def test_who_holds_a_lock_is_ended(emptied: postgres.Emptied) -> None:
    url = emptied.take()
    with psycopg.connect(url) as holder:
        holder.execute("LOCK TABLE campaigns")
        emptied.give_back()
        assert emptied.take() == url
        with pytest.raises(psycopg.OperationalError):
            holder.execute("SELECT 1")


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE call_events RENAME TO elsewhere",
        "ALTER TABLE campaigns ADD COLUMN more text",
        "DROP INDEX leads_state",
        "CREATE TABLE more (id int)",
        "UPDATE alembic_version SET version_num = '9999'",
        "INSERT INTO call_events SELECT * FROM call_events; ANALYZE",
        "ALTER TABLE leads DROP CONSTRAINT leads_queue_only_when_waiting",
        "CREATE SCHEMA more",
    ],
)
def test_whatever_else_was_changed_makes_a_new_one(emptied: postgres.Emptied, statement: str) -> None:
    before, url = after(emptied, statement)
    assert url != before


def test_a_table_that_was_large_makes_a_new_one(emptied: postgres.Emptied) -> None:
    row = ROW.replace("VALUES (1, now(), 'a', 'b', 'c')", "SELECT n, now(), 'a', 'b', 'c' FROM generate_series(1, 2000) n")
    before, url = after(emptied, "SET session_replication_role = replica", row)
    assert url != before
