"""How many leads to dial now. Pure: from capacity, limits and the call rate to one number."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

__all__ = ["Plan", "TokenBucket", "plan"]

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class TokenBucket:
    """A call rate: one token every `interval`, of which at most `burst` accumulate.

    The level is stored as the time at which the bucket will be full again, in whole microseconds, so that nothing is lost to rounding (the
    "virtual scheduling" form of the generic cell rate algorithm, ITU-T I.371). With a burst of 1, no time window contains more calls than
    its length times the rate, rounded up; a larger burst allows that many more at once, after a pause.

    A caller up to `slack` late, because the machine was busy, loses nothing: the next token comes when it would have come. Without this
    every late step would lower the rate for good. A window may then contain calls for `slack` more.
    """

    interval: timedelta
    burst: int
    full_at: datetime
    slack: timedelta = timedelta(0)

    @classmethod
    def full(cls, calls_per_second: float, now: datetime, burst: int = 1, slack: timedelta = timedelta(0)) -> TokenBucket:
        """A full bucket.

        Raises:
            ValueError: the rate is not above 0, or the burst is below 1.
        """
        if not (0 < calls_per_second < math.inf) or burst < 1:
            raise ValueError(f"a rate must be above 0 calls a second and a burst at least 1, not {calls_per_second} and {burst}")
        return cls(math.ceil(1_000_000 / calls_per_second) * _MICROSECOND, burst, now, slack)

    def available(self, now: datetime) -> int:
        """Tokens available now."""
        missing = self._since(now) - now  # below 0: full since then, within the slack
        return max(0, (self.burst * self.interval - missing) // self.interval)

    def take(self, count: int, now: datetime) -> TokenBucket:
        """The bucket after `count` calls at `now`. Taking more than available is allowed: it only delays the next ones."""
        return replace(self, full_at=self._since(now) + count * self.interval) if count > 0 else self

    def give_back(self, count: int) -> TokenBucket:
        """The bucket after returning the tokens of `count` calls that were not placed."""
        return replace(self, full_at=self.full_at - count * self.interval) if count > 0 else self

    def _since(self, now: datetime) -> datetime:
        """The time from which tokens are counted: when the bucket was full, if that is recent, else now."""
        return self.full_at if now - self.full_at <= self.slack else now

    def next_at(self, now: datetime) -> datetime:
        """When a token is available: `now`, if one is available now."""
        return max(now, self.full_at - (self.burst - 1) * self.interval)


@dataclass(frozen=True)
class Plan:
    """How many to dial now, and what limits the number.

    Attributes:
        dials: the number.
        limited_by: `fleet` (no free seat), `concurrency` (the campaign's own limit) or `rate` (calls per second).
        again_at: when more can be dialled, known only for the rate. None: when a call has ended.
    """

    dials: int
    limited_by: Literal["fleet", "concurrency", "rate"]
    again_at: datetime | None = None


def plan(*, fleet_available: int, in_flight: int, concurrency_limit: int, bucket: TokenBucket, now: datetime) -> Plan:
    """How many leads to dial now.

    Args:
        fleet_available: calls that the core accepts now, from its fleet health.
        in_flight: calls of the campaign in progress now.
        concurrency_limit: most calls of the campaign at once.
        bucket: the campaign's call rate.
        now: the current time.
    """
    room = max(0, concurrency_limit - in_flight)
    seats = max(0, fleet_available)
    tokens = bucket.available(now)
    if tokens < min(room, seats):
        return Plan(tokens, "rate", bucket.take(tokens, now).next_at(now))
    return Plan(seats, "fleet") if seats <= room else Plan(room, "concurrency")
