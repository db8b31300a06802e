"""Fixtures that every test may use: a fresh database of each kind, a virtual clock."""

from __future__ import annotations

import asyncio
import inspect
import os
import shutil
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from core.kernel.database import Database
from core.kernel.virtual_clock import VirtualClock
from tests import postgres
from web.migrate import upgrade

# The same examples in every run, so that a change is judged by what it changes; HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

START = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)  # a Wednesday


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    """The name of a migrated, empty PostgreSQL database: a copy of it is made in milliseconds."""
    url = postgres.make_database()
    _migrate(url)
    yield url.partition("?")[0].rsplit("/", 1)[1]
    postgres.drop_database(url)


@pytest.fixture(scope="session")
def emptied_postgres(postgres_template: str) -> Iterator[postgres.Emptied]:
    """A PostgreSQL database that the tests of a process use one after another."""
    emptied = postgres.Emptied(postgres_template)
    yield emptied
    emptied.drop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    _migrate(f"sqlite:///{path}")
    return path


def _migrate(url: str) -> None:
    database = Database(url)
    upgrade(database)
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, migrated database; each test that asks for it runs once a kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "test.db")
        yield f"sqlite:///{tmp_path}/test.db"
    else:
        emptied: postgres.Emptied = request.getfixturevalue("emptied_postgres")
        yield emptied.take()
        emptied.give_back()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database with every table, of each kind in turn."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def in_virtual_time() -> Callable[[Callable[[VirtualClock], Coroutine[Any, Any, Any]]], Any]:
    """Run `test(clock)` to its end in virtual time that begins at START; returns what it returned."""

    def run(test: Callable[[VirtualClock], Coroutine[Any, Any, Any]], start: datetime = START) -> Any:
        async def main() -> Any:
            clock = VirtualClock(start)
            try:
                return await clock.spawn(test(clock), name=getattr(test, "__name__", "test"))
            finally:
                clock.close()

        assert inspect.iscoroutinefunction(test)
        return asyncio.run(asyncio.wait_for(main(), 60))

    return run
