"""The database away under live calls of the sandbox, in real time; the callees' own log is the witness: nobody was hung up on."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import psycopg
import pytest

from tests import postgres
from tests.live.relay_db import Relay, relay_to
from tests.web.run.folders import make_folder, profile_numbers

pytestmark = pytest.mark.needs("sippy")
LEADS, AT_ONCE = 24, 12


def events(out: Path) -> list[dict[str, object]]:
    """What the callees' network has seen."""
    log = out / "network.jsonl"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


@contextlib.contextmanager
def running(place: Path, url: str) -> Iterator[tuple[subprocess.Popen[bytes], Path, Path]]:
    """A campaign in real time, in a process of its own."""
    limits = {"max_attempts": 1, "concurrency_limit": AT_ONCE, "calls_per_second": 5}
    folder = make_folder(place / "campaign", profile_numbers(LEADS), campaign=limits)
    out, log = place / "out", place / "run.log"
    environment = {**os.environ, "DIALLER_DATA": str(place / "data"), "PYTHONPATH": str(Path.cwd()), "COLUMNS": "200"}
    command = [sys.executable, "-m", "web.cli.main", "run", str(folder), "--speed", "1", "--seats", str(AT_ONCE)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, "--out", str(out), "--database", url],
            cwd=place, env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        yield process, out, log
    finally:
        process.terminate()
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def wait_for(condition: Callable[[], bool], what: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not in {seconds} s: {what}"
        time.sleep(0.2)


def answered(out: Path) -> int:
    return Counter(event["event"] for event in events(out))["answered"]


def check(rows: list[tuple[str, str | None, str | None]], out: Path, log: Path) -> None:
    """Every call has the end that its callee saw: none was cut off by us, none is in doubt."""
    assert len(rows) == LEADS
    assert {state for state, _, _ in rows} == {"done"}
    reasons = Counter(reason for _, reason, _ in rows)
    assert not {"worker_died", "may_have_been_dialled", "pipeline_failure"} & set(reasons), reasons
    assert Counter(event["event"] for event in events(out))["ended"] == LEADS
    told = [line for line in log.read_text().splitlines() if re.search(r" (WARNING|ERROR) ", line)]
    assert sum("the database does not answer" in line for line in told) >= 1, told
    assert len(told) < 20, told


CALLS = "SELECT state, ending ->> 'end_reason', ending ->> 'disconnected_by' FROM calls"


@contextlib.contextmanager
def relayed() -> Iterator[tuple[str, str, Relay]]:
    """A PostgreSQL database, and a way to it that can be cut: its own URL, the URL of that way, the relay."""
    url = postgres.make_database()
    try:
        match = re.search(r"host=([^&]+)", url)
        if match is None:
            pytest.skip("the server of the tests has no Unix socket")
        socket, user = glob.glob(unquote(match[1]) + "/.s.PGSQL.[0-9]*[0-9]")[0], re.search(r"//([^:@]*)", url)
        with relay_to(socket) as relay:
            name = url.partition("?")[0].rsplit("/", 1)[1]
            yield url, f"postgresql://{user[1] if user else 'postgres'}@127.0.0.1:{relay.port}/{name}", relay
    finally:
        postgres.drop_database(url)


@pytest.mark.parametrize(("mode", "seconds"), [("refuse", 20), ("swallow", 20), ("swallow", 120)])
def test_postgresql_is_away(tmp_path: Path, mode: str, seconds: float) -> None:
    with relayed() as (url, way, relay), running(tmp_path, way) as (_, out, log):
        wait_for(lambda: answered(out) >= 3, "three have answered", 120)
        relay.mode = mode  # type: ignore[assignment]
        time.sleep(seconds)
        relay.mode = "pass"

        def rows() -> list[tuple[str, str | None, str | None]]:
            with psycopg.connect(url) as connection:
                return connection.execute(CALLS).fetchall()

        wait_for(lambda: [state for state, _, _ in rows()] == ["done"] * LEADS, "every call is over", 240)
        check(rows(), out, log)


def test_sqlite_is_locked_by_another_program(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with running(tmp_path, f"sqlite:///{path}") as (_, out, log):
        wait_for(lambda: answered(out) >= 3, "three have answered", 120)
        with contextlib.closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            time.sleep(20)
            other.execute("ROLLBACK")
            wait_for(lambda: [row[0] for row in other.execute(CALLS)] == ["done"] * LEADS, "every call is over", 240)
            check(other.execute(CALLS).fetchall(), out, log)


def test_killed_while_it_is_away(tmp_path: Path) -> None:
    """What happened until then was kept in a file; the next start takes it in."""
    with relayed() as (url, way, relay):
        with running(tmp_path, way) as (process, out, _):
            wait_for(lambda: answered(out) >= 3, "three have answered", 120)
            relay.mode = "swallow"
            time.sleep(30)
            process.kill()
            process.wait(10)
        ended = {event["attempt"] for event in events(out) if event["event"] == "ended"}
        assert list((tmp_path / "data" / "unwritten").iterdir())
        relay.mode = "pass"
        with running(tmp_path, way) as (_, out, log):

            def rows() -> list[tuple[str, str | None, str]]:
                with psycopg.connect(url) as connection:
                    return connection.execute("SELECT state, ending ->> 'end_reason', idempotency_key FROM calls").fetchall()

            wait_for(lambda: "took in what was kept" in log.read_text(), "the file is taken in", 120)
            wait_for(lambda: {key for state, _, key in rows() if state == "done"} >= ended, "what had ended is done", 120)
            lost = [reason for _, reason, key in rows() if key in ended and reason in {"worker_died", "may_have_been_dialled"}]
            assert lost == []
