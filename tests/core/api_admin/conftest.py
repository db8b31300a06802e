"""Runs a test against a core of its own, with an admin key, on both databases, in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.access.secrets import SecretStore
from core.kernel.database import Database
from core.kernel.secrets import SecretBox
from tests.core.api.conftest import CoreTest, run_core, sqlite
from tests.core.api.support import Core

__all__ = ["sqlite"]


def _run(test: CoreTest, database: Database, folder: Path, **settings: Any) -> Any:
    async def body(core: Core) -> Any:
        core.engine.secrets = SecretStore(SecretBox.open(folder / "keys", {}), {})
        core.http.headers.update(core.key(role="admin"))
        return await test(core)

    return run_core(body, database, folder, **settings)


@pytest.fixture
def admin(database: Database, tmp_path: Path) -> Callable[..., Any]:
    """`admin(test, **settings)` runs `test(core)`, whose client has an admin key, once on each kind of database."""
    return lambda test, **settings: _run(test, database, tmp_path, **settings)


@pytest.fixture
def admin_on_sqlite(sqlite: Database, tmp_path: Path) -> Callable[..., Any]:
    """The same on SQLite alone: for what does not depend on the kind of database."""
    return lambda test, **settings: _run(test, sqlite, tmp_path, **settings)
