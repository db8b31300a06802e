"""Whether the database answers: after one failure everybody is refused at once, until a probe in a thread of its own has reached it again.

    AVAILABLE --a connection fails, or a statement gets no answer--> AWAY --the probe gets one--> AVAILABLE

So an outage costs one wait of a tenth of a second, not one for each statement, and a few lines in the log.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from sqlalchemy.exc import OperationalError

from core.kernel.failures import without_values

__all__ = ["RETRY_AFTER", "DatabaseAway", "DatabaseHealth"]

log = logging.getLogger(__name__)

_FIRST, _LONGEST, _GROWTH = 0.05, 1.0, 2.0
"""Real seconds between two probes."""
_LOOK: Final = 0.05
_SLOW: Final = 1.0
"""An outage that is over within so many seconds was a database, or a machine, that is slow: it is not worth a line in the log, and the next
statements may wait longer, so that it does not come again and again."""
_MOST_SLOW, _SLOW_FOR = 4, 60.0
"""How often the patience is doubled at most, and after how many seconds it is as it was."""
RETRY_AFTER: Final = 2
"""Seconds after which a client that was refused may try again."""


class DatabaseAway(OperationalError):
    """The database did not answer lately; nothing was tried."""

    def __init__(self, why: str) -> None:
        super().__init__(None, None, Exception(why))
        self.why = why

    def __str__(self) -> str:
        return self.why


class DatabaseHealth:
    """What a process knows of whether its database answers.

    Args:
        probe: tries to reach it within a second or two; raises if it cannot.
        monotonic: real seconds, for how long an outage lasts.

    Attributes:
        watched: whether failures make it `away`. Without that every transaction is tried.
    """

    def __init__(self, probe: Callable[[], None], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._probe, self._monotonic = probe, monotonic
        self.watched = False
        self._lock = threading.Lock()
        self._why: str | None = None
        self._since = 0.0
        self._back_at: float | None = None
        self._writes_only = False
        self._slow = 0
        self._stop = threading.Event()
        self._back: list[Callable[[], None]] = []

    @property
    def away(self) -> bool:
        """Whether the database does not answer, as far as is known."""
        return self._why is not None

    @property
    def stopped(self) -> bool:
        """Whether it was closed: nothing is probed any more."""
        return self._stop.is_set()

    @property
    def back_for(self) -> float | None:
        """Real seconds since the last outage was over; None: there was none, or it lasts."""
        return None if self._back_at is None or self.away else self._monotonic() - self._back_at

    def patience(self, seconds: float) -> float:
        """How long a statement may wait that should have `seconds`: longer where the database was slow lately, but not away."""
        return float(seconds * 2 ** self._slow_now())

    def _slow_now(self) -> int:
        return self._slow if self._back_at is not None and self._monotonic() - self._back_at < _SLOW_FOR else 0

    def when_back(self, callback: Callable[[], None]) -> None:
        """Call this whenever an outage is over, in the thread of the probe."""
        self._back.append(callback)

    async def until_back(self) -> None:
        """Wait, in real time, until it answers again; at once if it does."""
        while self._why is not None:  # noqa: ASYNC110 - another thread ends it
            await asyncio.sleep(_LOOK)

    def level(self, level: int) -> int:
        """The level at which to log a failure of a transaction: `level`, but DEBUG while it is known to be away, which is logged once."""
        return logging.DEBUG if self._why is not None else level

    def check(self, *, write: bool) -> None:
        """Let a transaction begin.

        Raises:
            DatabaseAway: the database does not answer; or it is locked, and the transaction would write.
        """
        if self._why is not None and (write or not self._writes_only):
            raise DatabaseAway(self._why)

    def failed(self, error: BaseException, *, writes_only: bool = False) -> None:
        """A transaction failed because the database did not answer.

        Args:
            error: how.
            writes_only: it is locked by another program, and can be read.
        """
        if not self.watched or self._stop.is_set():
            return
        with self._lock:
            if self._why is not None:
                self._writes_only = self._writes_only and writes_only
                return
            why = str(getattr(error, "orig", None) or error).partition("\n")[0]
            self._why, self._writes_only, self._since = f"the database does not answer: {why}", writes_only, self._monotonic()
        threading.Thread(target=self._until_back, name="database probe", daemon=True).start()

    def close(self) -> None:
        """Probe no more."""
        self._stop.set()

    def _until_back(self) -> None:
        wait, told = _FIRST, False
        while not self._stop.wait(wait):
            try:
                self._probe()
            except Exception as error:
                log.debug("the database is still away: %s", without_values(error))
                wait = min(wait * _GROWTH, _LONGEST)
                if not told and self._monotonic() - self._since >= _SLOW:
                    told = True
                    log.warning("%s; calls go on, and what happens on them is kept; dialling rests until it is back", self._why)
                continue
            with self._lock:
                self._why, self._back_at = None, self._monotonic()
                lasted = self._back_at - self._since
                if not told:
                    self._slow = min(self._slow_now() + 1, _MOST_SLOW)
            log.log(logging.WARNING if told else logging.INFO, "the database is back after %.1f s", lasted)
            for callback in self._back:
                callback()
            return
