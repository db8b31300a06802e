"""What was pushed for a campaign's calls, read where the core keeps it: no server is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from core.deliveries.queries import DeliveryFilter, list_deliveries
from core.kernel.database import Database
from core.kernel.moments import moment_text

__all__ = ["PAGE", "PushRecords"]

PAGE: Final = 500
"""Calls in one statement: a statement takes only so many parameters."""


class PushRecords:
    """The pushes in one database. Nothing is sent again here."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def deliveries(self, call_ids: Sequence[str], kind: str) -> Sequence[Mapping[str, Any]]:
        """The deliveries of one kind that the calls have made."""
        found: list[Mapping[str, Any]] = []
        with self._db.read() as connection:
            for first in range(0, len(call_ids), PAGE):
                some = tuple(call_ids[first : first + PAGE])
                rows = list_deliveries(connection, DeliveryFilter(kind=kind, call_ids=some), limit=len(some) * 10)
                found += ({**asdict(row), "delivered_at": moment_text(row.delivered_at) if row.delivered_at else None} for row in rows)
        return found

    async def replay(self, call_ids: Sequence[str], kind: str) -> int:
        """A report replays nothing."""
        raise NotImplementedError(f"a report does not replay the {kind} of {len(call_ids)} calls")
