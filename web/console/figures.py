"""The counts of campaigns, for every page that shows them: counted in a thread, kept for as long as counting is dear.

Counting goes through all leads of a campaign. A small one is counted each second, one of a million leads every few seconds; every page and
the live stream show the same figures, with the time at which they were counted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from core.kernel.database import Database
from dialler.leads.progress import DispositionCount, Progress, count_dispositions, progress

__all__ = ["Counted", "Figures"]

_FRESH: Final = 0.4
_COST: Final = 20.0
_MOST: Final = 500


@dataclass(frozen=True)
class Counted:
    """The counts of a campaign at one time."""

    progress: Progress
    dispositions: tuple[DispositionCount, ...]
    at: datetime


@dataclass
class _Kept:
    counted: Counted
    stale_at: float


class Figures:
    """The counts of campaigns.

    Args:
        read: runs a function with a connection of its own in a thread.
        wall: the wall clock's time.
    """

    def __init__(self, open_database: Callable[[], Database], wall: Callable[[], datetime]) -> None:
        self._open, self._wall = open_database, wall
        self._kept: dict[str, _Kept] = {}
        self._under_way: dict[str, asyncio.Task[Counted]] = {}

    async def of(self, campaign_id: str) -> Counted:
        """The counts of a campaign: those that are kept, while they are fresh or being counted anew; else counted now."""
        kept = self._kept.get(campaign_id)
        if kept is not None and time.monotonic() < kept.stale_at:
            return kept.counted
        if campaign_id not in self._under_way:
            task = asyncio.create_task(asyncio.to_thread(self._count, campaign_id), name="console figures")
            self._under_way[campaign_id] = task
            task.add_done_callback(lambda done: self._under_way.pop(campaign_id, None) and done.cancelled())
        task = self._under_way[campaign_id]
        if kept is not None and time.monotonic() > kept.stale_at + _COST:
            kept = None  # nobody has looked for a while
        if kept is not None:
            return kept.counted
        return await asyncio.shield(task)

    def count(self, connection: Connection, campaign_id: str) -> Counted:
        """Count now, in the caller's thread, and keep it: for the live hub."""
        began = time.monotonic()
        counted = Counted(progress(connection, campaign_id), tuple(count_dispositions(connection, campaign_id)), self._wall())
        cost = time.monotonic() - began
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[campaign_id] = _Kept(counted, began + max(_FRESH, _COST * cost))
        return counted

    def forget(self, campaign_id: str) -> None:
        """Count anew the next time: an order was given."""
        self._kept.pop(campaign_id, None)

    def _count(self, campaign_id: str) -> Counted:
        with self._open().read() as connection:
            return self.count(connection, campaign_id)
