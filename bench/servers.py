"""Databases for the measurements: fresh SQLite files, and databases on the test suite's PostgreSQL server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from core.kernel.database import Database
from tests import postgres
from web.migrate import upgrade

KINDS = ("sqlite", "postgresql")


@contextlib.contextmanager
def fresh(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a new, migrated database of that kind; removed at the end of the block."""
    url = f"sqlite:///{folder}/bench.db" if kind == "sqlite" else postgres.make_database()
    try:
        db = Database(url)
        upgrade(db)
        db.close()
        yield url
    finally:
        if kind == "postgresql":
            postgres.drop_database(url)
