"""The latest moment that the records of calls show."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from core.calls.tables import UNFINISHED, Call, CallEvent
from core.deliveries.tables import Delivery

__all__ = ["latest_moment"]

_calls = Call.__table__  # type: ignore[attr-defined]
_events = CallEvent.__table__  # type: ignore[attr-defined]
_deliveries = Delivery.__table__  # type: ignore[attr-defined]


def latest_moment(connection: Connection) -> datetime | None:
    """When a call was last begun, changed or done, by the clock that showed the latest time; None before the first call.

    A scaled or virtual clock starts no earlier: else a call that a dead process left would end before it began. Read from
    indexes, and from the events of the few calls that are not done.
    """
    begun = select(func.max(_calls.c.created_at))
    done = select(func.max(_deliveries.c.created_at))
    last = select(func.max(_events.c.at)).where(_events.c.call_id == _calls.c.call_id).scalar_subquery()  # by their key, not all of them
    changed = select(func.max(last)).select_from(_calls).where(UNFINISHED)
    shown = [connection.execute(query).scalar_one() for query in (begun, done, changed)]
    return max((moment for moment in shown if moment is not None), default=None)
