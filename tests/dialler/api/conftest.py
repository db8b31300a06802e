"""Runs a test against the API of a whole process."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.dialler.api.support import run_api


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Callable[..., Any]:
    """`api(test, **settings)` runs `test(api)`, once on each kind of database."""
    return lambda test, **settings: run_api(test, database_url, tmp_path, **settings)


@pytest.fixture
def api_on_sqlite(sqlite_template: Path, tmp_path: Path) -> Callable[..., Any]:
    """The same on SQLite alone: for what does not depend on the kind of database."""
    shutil.copy(sqlite_template, tmp_path / "api.db")
    return lambda test, **settings: run_api(test, f"sqlite:///{tmp_path}/api.db", tmp_path, **settings)
