"""Starts a sample CRM in a process of its own and ends it, each within bounded time."""

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
    """A sample CRM in a subprocess, which also ends when this process does, even by SIGKILL: its standard input closes then.

    Args:
        file: where it writes what arrives; its own log stands beside it.
        token: what pushes must bring as their Bearer token.
        port: its port on 127.0.0.1; 0 takes a free one.
        options: further options of `python -m web.sample_crm`.
    """

    def __init__(self, file: Path, token: str, *, port: int = 0, options: tuple[str, ...] = ()) -> None:
        self._file, self._token, self._port, self._options = file, token, port, options
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    @property
    def push_url(self) -> str:
        """Where pushes go; known once started."""
        return f"{self.url}/api/call-result"

    @property
    def results_url(self) -> str:
        """Where it shows what arrived; known once started."""
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
            SampleCrmFailed: when it does not within 30 s; says where its log is.
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
                start_new_session=True,  # Ctrl-C on the terminal is for us: the calls in progress still have to be pushed
            )
        line = self._first_line()
        if not line:
            self.stop()
            raise SampleCrmFailed(f"the sample CRM did not start within {_START_SECONDS:g} s; see {log_file}")
        self.url = str(json.loads(line)["url"])
        return self.url

    def stop(self) -> None:
        """End it: closes its standard input, and if that does not help within 5 s, by its process id."""
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
        """End it without a warning, as a crash would (for tests)."""
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
