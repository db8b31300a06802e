"""How alembic runs our migrations: on the connection it is handed."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel.sql.sqltypes import AutoString

from core.kernel.database import JsonValue, UtcDateTime
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


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
