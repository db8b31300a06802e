"""`dialler run --trunk` in a process of its own, as a user starts it, and what its database says."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.web.run.folders import make_folder
from tests.web.run.invariants import Records, opened

__all__ = ["Run", "database_of", "lab_campaign", "records", "running", "wait_for"]


def lab_campaign(
    place: Path, numbers: list[str], port: int, *, channels: int, per_second: float, bot: dict[str, Any] | None = None,
    campaign: dict[str, Any] | None = None, sip: str = "",
) -> Path:  # fmt: skip
    """A folder with these leads, and a lab trunk at this port."""
    limits = {"max_attempts": 1, "concurrency_limit": channels, "calls_per_second": per_second, **(campaign or {})}
    folder = make_folder(place, numbers, bot={"opening_message": "Hello there.", **(bot or {})}, campaign=limits)
    (folder / "trunks.yaml").write_text(
        f"trunks:\n  - name: lab\n    host: 127.0.0.1\n    port: {port}\n    local_address: 127.0.0.1\n    lab: true\n"
        f'    channels: {channels}\n    calls_per_second: {per_second}\n    numbers: ["+12025550101"]\n{sip}'
    )
    return folder


class Run:
    """A run that goes on."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path, log: Path) -> None:
        self.process, self.out, self._log = process, out, log

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid

    def written(self) -> str:
        """What it wrote."""
        return self._log.read_text(errors="replace")[-6000:]

    def wait(self, seconds: float) -> None:
        """Wait for a good end."""
        assert self.process.wait(seconds) == 0, self.written()

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.process.kill()
        self.process.wait(10)


@contextmanager
def running(folder: Path, place: Path, *options: str, voice: str = "tones") -> Iterator[Run]:
    """`dialler run FOLDER --trunk lab`; it is ended with the block."""
    out, log = place / "out", place / "run.log"
    environment = {**os.environ, "DIALLER_DATA": str(place / "data"), "PYTHONPATH": str(Path.cwd()), "COLUMNS": "200"}
    command = [sys.executable, "-m", "web.cli.main", "run", str(folder), "--trunk", "lab", "--voice", voice, "--out", str(out)]
    command += ["--database", database_of(place), *options]
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=place, env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        yield Run(process, out, log)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)


def database_of(place: Path) -> str:
    """The database of the runs in this place."""
    return f"sqlite:///{place / 'run.db'}"


def records(place: Path) -> Records:
    """Everything that the database of the runs in this place says."""
    with opened(database_of(place)) as connection:
        return Records(connection)


def states(place: Path) -> Counter[str]:
    """How many calls are in each state; none while there is no database yet."""
    if not (place / "run.db").exists():
        return Counter()
    try:
        return Counter(call.state for call in records(place).calls)
    except Exception:  # its tables are being made
        return Counter()


def wait_for(condition: Callable[[], bool], what: str, seconds: float, run: Run) -> None:
    """Wait until something is so, and the run has not ended."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert run.process.poll() is None, f"the run ended before {what}:\n{run.written()}"
        assert time.monotonic() < deadline, f"not in {seconds} s: {what}\n{run.written()}"
        time.sleep(0.1)
