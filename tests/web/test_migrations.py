"""Migrations and models say the same, on both databases."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text

from core.kernel.database import Database
from core.kernel.statements import table_of
from dialler.leads.tables import Attempt
from tests import postgres
from web.migrate import NewerDatabase, alembic_config, schema_problem, schema_status, upgrade
from web.schema import metadata

ROOT = Path(__file__).parents[2]


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


def test_status_before_and_after(empty: Database) -> None:
    with empty.read() as connection:
        before = schema_status(connection)
    upgrade(empty)
    with empty.read() as connection:
        after = schema_status(connection)
    assert (before.current, before.pending[0], before.pending[-1]) == (None, "0001", before.newest)
    assert (after.current, after.pending) == (before.newest, ())


def test_a_database_half_way_has_the_rest_pending(empty: Database) -> None:
    with empty.write() as connection:
        command.upgrade(alembic_config(connection), "0003")
    with empty.read() as connection:
        status = schema_status(connection)
    assert (status.current, status.pending[0], status.pending[-1]) == ("0003", "0004", status.newest)


def test_a_newer_database_is_refused_and_stays_as_it_is(empty: Database) -> None:
    upgrade(empty)
    with empty.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = schema_of(empty)
    with pytest.raises(NewerDatabase, match=r"has schema 9999 and was written by a newer version"):
        upgrade(empty)
    assert schema_of(empty) == before


def alembic(*arguments: str, database: str) -> str:
    """What the command writes in a clone, as a developer types it."""
    done = subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=ROOT,
        env={**os.environ, "DIALLER_DATABASE": database},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_alembic_command_works_in_a_clone(empty: Database) -> None:
    alembic("upgrade", "head", database=empty.url)
    with empty.read() as connection:
        status = schema_status(connection)
    assert (status.current, status.pending) == (status.newest, ())
    assert "No new upgrade operations detected" in alembic("check", database=empty.url)


def test_the_wheel_brings_every_migration_and_no_package_called_alembic(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("core", "dialler", "web", "alembic"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    build = "import setuptools.build_meta as backend; print(backend.build_wheel('.'))"
    done = subprocess.run([sys.executable, "-c", build], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(tmp_path / done.stdout.splitlines()[-1]) as wheel:
        names = set(wheel.namelist())
    versions = {f"web/migrations/versions/{file.name}" for file in (ROOT / "alembic/versions").glob("*.py")}
    assert versions | {"web/migrations/env.py", "web/migrations/script.py.mako"} <= names
    assert not [name for name in names if name.startswith("alembic/")]
    console = {
        str(file.relative_to(ROOT)) for file in (ROOT / "web/console").rglob("*") if file.is_file() and "__pycache__" not in file.parts
    }
    assert console <= names, sorted(console - names)[:10]


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


def test_the_results_of_before_stand_with_their_attempts(empty: Database) -> None:
    with empty.write() as connection:
        command.upgrade(alembic_config(connection), "0009")
    at = "2026-03-04 10:00:00"
    with empty.write() as connection:
        run = connection.exec_driver_sql
        run(
            "INSERT INTO campaigns (id, name, bot_id, state, settings, created_at, end_calls)"
            f" VALUES ('c', 'C', 'b', 'running', '{{}}', '{at}', false)"
        )
        run(
            "INSERT INTO lead_imports (id, campaign_id, source_name, sha256, state, report, created_at, owner_host, owner_pid,"
            f" owner_pid_started, alive_at) VALUES ('i', 'c', 'f', '0', 'active', '{{}}', '{at}', 'h', 1, 1, '{at}')"
        )
        run(
            "INSERT INTO leads (id, campaign_id, import_id, position, line, phone, variables, state, attempts, uncharged, updated_at)"
            f" VALUES (1, 'c', 'i', 1, 2, 'x', '{{}}', 'completed', 1, 0, '{at}')"
        )
        for number, attempt in enumerate(("a1", "a2"), 1):
            run(
                "INSERT INTO attempts (id, campaign_id, lead_id, number, kind, state, call_id, created_at, ended_at, refusals,"
                f" failed_dialouts) VALUES ('{attempt}', 'c', 1, {number}, 'first', 'ended', 's{number}', '{at}', '{at}', 0, 0)"
            )
        for session, attempt in (("s1", "'a1'"), ("s9", "NULL")):
            run(f"INSERT INTO received_results VALUES ('{session}', {attempt}, '{at}', '{{\"session_id\": \"{session}\"}}')")
    upgrade(empty)
    attempts = table_of(Attempt)
    with empty.read() as connection:
        found = connection.execute(select(attempts.c.id, attempts.c.result).order_by(attempts.c.id)).all()
    assert [tuple(row) for row in found] == [("a1", {"session_id": "s1"}), ("a2", None)]
    with empty.write() as connection:
        command.downgrade(alembic_config(connection), "0009")
    with empty.read() as connection:
        rows = connection.execute(text("SELECT session_id, attempt_id FROM received_results")).all()
        connection.execute(text("SELECT count(*) FROM attempts"))
    assert [tuple(row) for row in rows] == [("s1", "a1")]
