"""Starts a runner for every campaign that should be dialled and has no live owner."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from core.kernel.clock import utc_now
from core.kernel.database_health import DatabaseAway
from core.kernel.failures import without_values
from dialler.campaigns.owner import AlreadyRunning, owner_of
from dialler.campaigns.states import NotAllowed
from dialler.campaigns.store import OtherLines, all_campaigns, change_state
from dialler.policy.patience import growing
from dialler.scheduler.outages import DATABASE_FAILURES
from dialler.scheduler.runner import CampaignRunner, LeaseLost
from web.composition import Whole
from web.dialling import dial, dialling
from web.ownership import is_behind, lease

__all__ = ["Supervisor"]

log = logging.getLogger(__name__)

_LOOK_EVERY, _LONGEST = timedelta(seconds=1), timedelta(seconds=30)
"""Seconds between two checks, in real time, as operators' orders are; and the longest while the database does not answer."""
_OURS = ("running", "stopping")


class Supervisor:
    """The campaigns of one process.

    Args:
        whole: the running process.
        tell: receives a sentence for people when a campaign begins or ends.
    """

    def __init__(self, whole: Whole, tell: Callable[[str], None] = lambda _: None) -> None:
        self._whole, self._tell = whole, tell
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._runners: dict[str, CampaignRunner] = {}
        self._left_alone: set[str] = set()
        self._stopping = False

    async def run(self) -> None:
        """Check every second for campaigns to dial, until cancelled; less often while the database does not answer."""
        failures = 0
        while True:
            try:
                self.look()
                failures = 0
            except DATABASE_FAILURES as error:
                failures += 0 if isinstance(error, DatabaseAway) else 1
                what = "cannot look for campaigns: the database does not answer (%s); trying again"
                log.log(logging.DEBUG if isinstance(error, DatabaseAway) else logging.WARNING, what, type(error).__name__)
            await asyncio.sleep(growing(failures, _LOOK_EVERY, _LONGEST).total_seconds())

    def look(self) -> None:
        """Start the campaigns that should be running."""
        if self._stopping:
            return
        for campaign_id, name in self._waiting():
            task = asyncio.create_task(self._dial(campaign_id, name), name=f"campaign {campaign_id}")
            self._tasks[campaign_id] = task
            task.add_done_callback(lambda _, campaign_id=campaign_id: self._tasks.pop(campaign_id, None))  # type: ignore[misc]

    @contextlib.contextmanager
    def care_for(self, runner: CampaignRunner) -> Iterator[None]:
        """Within the block, let `stop` end a runner started elsewhere, too."""
        self._runners[runner.campaign_id] = runner
        try:
            if self._stopping:
                runner.drain()
            yield
        finally:
            self._runners.pop(runner.campaign_id, None)

    async def stop(self) -> None:
        """Stop dialling, and wait until the calls in progress are over; the campaigns can be continued."""
        self._stopping = True
        for runner in list(self._runners.values()):
            runner.drain()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def cancel(self) -> None:
        """End at once; calls in progress are recovered at the next start."""
        self._stopping = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _waiting(self) -> list[tuple[str, str]]:
        with self._whole.db.read() as connection:
            wanted = [
                row
                for row in all_campaigns(connection)
                if row.state in _OURS and row.id not in self._tasks and not self._has_another_clock(row)
            ]
            owners = [(row, owner_of(connection, row.id)) for row in wanted]
        return [(row.id, row.name) for row, owner in owners if owner is None or not owner.alive(utc_now())]

    def _has_another_clock(self, row: Row[Any]) -> bool:
        """Whether a campaign's timestamps are not in real time, which we use; logs it once."""
        if not self._whole.settings.in_real_time or not (row.own_clock or is_behind(self._whole.clock.now(), row.clock_at)):
            return False
        if row.id not in self._left_alone:
            self._left_alone.add(row.id)
            at = f", which shows {row.clock_at:%Y-%m-%dT%H:%M}Z" if row.clock_at else ""
            self._tell(f"{row.name}: skipped, because it has its own clock{at}. `dialler run` with its folder goes on with it.")
        return True

    def _pause(self, campaign_id: str, why: str) -> None:
        with self._whole.db.write() as connection, contextlib.suppress(NotAllowed):
            change_state(connection, campaign_id, "pause", self._whole.clock.now(), reason=why)

    async def _dial(self, campaign_id: str, name: str) -> None:
        try:
            with lease(self._whole, campaign_id) as token:
                async with dialling(self._whole, campaign_id, token) as runner:
                    with self.care_for(runner):
                        self._tell(f"{name}: dialling.")
                        self._tell(f"{name}: {await dial(self._whole, runner)}.")
        except AlreadyRunning:
            log.info("campaign %s now has another owner", campaign_id)
        except OtherLines as error:
            self._tell(f"{name}: paused. {error}")
            self._pause(campaign_id, str(error))
        except LeaseLost as error:
            log.warning("%s", error)
        except Exception as error:
            log.error("the runner of campaign %s failed; it is started again: %s", campaign_id, without_values(error))
