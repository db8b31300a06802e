"""Converts the database driver's errors into those of SQLAlchemy, which callers catch."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import DBAPIError

__all__ = ["translated"]


def translated(connection: Connection, text: str, error: Any) -> BaseException:
    """The driver's error as SQLAlchemy's, of the same subclass that `Connection.execute` raises. Removes a dead connection from the pool.

    Args:
        connection: the connection on whose driver the statement ran.
        text: the statement, without its parameters.
        error: the driver's error.
    """
    dialect = connection.dialect
    assert isinstance(dialect, DefaultDialect)
    gone = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)
    if gone:
        connection.invalidate()
    made: BaseException = DBAPIError.instance(
        text, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, connection_invalidated=gone, dialect=dialect
    )
    return made
