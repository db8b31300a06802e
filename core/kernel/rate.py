"""How often something may happen: token buckets. Pure; the current time is always an argument.

TokenBucket  for rates that are written down or that calls leave by: moments are datetimes, and nothing is lost to rounding
Throttle     for what one process lets in: seconds of any clock, any number of tokens at once
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

__all__ = ["Throttle", "TokenBucket"]

_MICROSECOND = timedelta(microseconds=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class TokenBucket:
    """A token comes every `interval`, and at most `burst` of them are kept.

    The level is held as when the bucket would be full again, in whole microseconds, so that nothing is lost
    to rounding (the "virtual scheduling" form of the generic cell rate algorithm, ITU-T I.371). With a burst of 1 no
    window of time, wherever it begins, holds more events than its length times the rate, rounded up; a larger burst lets
    as many more than 1 through at once, after a pause.

    Who comes at most `slack` after a token, because the machine was busy, has lost nothing: the next token comes when it would
    have come. Without that every late step would lower the rate for good. A window may then hold events for `slack` more.
    """

    interval: timedelta
    burst: int
    full_at: datetime
    slack: timedelta = timedelta(0)

    @classmethod
    def full(cls, per_second: float, now: datetime, burst: int = 1, slack: timedelta = timedelta(0)) -> TokenBucket:
        """A full bucket.

        Raises:
            ValueError: for a rate that is not above 0, or a burst below 1.
        """
        if not (0 < per_second < math.inf) or burst < 1:
            raise ValueError(f"a rate must be above 0 a second and a burst at least 1, not {per_second} and {burst}")
        return cls(math.ceil(1_000_000 / per_second) * _MICROSECOND, burst, now, slack)

    @classmethod
    def of_a_minute(cls, per_minute: int, full_at: datetime | None, now: datetime) -> TokenBucket:
        """A bucket that holds the tokens of a minute, as it was left.

        Args:
            per_minute: tokens a minute, at least 1.
            full_at: when the bucket would be full; None: it is full. Never further ahead than an empty one is full: the moment may
                stem from a clock that ran ahead (a run in virtual time).
            now: the current time.
        """
        interval = _MINUTE / per_minute
        return cls(interval, per_minute, min(full_at or now, now + per_minute * interval))

    def available(self, now: datetime) -> int:
        """Tokens that could be taken now."""
        missing = self._since(now) - now  # below 0: it has been full since, and that is within the slack
        return max(0, (self.burst * self.interval - missing) // self.interval)

    def take(self, count: int, now: datetime) -> TokenBucket:
        """The bucket after `count` tokens were taken at `now`. More than are available may be taken: that only delays the next ones."""
        return replace(self, full_at=self._since(now) + count * self.interval) if count > 0 else self

    def give_back(self, count: int) -> TokenBucket:
        """The bucket after `count` tokens that were taken have not been used."""
        return replace(self, full_at=self.full_at - count * self.interval) if count > 0 else self

    def _since(self, now: datetime) -> datetime:
        """The moment from which tokens are counted: that at which the bucket was full, if it is not long ago, else now."""
        return self.full_at if now - self.full_at <= self.slack else now

    def next_at(self, now: datetime) -> datetime:
        """When a token can be taken: `now`, if one can be taken now."""
        return max(now, self.full_at - (self.burst - 1) * self.interval)


class Throttle:
    """So many tokens a second, and not more than so many at once. It begins full.

    Args:
        per_second: above 0.
        at_once: at least 1.
    """

    def __init__(self, per_second: float, at_once: float) -> None:
        self._rate, self._most, self._left = per_second, at_once, at_once
        self._at: float | None = None

    def left(self, now: float) -> float:
        """How many tokens there are now. `now` is in seconds of one clock; one that goes back adds nothing."""
        passed = 0.0 if self._at is None else max(now - self._at, 0.0)
        return min(self._most, self._left + passed * self._rate)

    def admit(self, now: float, tokens: float = 1.0) -> bool:
        """Whether there are so many tokens; they are taken then."""
        left = self.left(now)
        admitted = left >= tokens
        self._left, self._at = left - tokens if admitted else left, now
        return admitted

    def spend(self, now: float) -> None:
        """Take one token, or what is left of one."""
        self._left, self._at = max(self.left(now) - 1.0, 0.0), now
