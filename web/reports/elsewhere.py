"""What reports need from the core's records: the hours of bots, suppressions, pushes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

from core.bots.store import read_version
from core.deliveries.queries import DeliveryFilter, list_deliveries
from core.kernel.database import Database
from core.kernel.moments import moment_text
from core.suppressions.store import entries_of
from dialler.reports.compliance import BotHours

__all__ = ["PushRecords", "Records"]

_PAGE = 500


class PushRecords:
    """The pushes, read where the core keeps them: no server is needed. Nothing is sent again here."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def deliveries(self, call_ids: Sequence[str], kind: str) -> Sequence[Mapping[str, Any]]:
        """The deliveries of one kind that the calls have made."""
        found: list[Mapping[str, Any]] = []
        with self._db.read() as connection:
            for first in range(0, len(call_ids), _PAGE):
                some = tuple(call_ids[first : first + _PAGE])
                rows = list_deliveries(connection, DeliveryFilter(kind=kind, call_ids=some), limit=len(some) * 10)
                found += ({**asdict(row), "delivered_at": moment_text(row.delivered_at) if row.delivered_at else None} for row in rows)
        return found

    async def replay(self, call_ids: Sequence[str], kind: str) -> int:
        """A report replays nothing."""
        raise NotImplementedError(f"a report does not replay the {kind} of {len(call_ids)} calls")


class Records:
    """The core's records in one database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.hours_of = cache(self._hours_of)

    def _hours_of(self, bot_id: str, version: int) -> BotHours | None:
        with self._db.read() as connection:
            stored = read_version(connection, bot_id, version)
        if stored is None:
            return None
        return BotHours(stored.config.time_zone, stored.config.active_hours, stored.config.permitted_hours)

    def suppressions_of(self, numbers: Iterable[str]) -> Sequence[Mapping[str, Any]]:
        """The suppressions of these numbers (E.164), the newest first."""
        with self._db.read() as connection:
            return [asdict(entry) for entry in entries_of(connection, numbers)]

    def pushes(self) -> PushRecords:
        """The pushes."""
        return PushRecords(self._db)
