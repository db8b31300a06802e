"""The database: one engine, two kinds of transaction, on SQLite and PostgreSQL.

A transaction is a plain `with` block without any `await` in it, so none is open across network I/O, and no two tasks of one process
interleave inside one. On SQLite a write transaction takes the write lock at once (BEGIN IMMEDIATE), so a claim never fails half-way; on
PostgreSQL claims use FOR UPDATE SKIP LOCKED.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import JSON, Connection, DateTime, Dialect, create_engine, event, make_url
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.types import TypeDecorator

from core.kernel.database_errors import is_locked, translated
from core.kernel.database_health import DatabaseAway, DatabaseHealth
from core.kernel.postgresql import BoundedConnection, make_postgresql, probe_postgresql

__all__ = ["Database", "JsonValue", "UtcDateTime", "after_commit", "within"]

JsonValue = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""Column type of JSON documents."""

_BUSY_MILLISECONDS = 20_000
_WITHIN, _AFTER_COMMIT, _QUICK = "within", "after commit", "quick"

_LIMITS = {"lock_timeout": _BUSY_MILLISECONDS, "statement_timeout": 60_000}
"""Limits of one statement on PostgreSQL, in milliseconds; `Database.write(long=True)` lifts the second."""
QUICK: Final = 0.08
"""Real seconds that a statement in the event loop's thread may wait for the database while somebody talks (`Database.watch`)."""
_UNHURRIED: Final = 1.0
"""The same while nobody does."""
_LOCK_MILLISECONDS = 60
"""How long one in that thread waits for a lock of PostgreSQL: less, so that a lock is not taken for a database that does not answer."""
_FILE_LOCK_MILLISECONDS = 1000
"""The same for a SQLite file. Its one lock is also held by our other threads and processes, for as long as a slow disk takes to write."""
_PATIENT = 15.0
"""Real seconds that a statement in any other thread may wait for PostgreSQL, unless it is `long`."""
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


def _make_engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return make_postgresql(parsed, _LIMITS)
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


def probe_sqlite(engine: Engine) -> None:
    """Take the write lock and give it back.

    Raises:
        sqlite3.Error: another program has it.
    """
    assert engine.url.database is not None
    with contextlib.closing(sqlite3.connect(engine.url.database, timeout=0.2, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")


def after_commit(connection: Connection, callback: Callable[[], None]) -> None:
    """Call `callback` once the transaction of `Database.write` that the connection is in is committed, in the thread that commits it.

    If the transaction fails the callback is forgotten.
    """
    within(connection).setdefault(_AFTER_COMMIT, []).append(callback)


def within(connection: Connection) -> dict[str, Any]:
    """Notes on the transaction that the connection is in; gone with it."""
    notes: dict[str, Any] = connection.info.setdefault(_WITHIN, {})
    return notes


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
        self.health = DatabaseHealth(self._probe)
        # Keyed by whether they write, and wait patiently: keeping a connection open costs a tenth of taking one out of the engine's pool.
        self._idle: dict[tuple[bool, bool], list[tuple[Connection, float]]] = {
            (write, quick): [] for write in (False, True) for quick in (False, True)
        }
        self._closed = 0
        self._busy: Callable[[], bool] = lambda: True

    def watch(self, busy: Callable[[], bool] = lambda: True) -> None:
        """From now on no statement in an event loop's thread waits for long, and a database that does not answer is not asked again by
        anybody until it is back (`health`). Everybody must expect `OperationalError`, then.

        Args:
            busy: whether somebody talks who must not wait: then a statement has a tenth of a second, else a second.
        """
        self._busy = busy
        for write in (False, True):
            self._idle[write, True].append((self._connect(write=write, quick=True), time.monotonic()))
        self.health.watched = True

    @contextlib.contextmanager
    def write(self, *, long: bool = False, patience: float | None = None) -> Iterator[Connection]:
        """A transaction that may write; committed at the end of the block, rolled back when it raises.

        Args:
            long: lift the time limit of its statements on PostgreSQL, for migrations, imports and clean-ups.
            patience: real seconds that each of its statements may wait for PostgreSQL, and for a lock as long as one in the event loop's
                thread; None: as long as its thread may. Without effect in that thread, and without `watch`.

        Raises:
            DatabaseAway: the database does not answer, as an earlier transaction found out.
        """
        with self._transaction(write=True, long=long, patience=patience) as connection:
            if long and self.is_postgresql:
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            yield connection

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads.

        Raises:
            DatabaseAway: the database does not answer, as an earlier transaction found out.
        """
        with self._transaction(write=False) as connection:
            yield connection

    def close(self) -> None:
        """Close every connection; one that a thread still uses, at the end of its transaction."""
        self.health.close()
        self._close_idle()
        self.engine.dispose()

    def _close_idle(self) -> None:
        self._closed += 1
        for idle in self._idle.values():
            while idle:
                idle.pop()[0].close()

    @contextlib.contextmanager
    def _transaction(self, *, write: bool, long: bool = False, patience: float | None = None) -> Iterator[Connection]:
        quick = False
        if self.health.watched:
            self.health.check(write=write)
            in_loop = asyncio._get_running_loop() is not None
            quick = in_loop or patience is not None
            patience = self._quickness() if in_loop else patience or (None if long else _PATIENT)
        closed = self._closed  # before one is taken: connecting may last until the others are closed
        connection = self._take(write, quick)
        try:
            info = connection.info
            info.pop(_WITHIN, None)  # of a transaction that failed
            if self.is_postgresql:
                driver = connection.connection.driver_connection
                assert isinstance(driver, BoundedConnection)
                driver.patience = patience
            with connection.begin():
                yield connection
        except BaseException as error:
            self._judge(error)
            self._discard(connection, closed)  # whatever state it is in, the next transaction starts with a fresh one
            raise
        committed = info.pop(_WITHIN, {}).get(_AFTER_COMMIT, ())
        if closed == self._closed and not self.health.stopped:
            self._idle[write, quick].append((connection, time.monotonic()))
        else:
            self._discard(connection, closed)
        for callback in committed:
            callback()

    def _quickness(self) -> float:
        """How long a statement in the event loop's thread may wait now."""
        return self.health.patience(QUICK) if self._busy() else _UNHURRIED

    def _judge(self, error: BaseException) -> None:
        """Go by a failure: is it the database that does not answer?"""
        if not self.health.watched or not isinstance(error, DBAPIError) or isinstance(error, DatabaseAway):
            return
        if self.is_postgresql and error.connection_invalidated:
            self.health.failed(error)
        elif is_locked(error):
            self.health.failed(error, writes_only=True)

    def _discard(self, connection: Connection, closed: int) -> None:
        if closed != self._closed or self.health.stopped or self.health.away:  # the pool that it came from is gone, or it leads nowhere
            connection.invalidate()
        connection.close()

    def _take(self, write: bool, quick: bool) -> Connection:
        idle = self._idle[write, quick]
        while True:
            try:
                connection, used = idle.pop()
            except IndexError:  # none is left; another thread may have taken the last one at this moment
                break
            trusted = not self.is_postgresql or time.monotonic() - used < _TRUSTED_SECONDS
            if trusted or quick or self._is_alive(connection):  # a quick one fails soon enough
                return connection
            connection.invalidate()
            connection.close()
        return self._connect_soon(write) if quick and self.is_postgresql else self._connect(write=write, quick=quick)

    def _connect(self, *, write: bool, quick: bool) -> Connection:
        """A connection out of the engine's pool, or a new one; it waits for locks as its thread may."""
        try:
            connection = self.engine.connect().execution_options(write=write)
        except DBAPIError as error:
            self.health.failed(error)
            raise
        if connection.info.get(_QUICK, False) != quick:
            driver: Any = connection.connection.driver_connection
            short = _LOCK_MILLISECONDS if self.is_postgresql else _FILE_LOCK_MILLISECONDS
            milliseconds = short if quick else _BUSY_MILLISECONDS
            driver.execute(f"SET lock_timeout = {milliseconds}" if self.is_postgresql else f"PRAGMA busy_timeout = {milliseconds}")
            if self.is_postgresql:
                driver.commit()
            connection.info[_QUICK] = quick
        return connection

    def _connect_soon(self, write: bool) -> Connection:
        """As `_connect`, for the event loop's thread: another thread connects, and keeps the connection for later if that takes long."""
        closed, made, ready = self._closed, list[Connection | BaseException](), threading.Event()
        waiting = threading.Lock()

        def connect() -> None:
            try:
                found: Connection | BaseException = self._connect(write=write, quick=True)
            except Exception as error:
                found = error
            with waiting:
                made.append(found)
                if isinstance(found, Connection) and given_up:
                    self._keep(found, write, closed)
            ready.set()

        given_up: list[bool] = []
        threading.Thread(target=connect, name="database connection", daemon=True).start()
        ready.wait(self._quickness())
        with waiting:
            if not made:
                given_up.append(True)
                late = OperationalError(None, None, Exception("no connection came in time"))
                self.health.failed(late)
                raise late
        if isinstance(made[0], BaseException):
            raise made[0]
        return made[0]

    def _keep(self, connection: Connection, write: bool, closed: int) -> None:
        """Keep a quick connection that another thread made, unless the connections were closed while it was made."""
        if closed == self._closed and not self.health.stopped:
            self._idle[write, True].append((connection, time.monotonic()))
        else:
            connection.invalidate()
            connection.close()

    def _is_alive(self, connection: Connection) -> bool:
        driver = connection.connection.dbapi_connection
        assert driver is not None
        try:
            return bool(self.engine.dialect.do_ping(driver))
        except self.engine.dialect.loaded_dbapi.Error:
            return False

    def _probe(self) -> None:
        """Reach the database from a thread of its own; raises if that fails. Connections that were kept are not to be trusted any more."""
        if self.is_postgresql:
            probe_postgresql(self.engine)
            self._close_idle()
            self.engine.dispose()
            closed = self._closed
            for write in (False, True):
                self._keep(self._connect(write=write, quick=True), write, closed)
        else:
            probe_sqlite(self.engine)
