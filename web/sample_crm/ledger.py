"""The arrivals at the sample CRM: the first of each webhook-id counts, repeats are counted, all are kept in a JSONL file."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from core.kernel.moments import moment_text

__all__ = ["Ledger"]

_LAST = 10


class Ledger:
    """Arrivals, kept in a file that is read again at the next start.

    Args:
        path: the JSONL file; one line an arrival: webhook_id, at, repeat, body.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._first: dict[str, dict[str, Any]] = {}
        self.repeats = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            file.seek(0)
            whole = 0
            for line in file:
                if line.endswith(b"\n"):
                    self._take(json.loads(line))
                    whole += len(line)
            file.truncate(whole)  # a line that a crash cut off was never acknowledged

    @property
    def name(self) -> str:
        """The name of its file."""
        return self._path.name

    def add(self, webhook_id: str, body: dict[str, Any], at: datetime) -> bool:
        """Record an arrival. Returns whether it is the first with its id."""
        arrival = {"webhook_id": webhook_id, "at": moment_text(at), "repeat": webhook_id in self._first, "body": body}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(arrival, ensure_ascii=False) + "\n")
        return self._take(arrival)

    def results(self) -> list[dict[str, Any]]:
        """The first arrival of each id, in order."""
        return list(self._first.values())

    def summary(self) -> dict[str, Any]:
        """How many arrived, per disposition, and the last ones."""
        dispositions = Counter(_disposition(arrival["body"]) for arrival in self._first.values())
        return {
            "received": len(self._first),
            "repeats": self.repeats,
            "dispositions": dict(dispositions.most_common()),
            "last": self.results()[-_LAST:],
        }

    def _take(self, arrival: dict[str, Any]) -> bool:
        if arrival["webhook_id"] in self._first:
            self.repeats += 1
            return False
        self._first[arrival["webhook_id"]] = arrival
        return True


def _disposition(body: dict[str, Any]) -> str:
    """The field called disposition, in any case."""
    return next((str(value) for name, value in body.items() if name.lower() == "disposition"), "(none)")
