"""Backups of a database: a consistent copy while it is in use, and back again.

SQLite is copied by its own backup API. PostgreSQL is copied by its own tools, `pg_dump` and `pg_restore`, which must be on PATH in the
server's version or a newer one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import inspect, make_url

from core.fleet.store import live_workers
from core.kernel.database import Database
from web.migrate import schema_status

__all__ = ["BackupError", "back_up", "restore"]


class BackupError(Exception):
    """A backup or a restore that cannot be done; the message says why and what to do."""


def back_up(url: str, target: Path) -> None:
    """Write a consistent copy of the database `url` into the new file `target`. Processes that use the database go on meanwhile.

    Raises:
        BackupError: `target` exists, or PostgreSQL's tools fail or are missing.
    """
    if target.exists():
        raise BackupError(f"{target} exists already. Name a new file.")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if (source := _sqlite_file(url)) is not None:
            _copy_sqlite(source, part)
        else:
            connection, environment = _connection_of(url)
            _run_tool(["pg_dump", "--format=custom", f"--file={part}", f"--dbname={connection}"], environment)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def restore(backup: Path, url: str, wall: datetime, *, replace: bool = False) -> Path | None:
    """Put a backup in the place of the database `url`.

    Args:
        backup: a file that `back_up` wrote, from a database of the same kind.
        url: the database; an SQLite file that is not there is made, a PostgreSQL database must exist.
        wall: the wall clock's time, by which processes that still use the database are told.
        replace: whether a database that holds tables may be replaced.

    Returns:
        Where the SQLite file that was replaced has been moved to; None if there was none.

    Raises:
        BackupError: the file is no backup of this kind, the database holds tables and `replace` is not set, a process uses it, or
            PostgreSQL's tools fail or are missing.
        NewerDatabase: the backup is from a newer version of dialler. Only a backup of SQLite is checked for that.
    """
    if (target := _sqlite_file(url)) is not None:
        return _restore_sqlite(backup, target, wall, replace=replace)
    with _opened(url) as db:
        filled = inspect(db.engine).has_table("alembic_version")
        if filled:
            _refuse_unless_idle(db, wall, replace=replace)
    connection, environment = _connection_of(url)
    command = ["pg_restore", "--no-owner", "--single-transaction", "--exit-on-error", f"--dbname={connection}"]
    _run_tool([*command, *(["--clean", "--if-exists"] if filled else []), str(backup)], environment)
    return None


def _restore_sqlite(backup: Path, target: Path, wall: datetime, *, replace: bool) -> Path | None:
    _check_sqlite(backup)
    moved = None
    if target.exists():
        with _opened(f"sqlite:///{target}") as db:
            if inspect(db.engine).has_table("alembic_version"):
                _refuse_unless_idle(db, wall, replace=replace)
        moved = target.with_name(f"{target.name}.before-{wall:%Y%m%dT%H%M%SZ}")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        _copy_sqlite(backup, part)
        if moved is not None:
            _copy_sqlite(target, moved)  # the file and its write-ahead log in one
        for leftover in ("-wal", "-shm"):
            target.with_name(target.name + leftover).unlink(missing_ok=True)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return moved


def _check_sqlite(backup: Path) -> None:
    try:
        with contextlib.closing(sqlite3.connect(f"{backup.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            verdict = connection.execute("PRAGMA quick_check").fetchone()[0]
            ours = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'").fetchone()[0]
    except sqlite3.Error as error:
        raise BackupError(f"{backup} is not a backup of an SQLite database: {error}.") from None
    if verdict != "ok":
        raise BackupError(f"{backup} is damaged: {verdict}.")
    if not ours:
        raise BackupError(f"{backup} is an SQLite database, but not one of dialler's.")
    with _opened(f"sqlite:///{backup}") as db, db.read() as connection:
        schema_status(connection)


def _refuse_unless_idle(db: Database, wall: datetime, *, replace: bool) -> None:
    if not replace:
        raise BackupError("The database is not empty. Name another one, or add --replace to put the backup in its place.")
    with db.read() as connection:
        busy = len(live_workers(connection, wall)) if inspect(connection).has_table("workers") else 0
    if busy:
        raise BackupError(f"{busy} of our processes use the database now (`dialler workers list`). End them first.")


def _copy_sqlite(source: Path, target: Path) -> None:
    target.touch(mode=0o600, exist_ok=False)  # leads are people: their owner's alone
    with (
        contextlib.closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, timeout=20)) as old,
        contextlib.closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")  # one file, without a write-ahead log beside it


def _sqlite_file(url: str) -> Path | None:
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def _connection_of(url: str) -> tuple[str, Mapping[str, str]]:
    """What PostgreSQL's tools are told on the command line, and in the environment: the password is for the latter."""
    parts = conninfo_to_dict(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
    password = parts.pop("password", None)
    return make_conninfo("", **parts), {"PGPASSWORD": str(password)} if password else {}


def _run_tool(command: list[str], environment: Mapping[str, str]) -> None:
    if shutil.which(command[0]) is None:
        raise BackupError(
            f"{command[0]} is not on PATH. Install PostgreSQL's client programs in the server's version or a newer one "
            "(Debian: apt install postgresql-client)."
        )
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise BackupError(f"{command[0]} failed: {' '.join(lines[:3]) or f'exit code {done.returncode}'}")


@contextlib.contextmanager
def _opened(url: str) -> Iterator[Database]:
    db = Database(url)
    try:
        yield db
    finally:
        db.close()
