"""Runs the migrations: on the connection that `web.migrate` hands over, or on the database that the `alembic` command was given."""

from __future__ import annotations

import os
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrationScript
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlmodel.sql.sqltypes import AutoString

from core.kernel.database import Database, JsonValue, UtcDateTime
from web.migrate import lock_schema
from web.schema import metadata


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our column types into new migrations by the names that migrations import."""
    if kind != "type":
        return False
    if isinstance(item, UtcDateTime):
        autogen.imports.add("from core.kernel.database import UtcDateTime")
        return "UtcDateTime()"
    if isinstance(item, type(JsonValue)):
        autogen.imports.add("from core.kernel.database import JsonValue")
        return "JsonValue"
    if isinstance(item, AutoString):
        return "sa.String()"
    return False


def number_revision(_: MigrationContext, __: Any, directives: list[MigrationScript]) -> None:
    """Give a new migration the next number as its id, and write none when autogenerate found no change."""
    options = context.config.cmd_opts
    if directives and getattr(options, "autogenerate", False) and directives[0].upgrade_ops_list[0].is_empty():
        directives.clear()
        return
    if directives and getattr(options, "rev_id", None) is None:
        head = ScriptDirectory.from_config(context.config).get_current_head()
        directives[0].rev_id = f"{int(head or 0) + 1:04d}"


def database_url() -> str:
    """The database of the `alembic` command: `-x database=URL`, else DIALLER_DATABASE, else the one in alembic.ini."""
    given = context.get_x_argument(as_dictionary=True).get("database") or os.environ.get("DIALLER_DATABASE")
    return given or context.config.get_main_option("sqlalchemy.url") or ""


def migrate(connection: Connection) -> None:
    """Run the migrations that were asked for on this connection."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=render_item,
        process_revision_directives=number_revision,
    )
    with context.begin_transaction():
        context.run_migrations()


def write_sql() -> None:
    """Write the SQL of the migrations to standard output instead of running it (`alembic upgrade head --sql`)."""
    context.configure(url=database_url(), target_metadata=metadata, literal_binds=True, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
elif context.is_offline_mode():
    write_sql()
else:
    db = Database(database_url())
    try:
        with db.write(long=True) as connection:
            lock_schema(connection)
            migrate(connection)
    finally:
        db.close()
