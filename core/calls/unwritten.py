"""What could not be written of calls, in a file: so that a process that dies while the database is away loses nothing of them.

Each process has a file of its own, beside the recordings. Its first line says whose it is; each other line is what the database does not
know of one call, and replaces an earlier line of that call. `core.calls.taking_in` takes in the files of processes that have died.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from core.calls.event_log import Unwritten
from core.kernel.failures import without_values
from core.kernel.lines import Lines
from core.kernel.processes import ProcessIdentity, this_process

__all__ = ["KeptCall", "OptOut", "UnwrittenFile", "files_in"]

log = logging.getLogger(__name__)

_MOMENTS = frozenset({"ringing_at", "answered_at", "ended_at"})


@dataclass(frozen=True)
class OptOut:
    """The callee of a call has asked not to be called again: their number, and the lines that the call is on."""

    number: str
    lines: Lines
    call_id: str
    at: datetime


@dataclass(frozen=True)
class KeptCall:
    """What the database does not know of one call.

    Attributes:
        call_id: the call.
        worker_id: whose it is.
        what: columns of its row and events.
        opt_outs: whom never to call again, whoever has the call by now.
    """

    call_id: str
    worker_id: str
    what: Unwritten
    opt_outs: tuple[OptOut, ...] = field(default=())

    def line(self) -> str:
        """It as a line of a file."""
        return json.dumps(asdict(self), default=_plain)

    @classmethod
    def read(cls, line: str) -> KeptCall:
        """What `line` wrote."""
        found = json.loads(line)
        what = found["what"]
        values = {name: _moment(value) if name in _MOMENTS else value for name, value in what["values"].items()}
        events = [{**event, "at": _moment(event["at"])} for event in what["events"]]
        opt_outs = tuple(OptOut(**{**one, "at": _moment(one["at"])}) for one in found["opt_outs"])
        return cls(found["call_id"], found["worker_id"], Unwritten(what["from_state"], values, events), opt_outs)


class UnwrittenFile:
    """The file of one process; it is there only while it has something to say.

    Args:
        path: where it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, calls: Iterable[KeptCall]) -> None:
        """Append calls. A failure is logged: the calls are in memory all the same."""
        try:
            is_new = not self.path.exists()
            if is_new:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self.path.touch(0o600)
            with self.path.open("a", encoding="utf-8") as file:
                if is_new:
                    file.write(json.dumps(asdict(this_process())) + "\n")
                file.writelines(call.line() + "\n" for call in calls)
        except OSError as error:
            log.error("what happened on calls could not be kept in %s: %s", self.path, without_values(error))

    def owner(self) -> ProcessIdentity | None:
        """The process whose file it is; None if it cannot be read."""
        try:
            with self.path.open(encoding="utf-8") as file:
                return ProcessIdentity(**json.loads(file.readline()))
        except (OSError, ValueError, TypeError):
            return None

    def calls(self) -> list[KeptCall]:
        """The calls in it, the last line of each. A line that was cut off by the death of its process is left out."""
        found: dict[str, KeptCall] = {}
        with self.path.open(encoding="utf-8") as file:
            for line in list(file)[1:]:
                try:
                    call = KeptCall.read(line)
                except (ValueError, KeyError, TypeError):
                    log.warning("%s: a line was cut off; what the database knows of its call stands", self.path)
                    continue
                found[call.call_id] = call
        return list(found.values())

    def remove(self) -> None:
        """Everything in it is in the database."""
        self.path.unlink(missing_ok=True)


def files_in(folder: Path) -> Iterator[UnwrittenFile]:
    """The files of all processes that kept theirs there."""
    return (UnwrittenFile(path) for path in sorted(folder.glob("*.jsonl")))


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be kept in a file")


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
