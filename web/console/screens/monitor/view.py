"""What the monitor shows of a campaign: plain values, looked up in a thread."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from core.calls.engine import Engine
from core.calls.store import read_call
from dialler.leads.pace import pace
from dialler.leads.progress import backlog
from dialler.leads.queries import AttemptFilter, list_attempts, live_attempts
from dialler.leads.states import CLAIMED, FINAL, STATES, WAITING

__all__ = ["LiveCallView", "Seen", "by_state", "figures_of", "look", "pace_of"]

_CALLS: Final = 12
_RECENT: Final = 12
_STEPS: Final = 60
_LONGEST: Final = timedelta(hours=2)
_SHORTEST: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class LiveCallView:
    """A call in progress. `said` is the last line of its transcript, if this process holds the call."""

    attempt_id: str
    call_id: str | None
    lead_id: int
    phone: str
    name: str
    state: str
    since: datetime
    speaker: str
    said: str


@dataclass(frozen=True)
class Seen:
    """What was looked up."""

    live: list[LiveCallView]
    recent: list[Row[Any]]
    next_due: datetime | None


def look(connection: Connection, campaign_id: str, engine: Engine) -> Seen:
    """Look up the calls in progress, the newest attempts, and when the next lead is due."""
    live = [_live(connection, engine, row) for row in live_attempts(connection, campaign_id, limit=_CALLS)]
    recent = list_attempts(connection, AttemptFilter(campaign_id), limit=_RECENT + _CALLS)
    over = [row for row in recent if row.state == "ended"][:_RECENT]
    return Seen(live, over, backlog(connection, campaign_id).next_due)


def _live(connection: Connection, engine: Engine, row: Row[Any]) -> LiveCallView:
    call = read_call(connection, row.call_id) if row.call_id else None
    run = engine.runs.get(row.call_id or "")
    lines = run.transcript.lines if run is not None and run.transcript is not None else ()
    last = lines[-1] if lines else None
    since = (call.answered_at or call.created_at) if call is not None else row.placed_at
    return LiveCallView(
        attempt_id=row.id,
        call_id=row.call_id,
        lead_id=row.lead_id,
        phone=row.phone,
        name=name_of(row.variables),
        state=call.state if call is not None else "placing",
        since=since,
        speaker=last.speaker if last else "",
        said=last.text if last else "",
    )


def name_of(variables: dict[str, Any] | None) -> str:
    """What a lead is called, by the variables that usually say it; empty if none does. Pure."""
    given = variables or {}
    for key in ("customer_name", "name", "full_name", "first_name", "patient_name", "contact_name"):
        if given.get(key):
            return str(given[key])[:80]
    return next((str(value)[:80] for key, value in given.items() if "name" in key and value), "")


def by_state(states: dict[str, int]) -> list[tuple[str, int]]:
    """The states that leads are in, in the order of a lead's life. Pure."""
    order = (*WAITING, *CLAIMED, *FINAL)
    return [(state, states[state]) for state in order if states.get(state)] + [
        (state, count) for state, count in states.items() if state not in STATES and count
    ]


def figures_of(counted: Any, row: Row[Any]) -> dict[str, Any]:
    """What the live stream tells of a campaign: no personal data."""
    counts = counted.progress
    return {
        "state": row.state,
        "hold": row.hold_reason,
        "reason": row.reason,
        "by_state": counts.by_state,
        "attempts": counts.attempts,
        "answered": counts.answered,
    }


def pace_of(connection: Connection, campaign_id: str, started_at: datetime | None, now: datetime, *, whole: bool) -> dict[str, list[float]]:
    """The lines of the chart: seconds since the epoch, dials, answers, calls at once.

    Args:
        connection: a transaction.
        campaign_id: the campaign.
        started_at: when it began; None: not yet.
        now: the time of its clock.
        whole: from its beginning, instead of the last two hours: where time goes faster than real time.
    """
    since = started_at or now
    if not whole:
        since = max(since, now - _LONGEST)
    points = pace(connection, campaign_id, min(since, now - _SHORTEST), now, _STEPS)
    return {
        "at": [point.at.timestamp() for point in points],
        "dials": [point.dials for point in points],
        "answered": [point.answered for point in points],
        "live": [point.live for point in points],
    }
