"""Connections: their limits on PostgreSQL, and that one that died is not handed out."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from core.kernel.database import Database


def setting(db: Database, name: str, *, long: bool = False) -> str:
    with db.write(long=long) as connection:
        return str(connection.execute(text(f"SHOW {name}")).scalar_one())


def test_statements_have_limits_on_postgresql(database: Database) -> None:
    if not database.is_postgresql:
        pytest.skip("SQLite waits for locks by its busy_timeout alone")
    assert (setting(database, "statement_timeout"), setting(database, "lock_timeout")) == ("1min", "20s")
    assert setting(database, "statement_timeout", long=True) == "0"
    assert setting(database, "statement_timeout") == "1min", "the limit is lifted for one transaction only"


def test_options_of_the_url_count_beside_ours(database_url: str) -> None:
    if not database_url.startswith("postgresql"):
        pytest.skip("only PostgreSQL has them")
    db = Database(database_url + ("&" if "?" in database_url else "?") + "options=-c%20statement_timeout%3D7s&connect_timeout=3")
    assert (setting(db, "statement_timeout"), setting(db, "lock_timeout")) == ("7s", "20s")
    db.close()


def end_connections(db: Database) -> None:
    """As a server does that is restarted: every connection but the one that says so."""
    other = Database(db.url)
    with other.read() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        ).all()
    other.close()


def test_a_connection_that_died_while_it_was_idle_is_replaced(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    if not database.is_postgresql:
        pytest.skip("an SQLite file does not go away")
    with database.read() as connection:
        connection.execute(text("SELECT 1"))
    end_connections(database)
    now = time.monotonic()
    monkeypatch.setattr("core.kernel.database.time.monotonic", lambda: now + 31)
    with database.read() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_a_connection_that_died_just_now_fails_once(database: Database) -> None:
    if not database.is_postgresql:
        pytest.skip("an SQLite file does not go away")
    with database.read() as connection:
        connection.execute(text("SELECT 1"))
    end_connections(database)
    with pytest.raises(OperationalError), database.read() as connection:
        connection.execute(text("SELECT 1"))
    with database.read() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_a_connection_in_use_while_all_are_closed_is_not_kept(database: Database) -> None:
    with database.read() as connection:
        driver = connection.connection.driver_connection
        database.close()
        assert connection.execute(text("SELECT 1")).scalar() == 1
    assert all(not idle for idle in database._idle.values())
    with database.read() as other:
        assert other.connection.driver_connection is not driver
