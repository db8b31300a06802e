"""What reports need from the core's records: the hours of bots, suppressions, pushes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

from core.bots.store import read_version
from core.kernel.database import Database
from core.suppressions.store import entries_of
from dialler.reports.compliance import BotHours
from web.push_records import PushRecords

__all__ = ["Records"]


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
