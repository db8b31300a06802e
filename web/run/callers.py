"""Callers who are on the line when a campaign's run is over: their conversations are finished before the process ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Iterator

from core.fleet.store import set_draining
from core.kernel.words import counted
from dialler.scheduler.outages import DATABASE_FAILURES
from dialler.scheduler.runner import CampaignRunner
from web.composition import Whole
from web.run.reporters import Reporter

__all__ = ["Interrupts", "finish_callers"]

log = logging.getLogger(__name__)

_OVERTIME_SECONDS = 120.0
"""How much longer than its longest duration a call may take to say goodbye."""


class Interrupts:
    """Ctrl-C (or SIGTERM) while a campaign runs: the first lets the calls in progress finish, the second ends them, at whatever stage.

    Called with a runner, it is what stands around the runner.
    """

    def __init__(self) -> None:
        self._asked = 0

    @contextlib.contextmanager
    def __call__(self, runner: CampaignRunner, reporter: Reporter) -> Iterator[None]:
        """The first ends the dialling."""

        def drain() -> None:
            reporter.say("Stopping: no new dials; the calls in progress are being finished. Ctrl-C again ends them now.")
            runner.drain()

        with self._caught(drain):
            yield

    @contextlib.contextmanager
    def finishing(self, reporter: Reporter) -> Iterator[None]:
        """The dialling is over already: the first only says what is waited for."""

        def remind() -> None:
            reporter.say("The calls in progress are being finished. Ctrl-C again ends them now.")

        with self._caught(remind):
            yield

    @contextlib.contextmanager
    def _caught(self, first: Callable[[], None]) -> Iterator[None]:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def interrupt() -> None:
            self._asked += 1
            if self._asked == 1:
                first()
            else:
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, interrupt)
        try:
            yield
        except asyncio.CancelledError:
            if self._asked < 2:
                raise
            task.uncancel()
            raise KeyboardInterrupt from None
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


async def finish_callers(whole: Whole, reporter: Reporter, interrupts: Interrupts) -> None:
    """Take no call any more, and wait until nobody is on the line; not longer than the longest call of their bots.

    Only a process with real lines has callers that nobody of it has dialled.

    Raises:
        KeyboardInterrupt: they are to be ended now.
    """
    if whole.sip is None and whole.livekit is None:
        return
    engine = whole.engine
    with interrupts.finishing(reporter):
        try:
            with whole.db.write() as connection:
                set_draining(connection, engine.worker_id, draining=True)
        except DATABASE_FAILURES as error:
            log.warning("calls may still be taken, for the database does not answer (%s)", type(error).__name__)
        if not engine.runs:
            return
        longest = max(run.bot.max_call_duration_seconds for run in engine.runs.values()) + _OVERTIME_SECONDS
        who = counted(len(engine.runs), "call")
        most = f"for {longest / 60:.0f} minutes at most"
        reporter.say(f"Waiting for {who} in progress, {most}; no new call is taken. Ctrl-C twice ends now.")
        try:
            async with asyncio.timeout(longest):
                while calls := set(engine.tasks):
                    await asyncio.wait(calls)
        except TimeoutError:
            log.warning("%d calls took longer than they may: they are ended", len(engine.runs))
