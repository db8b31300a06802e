"""Brings a database to the version of the schema that this program knows, and says which version it has.

The migrations lie in `alembic/` in a clone, and beside this module (`web/migrations/`) in an installed package.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from core.kernel.database import Database

__all__ = ["NewerDatabase", "SchemaStatus", "alembic_config", "lock_schema", "schema_problem", "schema_status", "upgrade"]

_LOCK = 0x0D1A11E6  # any number that nobody else uses for an advisory lock in this database


class NewerDatabase(Exception):
    """The database was written by a newer version of dialler, whose schema this version does not know."""

    def __init__(self, found: str, known: str) -> None:
        super().__init__(
            f"The database has schema {found} and was written by a newer version of dialler; this version knows up to {known}. "
            "Install the newer version, or name another database."
        )
        self.found, self.known = found, known


@dataclass(frozen=True)
class SchemaStatus:
    """The schema of a database.

    Attributes:
        current: the revision it has; None: it holds no table of ours yet.
        newest: the newest revision that this program knows.
        pending: revisions that are still to be applied, oldest first.
    """

    current: str | None
    newest: str
    pending: tuple[str, ...]


def alembic_config(connection: Connection) -> Config:
    """The configuration of alembic for one connection."""
    config = Config()
    config.set_main_option("script_location", _location())
    config.attributes["connection"] = connection
    return config


def schema_status(connection: Connection) -> SchemaStatus:
    """Compare the schema of a database with the migrations.

    Raises:
        NewerDatabase: the database has a revision that this program does not know.
    """
    scripts = _scripts()
    newest = scripts.get_current_head() or ""
    current = MigrationContext.configure(connection).get_current_revision()
    if current == newest:
        return SchemaStatus(current, newest, ())
    known = [script.revision for script in scripts.walk_revisions()]  # newest first
    if current is not None and current not in known:
        raise NewerDatabase(current, newest)
    pending = known[: known.index(current)] if current is not None else known
    return SchemaStatus(current, newest, tuple(reversed(pending)))


def lock_schema(connection: Connection) -> None:
    """Let one process at a time change the schema. On SQLite a write transaction already does."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def upgrade(db: Database) -> None:
    """Run the migrations that are missing; does nothing, quickly, if there is none. Safe from several processes at once.

    Raises:
        NewerDatabase: the database has a revision that this program does not know.
    """
    with db.read() as connection:
        if not schema_status(connection).pending:
            return
    with db.write(long=True) as connection:
        lock_schema(connection)
        command.upgrade(alembic_config(connection), "head")


def schema_problem(connection: Connection) -> str | None:
    """What is wrong with the version of a database's schema, for people; None if it is the one of this program."""
    found, wanted = MigrationContext.configure(connection).get_current_revision(), _scripts().get_current_head()
    if found == wanted:
        return None
    return (
        f"The schema of the database is of version {found or 'none'}; this program needs version {wanted}. "
        "A program brings an older schema up to date when it starts; on a newer one, run the newer program."
    )


def _location() -> str:
    installed = Path(__file__).parent / "migrations"
    return str(installed if installed.is_dir() else Path(__file__).parents[1] / "alembic").replace("%", "%%")


@functools.cache
def _scripts() -> ScriptDirectory:
    """The migrations; their files do not change while a process runs."""
    config = Config()
    config.set_main_option("script_location", _location())
    return ScriptDirectory.from_config(config)
