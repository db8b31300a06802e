"""Errors of the database: converts the driver's into those of SQLAlchemy, which callers catch; which of them pass by themselves."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

__all__ = ["DATABASE_FAILURES", "is_locked", "translated"]

DATABASE_FAILURES: Final = (OperationalError, InterfaceError, PoolTimeout)
"""Errors that say nothing of the statement, only that the database could not work on it now."""

_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


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


def is_locked(error: DBAPIError) -> bool:
    """Whether a SQLite file could not be written because another program has its lock."""
    return isinstance(error.orig, sqlite3.OperationalError) and error.orig.sqlite_errorcode & 0xFF in _LOCKED
