"""Where a run stands, looked up in the database."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from core.calls.engine import count_by_state
from core.fleet.store import live_workers, load
from core.kernel.clock import utc_now
from core.trunks.store import every_trunk
from dialler.campaigns.config import CampaignConfig
from dialler.campaigns.store import read_campaign
from dialler.leads.progress import DispositionCount, backlog, count_dispositions, progress
from web.composition import Whole
from web.run.time_left import TimeLeft

__all__ = ["ProgressView", "RunProgress"]


@dataclass(frozen=True)
class RunProgress:
    """Where a run stands.

    `in_flight` calls of the campaign are in progress, of at most `limit`; `seats_busy` of the `seats` of all processes are taken.
    `seconds_left` is an estimate of real time that never grows; None while nothing can be said.
    """

    at: datetime
    state: str
    leads: int
    done: int
    waiting: int
    in_flight: int
    dialled: int
    answered: int
    ringing: int
    talking: int
    seats_busy: int
    seats: int
    hold: str | None
    """Why nothing is dialled now though the campaign runs."""
    hold_until: datetime | None
    seconds_left: float | None
    troubles: tuple[str, ...] = ()
    """CRMs and other endpoints that fail now, or to which pushes were given up, each with the reason."""
    reason: str | None = None
    """Why the campaign is paused, stopping or failed."""
    limit: int = 0
    """The campaign's `concurrency_limit`."""
    people: int = 0
    machines: int = 0
    silent: int = 0
    """Calls that people, machines, or somebody who never spoke answered; together `answered`."""
    dispositions: tuple[DispositionCount, ...] = ()
    """What came of the leads so far, the most frequent first."""
    time_zone: str = "UTC"
    """The campaign's, for people; the moments themselves are in UTC."""


class ProgressView:
    """Looks up where a run stands, again and again.

    Args:
        whole: the running process.
        campaign_id: the campaign.
        time_zone: in which people read its moments.
        done_before: leads that were done when this process began to dial.
    """

    def __init__(self, whole: Whole, campaign_id: str, time_zone: str, done_before: int) -> None:
        self._whole, self._campaign_id, self._time_zone = whole, campaign_id, time_zone
        self._left = TimeLeft(done_before)

    def look(self) -> RunProgress:
        """Count where the run stands."""
        whole = self._whole
        with whole.db.read() as connection:
            campaign = read_campaign(connection, self._campaign_id)
            config = CampaignConfig.model_validate(campaign.settings)
            counts = progress(connection, self._campaign_id)
            dispositions = count_dispositions(connection, self._campaign_id)
            calls = count_by_state(whole.engine.runs.values())
            busy, seats = _seats(connection, whole)
            hold, hold_until = campaign.hold_reason, campaign.hold_until
            if not hold and campaign.state == "running" and counts.waiting and not counts.in_flight:
                hold, hold_until = _why_nothing_leaves(connection, whole, self._campaign_id)
        dials = campaign.state == "running" and not hold
        return RunProgress(
            at=whole.clock.now(),
            state=campaign.state,
            leads=counts.leads,
            done=counts.done,
            waiting=counts.waiting,
            in_flight=counts.in_flight,
            dialled=counts.attempts,
            answered=counts.answered,
            ringing=calls.get("ringing", 0),
            talking=calls.get("talking", 0),
            seats_busy=busy,
            seats=seats,
            hold=hold if campaign.state == "running" else None,
            hold_until=hold_until if campaign.state == "running" else None,
            seconds_left=self._left.look(time.monotonic(), counts.leads, counts.done, dials=dials),
            troubles=tuple(map(str, whole.client.watch.standing())),
            reason=campaign.reason,
            limit=config.concurrency_limit,
            people=counts.people,
            machines=counts.machines,
            silent=counts.silent,
            dispositions=tuple(dispositions),
            time_zone=self._time_zone,
        )


def _seats(connection: Connection, whole: Whole) -> tuple[int, int]:
    """Seats taken, and all seats: of every process that places calls, or of this one if it works alone."""
    own = load(connection, whole.engine.worker_id)
    workers = live_workers(connection, utc_now()) if not whole.settings.alone else [own] if own is not None else []
    return sum(worker.calls for worker in workers), sum(worker.max for worker in workers)


def _why_nothing_leaves(connection: Connection, whole: Whole, campaign_id: str) -> tuple[str | None, datetime | None]:
    """Why nobody is called now though the dialler holds nothing back, and until when: the trunk rests, or no lead is due."""
    now, name = whole.clock.now(), whole.settings.trunk
    trunk = next((trunk for trunk in every_trunk(connection) if trunk.name == name), None)
    if trunk is not None and (opens_at := trunk.health.opens_at(now)) is not None:
        resting = "rests" if trunk.health.state(now) == "resting" else "is tried with one call"
        return f"the trunk {trunk.name} {resting}, because it failed: {trunk.health.reason.rstrip('.')}", opens_at
    left = backlog(connection, campaign_id)
    if left.ready or left.next_due is None or left.next_due <= now:
        return None, None
    return "no lead is due before", left.next_due
