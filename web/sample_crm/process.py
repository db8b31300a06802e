"""Starts a sample CRM in a separate process and ends it, each within a time limit."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType

from web.sample_crm.__main__ import TOKEN_VARIABLE

__all__ = ["SampleCrm", "SampleCrmFailed"]

_START_SECONDS = 30.0
_STOP_SECONDS = 5.0


class SampleCrmFailed(Exception):
    """The sample CRM did not start."""


class SampleCrm:
    """A sample CRM in a subprocess, which also ends when this process does, even by SIGKILL, because its standard input closes.

    Args:
        file: where it writes arrivals; its own log is beside it.
        token: the Bearer token that pushes must have.
        port: its port on 127.0.0.1; 0 picks a free one.
        options: further options of `python -m web.sample_crm`.
    """

    def __init__(self, file: Path, token: str, *, port: int = 0, options: tuple[str, ...] = ()) -> None:
        self._file, self._token, self._port, self._options = file, token, port, options
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    @property
    def push_url(self) -> str:
        """The URL for pushes; known once started."""
        return f"{self.url}/api/call-result"

    @property
    def results_url(self) -> str:
        """The URL that lists arrivals; known once started."""
        return f"{self.url}/api/call-results"

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process else None

    def __enter__(self) -> SampleCrm:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> str:
        """Start it and wait until it takes connections. Returns its URL.

        Raises:
            SampleCrmFailed: it does not start within 30 s; the message names its log.
        """
        self._file.parent.mkdir(parents=True, exist_ok=True)
        log_file = self._file.with_suffix(".log")
        with log_file.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [
                    *(sys.executable, "-m", "web.sample_crm", "--port", str(self._port)),
                    *("--file", str(self._file), "--until-stdin-closes", *self._options),
                ],
                env={**os.environ, TOKEN_VARIABLE: self._token},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # Ctrl-C in the terminal is for us: the calls in progress still have to be pushed
            )
        line = self._first_line()
        if not line:
            self.stop()
            raise SampleCrmFailed(f"the sample CRM did not start within {_START_SECONDS:g} s; see {log_file}")
        self.url = str(json.loads(line)["url"])
        return self.url

    def stop(self) -> None:
        """End it: close its standard input, and if that does not help within 5 s, terminate it."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_STOP_SECONDS)
        process.stdout.close()

    def kill(self) -> None:
        """Kill it without warning, as a crash would (for tests)."""
        if self._process is not None:
            self._process.kill()
        self.stop()

    def _first_line(self) -> str:
        """The first line that it prints; empty if it ends before, or takes too long."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=lambda stream=process.stdout: lines.put(stream.readline()), daemon=True).start()
        try:
            return lines.get(timeout=_START_SECONDS)
        except queue.Empty:
            return ""
