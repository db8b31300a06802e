"""Reading the network's log: for tests, for checks of our own records against it, and for callees with a memory."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["InviteCounter", "read_network_log"]


def read_network_log(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of the log in order; a torn line (a power cut) is left out.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        for line in file:
            if (entry := _parsed(line)) is not None:
                yield entry


class InviteCounter:
    """How often a number's phone has been called before, by the log: so a restart, or another process, changes nothing.

    Reads on from where it stopped, and counts only numbers that it is asked to remember.

    Args:
        path: the log.
        remembers: whether a number's calls are counted.
    """

    def __init__(self, path: Path, remembers: Callable[[str], bool]) -> None:
        self._path, self._remembers = path, remembers
        self._offset = 0
        self._counts: Counter[str] = Counter()

    def count(self, number: str) -> int:
        """Invites to `number` in the log so far that no trunk refused."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    break  # another process is writing it
                self._offset += len(line)
                if b'"invite"' in line and (entry := _parsed(line)) is not None:
                    self._add(entry)
        return self._counts[number]

    def _add(self, entry: dict[str, Any]) -> None:
        number = str(entry.get("to"))
        if entry.get("event") == "invite" and not entry.get("refused_by") and self._remembers(number):
            self._counts[number] += 1


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None
