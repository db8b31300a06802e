"""What the monitor shows of a campaign: plain values, looked up in a thread."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from core.calls.engine import Engine, LiveCall
from core.calls.store import read_call
from dialler.leads.pace import pace
from dialler.leads.progress import backlog
from dialler.leads.queries import AttemptFilter, list_attempts, live_attempts
from dialler.leads.states import CLAIMED, FINAL, STATES, WAITING

__all__ = ["LiveCallView", "Seen", "by_state", "figures_of", "look", "pace_of"]

_CALLS: Final = 12
_MOST: Final = 60
_RECENT: Final = 12
_STEPS: Final = 60
_LONGEST: Final = timedelta(hours=2)
_SHORTEST: Final = timedelta(minutes=1)


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
    runs = {run.order.attempt: run for run in list(engine.runs.values())}
    live = [_live(connection, runs.get(row.id), row) for row in live_attempts(connection, campaign_id, limit=_MOST)]
    live = sorted(live, key=lambda call: (call.state != "talking", call.since))[:_CALLS]
    recent = list_attempts(connection, AttemptFilter(campaign_id), limit=_RECENT + _CALLS)
    over = [row for row in recent if row.state == "ended"][:_RECENT]
    return Seen(live, over, backlog(connection, campaign_id).next_due)


def _live(connection: Connection, run: LiveCall | None, row: Row[Any]) -> LiveCallView:
    """A call: as this process holds it, whose records may be written a moment later; else as another one wrote it."""
    lines = run.transcript.lines if run is not None and run.transcript is not None else ()
    last = lines[-1] if lines else None
    if run is not None:
        state, since, call_id = run.state, getattr(run, "answered_at", None) or row.created_at, run.order.call_id
    else:
        call = read_call(connection, row.call_id) if row.call_id else None
        state = call.state if call is not None else "placing"
        since, call_id = (call.answered_at or call.created_at) if call is not None else row.created_at, row.call_id
    return LiveCallView(
        attempt_id=row.id,
        call_id=call_id,
        lead_id=row.lead_id,
        phone=row.phone,
        name=name_of(row.variables),
        state=state,
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
