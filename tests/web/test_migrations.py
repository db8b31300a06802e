"""Migrations and models say the same, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from core.kernel.database import Database
from tests import postgres
from web.migrate import alembic_config, upgrade
from web.schema import metadata


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path}/empty.db" if request.param == "sqlite" else postgres.make_database()
    db = Database(url)
    yield db
    db.close()
    if request.param == "postgresql":
        postgres.drop_database(url)


def schema_of(db: Database) -> dict[str, tuple[object, ...]]:
    """Columns, indexes and constraints as the database itself tells them."""
    seen = inspect(db.engine)
    return {
        table: (
            sorted((c["name"], str(c["type"]), c["nullable"]) for c in seen.get_columns(table)),
            sorted((i["name"] or "", tuple(i["column_names"]), bool(i["unique"])) for i in seen.get_indexes(table)),
            sorted(str(c["sqltext"]).replace('"', "") for c in seen.get_check_constraints(table)),
            sorted((tuple(f["constrained_columns"]), f["referred_table"]) for f in seen.get_foreign_keys(table)),
        )
        for table in seen.get_table_names()
        if table != "alembic_version"
    }


def test_migrations_make_what_the_models_say(empty: Database) -> None:
    metadata.create_all(empty.engine)
    by_models = schema_of(empty)
    metadata.drop_all(empty.engine)
    upgrade(empty)
    assert schema_of(empty) == by_models
    with empty.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []


def test_partial_indexes_are_partial(empty: Database) -> None:
    upgrade(empty)
    query = (
        "SELECT indexdef FROM pg_indexes WHERE indexname = 'leads_ready'"
        if empty.is_postgresql
        else "SELECT sql FROM sqlite_master WHERE name = 'leads_ready'"
    )
    with empty.read() as connection:
        assert "WHERE" in str(connection.execute(text(query)).scalar_one())


def test_upgrade_twice_and_down_again(empty: Database) -> None:
    upgrade(empty)
    upgrade(empty)
    with empty.write() as connection:
        command.downgrade(alembic_config(connection), "base")
    assert set(inspect(empty.engine).get_table_names()) <= {"alembic_version"}


def test_suppressions_and_campaigns_of_before_say_on_which_lines(empty: Database) -> None:
    with empty.write() as connection:
        command.upgrade(alembic_config(connection), "0006")
    at = "2026-03-04 10:00:00"
    worker = f"INSERT INTO workers VALUES ('w', 1, false, 'h', 1, 1, '{at}', '{at}', '{at}', true, NULL)"
    with empty.write() as connection:
        connection.execute(text(worker))
        connection.execute(
            text(f"INSERT INTO bots (id, name, current_version, created_at, updated_at) VALUES ('b', 'B', 1, '{at}', '{at}')")
        )
        for call_id, transport in (("c1", "sandbox"), ("c2", "sip")):
            columns = "call_id, bot_id, bot_version, direction, to_number, transport, state, worker_id, variables, created_at"
            values = f"'{call_id}', 'b', 1, 'outbound', 'x', '{transport}', 'placing', 'w', '{{}}', '{at}'"
            connection.exec_driver_sql(f"INSERT INTO calls ({columns}, cancel_requested) VALUES ({values}, false)")
        for number, (source, call_id) in enumerate([("callee", "'c1'"), ("callee", "'c2'"), ("callee", "NULL"), ("operator", "NULL")]):
            connection.execute(text(f"INSERT INTO suppressions VALUES ('+{number}', 'asked', '{source}', {call_id}, '{at}')"))
    upgrade(empty)
    with empty.read() as connection:
        rows = connection.execute(text("SELECT number, lines FROM suppressions ORDER BY number")).all()
    assert [tuple(row) for row in rows] == [("+0", "sandbox"), ("+1", "real"), ("+2", "real"), ("+3", "all")]
    with empty.write() as connection:
        command.downgrade(alembic_config(connection), "0006")
    with empty.read() as connection:
        assert connection.execute(text("SELECT number FROM suppressions ORDER BY number")).scalars().all() == ["+1", "+2", "+3"]
