"""`dialler db`: the database itself: its schema, backups, and the way back."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from core.fleet.store import live_workers
from core.kernel.clock import utc_now
from core.kernel.database import Database
from web.backup import back_up, restore
from web.cli.common import DatabaseOption, JsonOption, database_url, sqlite_file
from web.cli.errors import CliError
from web.cli.output import emit_json, say, show_fields
from web.migrate import schema_status, upgrade
from web.settings import data_folder_of

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The database: which schema it has, backups while it is in use, and the way back.")

_KEY_ADVICE = "Stored secrets can be read only with the encryption key, which is not in a backup: keep a copy of it in another place."


@app.command()
def status(database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Show the schema of the database, what is pending, and who uses it. Changes nothing."""
    url = _existing(database)
    db = Database(url)
    try:
        with db.read() as connection:
            schema = schema_status(connection)
            workers = len(live_workers(connection, utc_now())) if schema.current is not None and not schema.pending else None
    finally:
        db.close()
    found: dict[str, Any] = {"database": db.engine.url.render_as_string(), **asdict(schema), "workers": workers}
    if as_json:
        emit_json(found)
        return
    pending = ", ".join(schema.pending) or "none: it is up to date"
    show_fields({"Database": found["database"], "Schema": schema.current or "none yet", "Pending": pending, "Processes on it": workers})


@app.command("upgrade")
def upgrade_(database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Bring the schema up to date. Every other command does so, too, before its own work."""
    db = Database(_existing(database))
    try:
        with db.read() as connection:
            before = schema_status(connection)
        upgrade(db)
    finally:
        db.close()
    if as_json:
        emit_json({"applied": before.pending, "current": before.newest})
    elif before.pending:
        say(f"Applied {', '.join(before.pending)}: the schema is {before.newest}.")
    else:
        say(f"The schema is up to date ({before.newest}).")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The file to write; it must not exist.")],
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a consistent copy of the database into a file, while it is in use.

    SQLite: an SQLite file. PostgreSQL: an archive of pg_dump, which must be installed.
    """
    url = _existing(database)
    back_up(url, file)
    if as_json:
        emit_json({"file": str(file), "bytes": file.stat().st_size})
    else:
        say(f"{file}: {file.stat().st_size:,} bytes.", _key_note(url))


@app.command("restore")
def restore_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A file that `dialler db backup` wrote.")],
    replace: Annotated[bool, typer.Option("--replace", help="Replace a database that is not empty.")] = False,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a backup in the place of the database. No process of ours may be using it.

    An SQLite file that is replaced is kept beside the new one.
    """
    url = database_url(database)
    moved = restore(file, url, utc_now(), replace=replace)
    db = Database(url)
    try:
        upgrade(db)
    finally:
        db.close()
    if as_json:
        emit_json({"restored": str(file), "kept": None if moved is None else str(moved)})
        return
    say(f"The database is that of {file} now.", *([f"What was there before is kept as {moved}."] if moved else []), _key_note(url))


def _existing(database: str | None) -> str:
    url = database_url(database)
    file = sqlite_file(url)
    if file is not None and not file.exists():
        raise CliError(f"There is no database {file}.", "Say which one with --database.")
    return url


def _key_note(url: str) -> str:
    key = data_folder_of(url, os.environ) / "encryption.key"
    return f"{_KEY_ADVICE} Here it is {key}." if key.exists() else _KEY_ADVICE
