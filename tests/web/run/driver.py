"""A run in a process of its own, which tests kill: started quickly, by forking a server that has everything imported."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from dialler.campaigns.owner import AlreadyRunning
from tests.web.run import faults
from tests.web.run.folders import START, open_folder, settings_for
from web.run.reporters import Reporter
from web.run.session import run_folder

__all__ = ["REFUSED", "Child", "RunSpec"]

REFUSED = 9
"""Exit code of a run that another one kept out."""

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["tests.web.run.driver"])


@dataclass(frozen=True)
class RunSpec:
    """What to run. `speed` None is virtual time; `fault` names what goes wrong (`tests.web.run.faults`)."""

    folder: Path
    out: Path
    database_url: str
    speed: float | None = None
    start: datetime = START
    seed: int | None = 1
    fault: str = ""
    more: dict[str, Any] = field(default_factory=dict)


class _Saying(Reporter):
    """Writes the notes, and no progress."""

    def say(self, text: str) -> None:
        print(text, flush=True)


class Child:
    """A process that runs a folder."""

    def __init__(self, spec: RunSpec) -> None:
        self.spec = spec
        spec.out.mkdir(parents=True, exist_ok=True)
        self._process: ForkServerProcess = _server.Process(target=_run, args=(spec,), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.is_alive()

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._process.kill()
        self._process.join(30)

    def wait(self, seconds: float = 90) -> int:
        """Its exit code; negative the signal that ended it. Fails, with what it wrote, if it takes longer."""
        self._process.join(seconds)
        if self._process.exitcode is None:
            self.kill()
            raise AssertionError(f"the run did not end within {seconds} s; it wrote:\n{self.written()}")
        return self._process.exitcode

    def written(self) -> str:
        """The end of what it wrote."""
        return (self.spec.out / "child.log").read_text(encoding="utf-8", errors="replace")[-4000:]

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        if self.running:
            self.kill()


def run_dying(spec: RunSpec, fault: str) -> None:
    """Run a folder in a process that dies where `fault` says."""
    with Child(replace(spec, fault=fault)) as child:
        assert child.wait() == -9, child.written()


def wait_until(true: Callable[[], bool], what: str, child: Child | None = None, seconds: float = 30) -> None:
    """Look every few milliseconds until something is true; fails when it takes too long, or the child has ended."""
    import time

    deadline = time.monotonic() + seconds
    while not true():
        if child is not None and not child.running:
            raise AssertionError(f"the run ended before {what}; it wrote:\n{child.written()}")
        if time.monotonic() > deadline:
            raise AssertionError(f"it took too long until {what}" + (f"; the run wrote:\n{child.written()}" if child else ""))
        time.sleep(0.003)


def _run(spec: RunSpec) -> None:
    with (spec.out / "child.log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    faults.install(spec.fault)
    settings = settings_for(spec.out, spec.database_url, speed=spec.speed, start=spec.start, seed=spec.seed, **spec.more)
    try:
        summary = asyncio.run(run_folder(open_folder(spec.folder), settings, spec.out, _Saying()))
    except AlreadyRunning as error:
        print(error)
        sys.exit(REFUSED)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(1)
    sys.exit(summary.exit_code)
