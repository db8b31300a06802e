"""Whether the database answers: one failure, then nobody waits for it until it is back."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from core.kernel.database import Database
from core.kernel.database_health import DatabaseAway, DatabaseHealth


def until(condition: threading.Event) -> None:
    assert condition.wait(10)


class Server:
    """A server that a probe reaches or not."""

    def __init__(self) -> None:
        self.there, self.now = threading.Event(), 0.0
        self.health = DatabaseHealth(self._probe, lambda: self.now)
        self.health.watched = True
        self.back = threading.Event()
        self.health.when_back(self.back.set)

    def _probe(self) -> None:
        self.now += 10.0
        if not self.there.wait(0.05):
            raise ConnectionError("gone")


def test_everybody_is_refused_at_once_until_it_is_back(caplog: pytest.LogCaptureFixture) -> None:
    server = Server()
    server.health.check(write=True)
    for _ in range(50):
        server.health.failed(OperationalError(None, None, Exception("connection refused\nIs it running?")))
    for write in (True, False):
        with pytest.raises(DatabaseAway, match="does not answer: connection refused"):
            server.health.check(write=write)
    assert server.health.level(logging.ERROR) == logging.DEBUG
    time_to_fail = threading.Event()
    time_to_fail.wait(0.3)
    server.there.set()
    until(server.back)
    server.health.check(write=True)
    assert server.health.level(logging.ERROR) == logging.ERROR
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(told) == 2, told  # a few lines an outage, whoever asks how often
    assert "dialling rests" in told[0]
    assert told[1].startswith("the database is back after")


def test_one_that_is_only_slow_makes_no_lines_and_is_given_more_time(caplog: pytest.LogCaptureFixture) -> None:
    server = Server()
    server.there.set()
    server._probe = lambda: None  # type: ignore[method-assign]
    health = DatabaseHealth(lambda: None, lambda: server.now)
    health.watched = True
    back = threading.Event()
    health.when_back(back.set)
    assert health.patience(0.08) == 0.08
    for expected in (0.16, 0.32):
        back.clear()
        health.failed(OperationalError(None, None, Exception("no answer came")))
        until(back)
        assert health.patience(0.08) == pytest.approx(expected)
    server.now += 61.0
    assert health.patience(0.08) == 0.08
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_without_being_watched_every_transaction_is_tried() -> None:
    health = DatabaseHealth(lambda: None)
    health.failed(OperationalError(None, None, Exception("gone")))
    health.check(write=True)


async def in_loop(database: Database) -> float:
    """Try to write from the event loop's thread; returns how long that took."""
    began = time.monotonic()
    with contextlib.suppress(OperationalError), database.write() as connection:
        connection.execute(text("SELECT 1"))
        raise AssertionError("it was not locked")
    return time.monotonic() - began


@pytest.mark.asyncio
async def test_a_file_that_another_program_has_locked_keeps_no_loop_waiting(tmp_path: Path, sqlite_template: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    with database.write() as connection:
        connection.execute(text("CREATE TABLE things (name TEXT)"))
    database.watch()
    back = threading.Event()
    database.health.when_back(back.set)
    with contextlib.closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        first = await in_loop(database)
        assert first < 2.0  # (1 s, and whatever a busy machine adds)
        assert database.health.away
        assert sum([await in_loop(database) for _ in range(100)]) < 0.5  # refused at once
        with database.read() as connection:  # it can be read meanwhile
            connection.execute(text("SELECT name FROM things"))
        other.execute("ROLLBACK")
    until(back)
    with database.write() as connection:
        connection.execute(text("INSERT INTO things VALUES ('one')"))
    database.close()
