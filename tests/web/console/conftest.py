"""Runs a test against the console of a whole process."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.web.console.support import run_console


@pytest.fixture
def console(database_url: str, tmp_path: Path) -> Callable[..., Any]:
    """`console(test, **settings)` runs `test(desk)`, once on each kind of database."""
    return lambda test, **settings: run_console(test, database_url, tmp_path, **settings)


@pytest.fixture
def console_on_sqlite(sqlite_template: Path, tmp_path: Path) -> Callable[..., Any]:
    """The same on SQLite alone: for what does not depend on the kind of database."""
    shutil.copy(sqlite_template, tmp_path / "console.db")
    return lambda test, **settings: run_console(test, f"sqlite:///{tmp_path}/console.db", tmp_path, **settings)
