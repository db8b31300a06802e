"""Periodic jobs on any clock: APScheduler's triggers say when, our clock waits.

(APScheduler's own scheduler reads the wall clock, so in virtual time it would never fire; its triggers are pure.)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from core.kernel.clock import Clock
from core.kernel.database_health import DatabaseAway
from core.kernel.failures import without_values

__all__ = ["start_job"]

log = logging.getLogger(__name__)


def start_job(clock: Clock, name: str, when: BaseTrigger | int, job: Callable[[], Awaitable[object]]) -> asyncio.Task[None]:
    """Run `job` again and again, until the returned task is cancelled; one that fails is logged and runs at its next time.

    Args:
        clock: what it waits on.
        name: what it does, for the log.
        when: a trigger of APScheduler, or every how many clock seconds.
        job: called without arguments.
    """
    if isinstance(when, int):  # with a start of our own: the trigger would take it from the wall clock
        trigger: BaseTrigger = IntervalTrigger(seconds=when, start_date=clock.now() + timedelta(seconds=when), timezone=UTC)
    else:
        trigger = when

    async def loop() -> None:
        previous = None
        while True:
            now = clock.now()
            fire_at = trigger.get_next_fire_time(previous, now)
            if fire_at is None:
                return
            await clock.sleep_until(fire_at)
            previous = fire_at
            try:
                await job()
            except DatabaseAway as error:  # the log says so once for all
                log.debug("the periodic job %r waits for the database: %s", name, error)
            except Exception as error:
                log.error("the periodic job %r failed; it runs again at its next time: %s", name, without_values(error))

    return clock.spawn(loop(), name=f"periodic job: {name}")
