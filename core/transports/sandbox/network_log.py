"""The callee's side of the sandbox keeps its own log: what reached it, in lines that nobody else writes.

It knows nothing of calls, databases or dialling: it writes down what it received, even the same attempt twice, and under
which name the process that sent it had registered (its run), so that it can accuse us, and nobody else. A line is one
write to a descriptor opened for appending, so that a SIGKILL, or another process with the same file, leaves only whole
lines. The lines are described in docs/sandbox.md.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

__all__ = ["Arrival", "EndedBy", "NetworkLog"]

EndedBy = Literal["caller", "callee", "network", "transfer"]


@dataclass(frozen=True)
class Arrival:
    """What the callee's network sees of a call: the number called, the caller ID shown, the attempt header."""

    to: str
    from_number: str | None
    attempt: str


class NetworkLog:
    """Appends to the log.

    Args:
        path: the file; made if missing, readable for its owner only, never truncated.
        run: the name that this process registers with: its first line says so, and every line that it causes carries it.

    Raises:
        OSError: the file cannot be opened.
    """

    def __init__(self, path: Path, run: str) -> None:
        self.path, self._run = path, run
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":  # a power cut may have torn the last line
            os.write(self._file, b"\n")

    def opened(self, time: datetime) -> None:
        """A process registered. To be called before its first INVITE."""
        self._write_line({"time": time.isoformat(timespec="milliseconds"), "event": "opened", "sandbox": True, "run": self._run})

    def invite(
        self,
        time: datetime,
        arrival: Arrival,
        *,
        planned: str,
        rings: bool,
        ring_seconds: float | None,
        refused_by: Literal["trunk"] | None = None,
    ) -> None:
        """An INVITE came in. On disk when this returns; to be called before anything else is told to the caller.

        Args:
            time: when, by the clock.
            arrival: what is seen of the call.
            planned: what the callee is going to do.
            rings: whether the callee's phone rings.
            ring_seconds: seconds until the callee's side answers or gives up; None if it never gets that far.
            refused_by: "trunk" if our own trunk refused the call before it left.

        Raises:
            OSError: the line could not be written whole.
        """
        self._write(time, "invite", arrival, planned=planned, rings=rings, ring_seconds=ring_seconds, refused_by=refused_by)

    def inbound(self, time: datetime, arrival: Arrival, *, planned: str) -> None:
        """Somebody calls one of our numbers; `planned` is how they talk."""
        self._write(time, "incoming", arrival, planned=planned)

    def answered(self, time: datetime, arrival: Arrival) -> None:
        """The callee, or a machine, picked up."""
        self._write(time, "answered", arrival)

    def ended(self, time: datetime, arrival: Arrival, *, by: EndedBy, sip_status: int, talk_seconds: float) -> None:
        """The call is over: who ended it, its final SIP status (200 if it was answered), seconds since the answer (else 0)."""
        self._write(time, "ended", arrival, by=by, sip_status=sip_status, talk_seconds=round(talk_seconds, 3))

    def close(self) -> None:
        """Close the file; harmless when closed."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _write(self, time: datetime, event: str, arrival: Arrival, **more: object) -> None:
        entry = {
            "time": time.isoformat(timespec="milliseconds"),
            "event": event,
            "sandbox": True,
            "run": self._run,
            "to": arrival.to,
            "from": arrival.from_number,
            "attempt": arrival.attempt,
            **more,
        }
        self._write_line(entry)

    def _write_line(self, entry: dict[str, object]) -> None:
        line = json.dumps(entry).encode() + b"\n"
        if os.write(self._file, line) != len(line):
            raise OSError(f"a line of {self.path} was written only in part: is the disk full?")
