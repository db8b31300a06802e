"""How many to dial now. Pure: from capacity, limits and the rate of calls to one number."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

__all__ = ["Plan", "TokenBucket", "plan"]

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class TokenBucket:
    """A rate of calls: a token comes every `interval`, and at most `burst` of them are kept.

    The level is held as the moment at which the bucket would be full again, in whole microseconds, so that nothing is lost
    to rounding (the "virtual scheduling" form of the generic cell rate algorithm, ITU-T I.371). With a burst of 1 no
    window of time, wherever it begins, holds more calls than its length times the rate, rounded up; a larger burst lets
    as many more than 1 through at once, after a pause.

    Who comes at most `slack` after a token, because the machine was busy, has lost nothing: the next token comes when it would
    have come. Without that every late step would lower the rate for good. A window may then hold calls for `slack` more.
    """

    interval: timedelta
    burst: int
    full_at: datetime
    slack: timedelta = timedelta(0)

    @classmethod
    def full(cls, calls_per_second: float, now: datetime, burst: int = 1, slack: timedelta = timedelta(0)) -> TokenBucket:
        """A full bucket.

        Raises:
            ValueError: for a rate that is not above 0, or a burst below 1.
        """
        if not (0 < calls_per_second < math.inf) or burst < 1:
            raise ValueError(f"a rate must be above 0 calls a second and a burst at least 1, not {calls_per_second} and {burst}")
        return cls(math.ceil(1_000_000 / calls_per_second) * _MICROSECOND, burst, now, slack)

    def available(self, now: datetime) -> int:
        """Tokens that could be taken now."""
        missing = self._since(now) - now  # below 0: it has been full since, and that is within the slack
        return max(0, (self.burst * self.interval - missing) // self.interval)

    def take(self, count: int, now: datetime) -> TokenBucket:
        """The bucket after `count` calls at `now`. More than are available may be taken: that only delays the next ones."""
        return replace(self, full_at=self._since(now) + count * self.interval) if count > 0 else self

    def give_back(self, count: int) -> TokenBucket:
        """The bucket after `count` calls whose tokens were taken have not been placed."""
        return replace(self, full_at=self.full_at - count * self.interval) if count > 0 else self

    def _since(self, now: datetime) -> datetime:
        """The moment from which tokens are counted: that at which the bucket was full, if it is not long ago, else now."""
        return self.full_at if now - self.full_at <= self.slack else now

    def next_at(self, now: datetime) -> datetime:
        """When a token can be taken: `now`, if one can be taken now."""
        return max(now, self.full_at - (self.burst - 1) * self.interval)


@dataclass(frozen=True)
class Plan:
    """How many to dial now, and what keeps it from being more.

    Attributes:
        dials: how many.
        limited_by: `fleet` (no free seat), `concurrency` (the campaign's own limit) or `rate` (calls per second).
        again_at: when more could be dialled, if that is known: only the rate tells. None: when a call has ended.
    """

    dials: int
    limited_by: Literal["fleet", "concurrency", "rate"]
    again_at: datetime | None = None


def plan(*, fleet_available: int, in_flight: int, concurrency_limit: int, bucket: TokenBucket, now: datetime) -> Plan:
    """How many leads to dial now.

    Args:
        fleet_available: calls that the core takes now, as its fleet health says.
        in_flight: calls of the campaign that are dialled or talked on now.
        concurrency_limit: most calls of the campaign at once.
        bucket: the campaign's rate of calls.
        now: the moment it is.
    """
    room = max(0, concurrency_limit - in_flight)
    seats = max(0, fleet_available)
    tokens = bucket.available(now)
    if tokens < min(room, seats):
        return Plan(tokens, "rate", bucket.take(tokens, now).next_at(now))
    return Plan(seats, "fleet") if seats <= room else Plan(room, "concurrency")
