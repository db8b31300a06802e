"""Brings a database to the current version of the schema."""

from __future__ import annotations

import functools
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from core.kernel.database import Database

__all__ = ["alembic_config", "schema_problem", "upgrade"]

_LOCK = 0x0D1A11E6  # any number that nobody else uses for an advisory lock in this database


def alembic_config(connection: Connection) -> Config:
    """The configuration of alembic for one connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def upgrade(db: Database) -> None:
    """Run the migrations that are missing; does nothing, quickly, if there is none. Safe from several processes at once."""
    with db.read() as connection:
        if MigrationContext.configure(connection).get_current_revision() == _newest():
            return
    with db.write() as connection:
        if db.is_postgresql:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        command.upgrade(alembic_config(connection), "head")


def schema_problem(connection: Connection) -> str | None:
    """What is wrong with the version of a database's schema, for people; None if it is the one of this program."""
    found, wanted = MigrationContext.configure(connection).get_current_revision(), _newest()
    if found == wanted:
        return None
    return (
        f"The schema of the database is of version {found or 'none'}; this program needs version {wanted}. "
        "A program brings an older schema up to date when it starts; on a newer one, run the newer program."
    )


@functools.cache
def _newest() -> str | None:
    """The newest version that there is a migration to; the files do not change while a process runs."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return ScriptDirectory.from_config(config).get_current_head()
