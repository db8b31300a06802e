"""`dialler db`: the schema, backups, and the way back, as an operator types it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.web.cli.conftest import Dialler, json_of


def test_status_changes_nothing(dialler: Dialler, tmp_path: Path) -> None:
    assert "no database" in dialler("db", "status", code=2).stderr
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    sqlite3.connect(tmp_path / "out" / "dialler.db").close()
    status = json_of(dialler("db", "status", "--json"))
    assert (status["current"], status["pending"][0], status["workers"]) == (None, "0001", None)
    assert "Applied 0001" in dialler("db", "upgrade").stdout
    assert "up to date" in dialler("db", "upgrade").stdout
    status = json_of(dialler("db", "status", "--json"))
    assert (status["current"], status["pending"], status["workers"]) == (status["newest"], [], 0)


def test_backup_and_restore(dialler: Dialler, tmp_path: Path) -> None:
    dialler("suppressions", "add", "+12025550100")
    assert "encryption key" in dialler("db", "backup", tmp_path / "b").stdout
    assert "exists already" in dialler("db", "backup", tmp_path / "b", code=1).stderr
    dialler("suppressions", "remove", "+12025550100")
    assert "--replace" in dialler("db", "restore", tmp_path / "b", code=1).stderr
    assert "is kept as" in dialler("db", "restore", tmp_path / "b", "--replace").stdout
    assert [row["number"] for row in json_of(dialler("suppressions", "list", "--json"))] == ["+12025550100"]


def test_a_newer_database_is_refused_in_one_sentence(dialler: Dialler, tmp_path: Path) -> None:
    dialler("suppressions", "add", "+12025550100")
    connection = sqlite3.connect(tmp_path / "out" / "dialler.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    for command in (("suppressions", "list"), ("db", "status"), ("campaigns", "list")):
        error = dialler(*command, code=1).stderr
        assert "was written by a newer version of dialler" in error
        assert "Traceback" not in error
