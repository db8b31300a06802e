"""Runs a test against a core of its own, in virtual time."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.kernel.database import Database
from core.kernel.virtual_clock import VirtualClock
from tests.conftest import START
from tests.core.api.support import Core, in_time, open_core

CoreTest = Callable[[Core], Coroutine[Any, Any, Any]]


@pytest.fixture
def sqlite(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A fresh SQLite database: for what does not depend on the kind of database."""
    shutil.copy(sqlite_template, tmp_path / "core.db")
    database = Database(f"sqlite:///{tmp_path}/core.db")
    yield database
    database.close()


def run_core(test: CoreTest, db: Database, folder: Path, **settings: Any) -> Any:
    """Run `test(core)` to its end in virtual time that begins at `start`; returns what it returned."""

    async def main() -> Any:
        clock = VirtualClock(settings.pop("start", START))
        try:

            async def body() -> Any:
                async with open_core(db, clock, folder, **settings) as core:
                    return await test(core)

            return await clock.spawn(body(), name="test")
        finally:
            clock.close()

    return in_time(main())


@pytest.fixture
def with_core(sqlite: Database, tmp_path: Path) -> Callable[..., Any]:
    """`with_core(test, **settings)` runs `test(core)` on SQLite."""
    return lambda test, **settings: run_core(test, sqlite, tmp_path, **settings)


@pytest.fixture
def with_each_core(database: Database, tmp_path: Path) -> Callable[..., Any]:
    """`with_each_core(test, **settings)` runs `test(core)` on SQLite, and again on PostgreSQL."""
    return lambda test, **settings: run_core(test, database, tmp_path, **settings)
