"""Wrong API keys are logged and throttled, without shutting out valid keys. In memory, per process.

A key of 256 random bits cannot be guessed. This shows the operator who tries (or which backend uses last year's key), and keeps them from
loading the database. Many people may share one address, so a valid key always passes.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from core.access.keys import hash_of
from core.access.strangers import Strangers, neighbourhood

__all__ = ["RETRY_AFTER", "WrongKeys"]

log = logging.getLogger(__name__)

_LOOKED_UP_EVERY: Final = timedelta(seconds=5)
_LINE_EVERY: Final = timedelta(minutes=1)
_LINES: Final = 60
"""Most log lines a minute, all addresses together: a client with many addresses cannot fill the log."""
_MOST: Final = 10_000
RETRY_AFTER: Final = timedelta(seconds=2)
"""Seconds after which a throttled client regains one try."""


class WrongKeys:
    """Counts wrong keys by address. Times are wall-clock times."""

    def __init__(self) -> None:
        self._strangers = Strangers()
        self._valid: frozenset[str] = frozenset()
        self._valid_at: datetime | None = None
        self._told: OrderedDict[str, tuple[datetime, int]] = OrderedDict()
        self._lines: list[datetime] = []
        self._untold = 0

    def turns_away(self, address: str, key: str, now: datetime, valid_hashes: Callable[[], frozenset[str]]) -> bool:
        """Whether to refuse this key without a look-up: it is wrong, and this address has sent too many wrong ones.

        Args:
            address: the client's.
            key: what was shown.
            now: the wall clock's time.
            valid_hashes: reads the hashes of all valid keys; called at most every five seconds, and only when needed.
        """
        if not self._strangers.are_turned_away(address, "", now.timestamp()):
            return False
        if self._valid_at is None or abs(now - self._valid_at) >= _LOOKED_UP_EVERY:
            self._valid, self._valid_at = valid_hashes(), now
        if hash_of(key) in self._valid:
            return False
        self.tell(address, now)
        return True

    def failed(self, address: str, now: datetime) -> None:
        """Record that a key was looked up and is wrong."""
        self._strangers.failed(address, "", now.timestamp())
        self.tell(address, now)

    def tell(self, address: str, now: datetime) -> None:
        """Log that this address sent a wrong key: once a minute, with the number of wrong keys in between. Never logs the key."""
        who = neighbourhood(address) or "an unknown address"
        last, more = self._told.get(who, (None, 0))
        if last is not None and abs(now - last) < _LINE_EVERY:
            self._told[who] = (last, more + 1)
            return
        self._lines = [line for line in self._lines if abs(now - line) < _LINE_EVERY]
        if len(self._lines) >= _LINES:
            self._untold += 1
            return
        self._lines.append(now)
        self._told[who] = (now, 0)
        self._told.move_to_end(who)
        if len(self._told) > _MOST:
            self._told.popitem(last=False)
        before = f", {more} more since the last line about it" if more else ""
        others = f"; {self._untold} from other addresses were not logged" if self._untold else ""
        self._untold = 0
        log.warning("a wrong API key or token came from %s%s%s", who, before, others)
