"""Backups: consistent while the database is written to, whole or not there, and back again."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from core.fleet.store import register, retire
from core.kernel.database import Database
from core.kernel.processes import this_process
from core.suppressions.store import add, is_suppressed
from tests import postgres
from web.backup import BackupError, back_up, restore
from web.migrate import NewerDatabase

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def postgres_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{postgres.tools()}{os.pathsep}{os.environ['PATH']}")


def suppressed(db: Database, number: str) -> None:
    with db.write() as connection:
        add(connection, number, reason="asked", source="operator", now=NOW)


def test_a_backup_is_the_database_of_that_moment(database: Database, tmp_path: Path) -> None:
    suppressed(database, "+12025550100")
    with database.write() as connection:  # someone is writing meanwhile: what is not committed is not in it
        add(connection, "+12025550101", reason="asked", source="operator", now=NOW)
        back_up(database.url, tmp_path / "one.backup")
    suppressed(database, "+12025550102")
    assert restore(tmp_path / "one.backup", database.url, NOW, replace=True) is None or not database.is_postgresql
    again = Database(database.url)
    with again.read() as connection:
        found = [is_suppressed(connection, f"+1202555010{last}", "real") for last in range(3)]
    again.close()
    assert found == [True, False, False]


def test_what_is_replaced_is_kept_beside_it(tmp_path: Path, sqlite_template: Path) -> None:
    file = tmp_path / "dialler.db"
    file.write_bytes(sqlite_template.read_bytes())
    db = Database(f"sqlite:///{file}")
    back_up(db.url, tmp_path / "empty.backup")
    suppressed(db, "+12025550100")
    kept = restore(tmp_path / "empty.backup", db.url, NOW, replace=True)
    db.close()
    assert kept == tmp_path / "dialler.db.before-20260304T100000Z"
    old = Database(f"sqlite:///{kept}")
    with old.read() as connection:
        assert is_suppressed(connection, "+12025550100", "real")
    old.close()


def test_a_file_is_never_overwritten(database: Database, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("precious")
    with pytest.raises(BackupError, match="exists already"):
        back_up(database.url, tmp_path / "there")
    assert (tmp_path / "there").read_text() == "precious"


def test_a_database_with_tables_is_replaced_only_on_demand(database: Database, tmp_path: Path) -> None:
    back_up(database.url, tmp_path / "b")
    with pytest.raises(BackupError, match="--replace"):
        restore(tmp_path / "b", database.url, NOW)


def test_not_under_a_process_that_uses_it(database: Database, tmp_path: Path) -> None:
    back_up(database.url, tmp_path / "b")
    with database.write() as connection:
        register(connection, "w", 1, this_process(), NOW)
    with pytest.raises(BackupError, match="End them first"):
        restore(tmp_path / "b", database.url, NOW, replace=True)
    with database.write() as connection:
        retire(connection, "w")
    restore(tmp_path / "b", database.url, NOW, replace=True)


@pytest.mark.parametrize("content", [b"", b"no database at all, but a text", b"SQLite format 3\0" + bytes(200)])
def test_what_is_no_backup_is_refused_and_changes_nothing(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "odd").write_bytes(content)
    with pytest.raises(BackupError, match=r"odd is "):
        restore(tmp_path / "odd", f"sqlite:///{tmp_path}/new.db", NOW)
    assert not (tmp_path / "new.db").exists()


def test_a_backup_of_a_newer_version_is_refused(tmp_path: Path, sqlite_template: Path) -> None:
    newer = tmp_path / "newer.db"
    newer.write_bytes(sqlite_template.read_bytes())
    db = Database(f"sqlite:///{newer}")
    with db.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    db.close()
    with pytest.raises(NewerDatabase, match="schema 9999"):
        restore(newer, f"sqlite:///{tmp_path}/new.db", NOW)


def test_without_the_tools_of_postgresql_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupError, match="pg_dump is not on PATH"):
        back_up("postgresql://nobody@localhost/nothing", tmp_path / "b")


def test_the_password_is_not_on_the_command_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tool = tmp_path / "pg_dump"
    tool.write_text(f'#!/bin/sh\necho "$PGPASSWORD" > {tmp_path}/environment\necho "$@" > {tmp_path}/arguments\nexit 3\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(BackupError, match="pg_dump failed: exit code 3"):
        back_up("postgresql://ann:s3cret@localhost:5433/calls", tmp_path / "b")
    assert (tmp_path / "environment").read_text() == "s3cret\n"
    assert "s3cret" not in (tmp_path / "arguments").read_text()
    assert "dbname=calls" in (tmp_path / "arguments").read_text()
