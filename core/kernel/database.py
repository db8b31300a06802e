"""The database: one engine, two kinds of transaction, on SQLite and PostgreSQL.

A transaction is a plain `with` block without any `await` in it, so none is open across network I/O, and no two tasks of one process
interleave inside one. On SQLite a write transaction takes the write lock at once (BEGIN IMMEDIATE), so a claim never fails half-way; on
PostgreSQL claims use FOR UPDATE SKIP LOCKED.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, URL, Connection, DateTime, Dialect, create_engine, event, make_url
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Engine
from sqlalchemy.types import TypeDecorator

from core.kernel.database_errors import translated

__all__ = ["Database", "JsonValue", "UtcDateTime"]

JsonValue = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""Column type of JSON documents."""

_BUSY_MILLISECONDS = 20_000

_POSTGRESQL = {
    # Notice a server that is gone, or whose packets are dropped, in seconds instead of when TCP gives up after a quarter of an hour.
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_LIMITS = {"lock_timeout": _BUSY_MILLISECONDS, "statement_timeout": 60_000}
"""Limits of one statement on PostgreSQL, in milliseconds; `Database.write(long=True)` lifts the second."""
_TRUSTED_SECONDS = 30.0
"""A connection used this recently is handed out without a check that it is alive."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware timestamp, stored in UTC. Refuses naive ones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment without a time zone cannot be stored: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _make_postgresql(url: URL) -> Engine:
    given = {name: value for name, value in _POSTGRESQL.items() if name not in url.query}  # the URL's own settings win
    limits = " ".join(f"-c {name}={value}" for name, value in _LIMITS.items())
    options = " ".join(part for part in (limits, str(url.query.get("options", ""))) if part)
    url = url.set(drivername="postgresql+psycopg").difference_update_query(["options"])
    return create_engine(url, pool_size=5, hide_parameters=True, connect_args={**given, "options": options})


def _make_engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return _make_postgresql(parsed)
    if parsed.get_backend_name() != "sqlite":
        raise ValueError(f"the database must be sqlite:///FILE or postgresql://..., not {parsed.get_backend_name()}")
    engine = create_engine(parsed, connect_args={"check_same_thread": False}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # we send BEGIN ourselves
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            f"busy_timeout={_BUSY_MILLISECONDS}",
            "foreign_keys=ON",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        text = "BEGIN IMMEDIATE" if connection.get_execution_options().get("write", False) else "BEGIN"
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        try:
            driver.execute(text)
        except sqlite3.Error as error:
            raise translated(connection, text, error) from error

    return engine


class Database:
    """An engine and its transactions.

    Args:
        url: `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`.

    Raises:
        ValueError: for any other kind of database.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _make_engine(url)
        self.is_postgresql = self.engine.dialect.name == "postgresql"
        # Keyed by whether they write: keeping a connection open costs a tenth of taking one out of the engine's pool and putting it back.
        self._idle: dict[bool, list[tuple[Connection, float]]] = {False: [], True: []}
        self._closed = 0

    @contextlib.contextmanager
    def write(self, *, long: bool = False) -> Iterator[Connection]:
        """A transaction that may write; committed at the end of the block, rolled back when it raises.

        Args:
            long: lift the time limit of its statements on PostgreSQL, for migrations, imports and clean-ups.
        """
        with self._transaction(write=True) as connection:
            if long and self.is_postgresql:
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            yield connection

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads."""
        with self._transaction(write=False) as connection:
            yield connection

    def close(self) -> None:
        """Close every connection; one that a thread still uses, at the end of its transaction."""
        self._closed += 1
        for idle in self._idle.values():
            while idle:
                idle.pop()[0].close()
        self.engine.dispose()

    @contextlib.contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Connection]:
        closed = self._closed  # before one is taken: connecting may last until the others are closed
        connection = self._take(write)
        try:
            with connection.begin():
                yield connection
        except BaseException:
            self._discard(connection, closed)  # whatever state it is in, the next transaction starts with a fresh one
            raise
        if closed == self._closed:
            self._idle[write].append((connection, time.monotonic()))
        else:
            self._discard(connection, closed)

    def _discard(self, connection: Connection, closed: int) -> None:
        if closed != self._closed:  # the pool that it came from is gone
            connection.invalidate()
        connection.close()

    def _take(self, write: bool) -> Connection:
        idle = self._idle[write]
        while True:
            try:
                connection, used = idle.pop()
            except IndexError:  # none is left; another thread may have taken the last one at this moment
                break
            if not self.is_postgresql or time.monotonic() - used < _TRUSTED_SECONDS or self._is_alive(connection):
                return connection
            connection.invalidate()
            connection.close()
        return self.engine.connect().execution_options(write=write)

    def _is_alive(self, connection: Connection) -> bool:
        driver = connection.connection.dbapi_connection
        assert driver is not None
        try:
            return bool(self.engine.dialect.do_ping(driver))
        except self.engine.dialect.loaded_dbapi.Error:
            return False
