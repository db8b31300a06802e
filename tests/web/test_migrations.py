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
from web.migrate import alembic_config, schema_problem, upgrade
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


def test_what_is_wrong_with_the_version_of_a_schema_is_said(database: Database) -> None:
    with database.read() as connection:
        assert schema_problem(connection) is None
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with database.read() as connection:
        assert "version 9999" in (schema_problem(connection) or "")
    with database.write() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    with database.read() as connection:
        assert "version none" in (schema_problem(connection) or "")
