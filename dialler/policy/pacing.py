"""How many leads to dial now. Pure: from capacity, limits and the call rate to one number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.kernel.rate import TokenBucket

__all__ = ["Plan", "plan"]


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
