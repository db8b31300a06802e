"""How often an API key may be used. Pure: maps a request rate and a time to how full the bucket is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["Refused", "Taken", "take"]

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Taken:
    """The request may pass; the bucket is full again at `full_at` if no other request comes."""

    full_at: datetime


@dataclass(frozen=True)
class Refused:
    """One request too many; the next may pass at `retry_at`."""

    retry_at: datetime


def take(full_at: datetime | None, per_minute: int, now: datetime) -> Taken | Refused:
    """Take one request from a bucket that holds `per_minute` requests and refills evenly at that rate.

    A caller that has been quiet may send `per_minute` requests at once, and then one every `60 / per_minute` seconds (the "virtual
    scheduling" form of the generic cell rate algorithm, ITU-T I.371).

    Args:
        full_at: when the bucket would be full, as the request before left it; None for a full one.
        per_minute: the rate, at least 1.
        now: the current time.
    """
    interval = _MINUTE / per_minute
    capacity = interval * per_minute
    # never emptier than empty: the time may come from a clock that ran ahead (a run in virtual time)
    missing = min(max((full_at or now) - now, timedelta(0)), capacity)
    if missing + interval > capacity:
        return Refused(now + (missing + interval - capacity))
    return Taken(now + missing + interval)
