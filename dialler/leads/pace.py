"""How a campaign goes over time: dials, answers and calls at once, in equal steps. For the lines of a monitor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, and_, func, or_, select

from core.kernel.statements import table_of
from dialler.leads.tables import Attempt

__all__ = ["PacePoint", "pace"]

_attempts = table_of(Attempt)
_LONGEST: Final = timedelta(hours=1)
"""A call that goes on longer is missing from the count of calls at once."""


@dataclass(frozen=True)
class PacePoint:
    """A step: dials placed and answered in it, and the calls at once at its end."""

    at: datetime
    dials: int
    answered: int
    live: int


def pace(connection: Connection, campaign_id: str, since: datetime, until: datetime, steps: int) -> list[PacePoint]:
    """The steps from `since` to `until`; its cost grows with the attempts in between."""
    length = (until - since) / steps
    placed, ended = _attempts.c.placed_at, _attempts.c.ended_at
    columns = []
    for number in range(steps):
        begin, end = since + length * number, since + length * (number + 1)
        within = and_(placed >= begin, placed < end)
        columns += [
            func.count().filter(within),
            func.count().filter(within, _attempts.c.sip_status == 200),
            func.count().filter(placed < end, or_(ended.is_(None), ended >= end)),
        ]
    query = select(*columns).where(
        _attempts.c.campaign_id == campaign_id, _attempts.c.created_at >= since - _LONGEST, _attempts.c.created_at <= until
    )
    row = connection.execute(query).one()
    return [PacePoint(since + length * (n + 1), row[3 * n], row[3 * n + 1], row[3 * n + 2]) for n in range(steps)]
