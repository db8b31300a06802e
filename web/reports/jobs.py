"""Sends the scheduled reports from `dialler serve`: APScheduler's triggers say when, a process of its own computes, a thread sends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import smtplib
from collections.abc import Callable
from pathlib import Path

from core.access.secrets import SecretError, SecretStore
from core.kernel.clock import Clock
from core.kernel.database import Database
from core.kernel.failures import without_values
from core.kernel.secrets import SecretBoxError
from dialler.campaigns.store import find_campaign
from dialler.reports.catalogue import REPORTS
from dialler.reports.maker import ReportFailed, ReportMaker
from dialler.reports.spec import make_spec
from dialler.scheduler.periodic import start_job
from web.reports.schedule import Schedule, Schedules, period_of
from web.reports.sending import into_folder, make_message, send_mail

__all__ = ["ReportJobs"]

log = logging.getLogger(__name__)

_TRIES = 3
_BETWEEN = 60.0
"""Seconds between two tries to send."""


class ReportJobs:
    """The scheduled reports of one process.

    Args:
        schedules: what is sent when.
        db: the database.
        clock: says when it is time.
        maker: has the reports computed.
        secrets: has the password of the mail server.
    """

    def __init__(self, schedules: Schedules, db: Database, clock: Clock, maker: ReportMaker, secrets: SecretStore) -> None:
        self._schedules, self._db, self._clock, self._maker, self._secrets = schedules, db, clock, maker, secrets

    def start(self) -> list[asyncio.Task[None]]:
        """Start a job for each schedule; cancel the tasks to end them."""

        def job(schedule: Schedule) -> Callable[[], object]:
            return lambda: self.send(schedule)

        return [
            start_job(self._clock, f"reports of {schedule.campaign}", schedule.trigger, job(schedule))  # type: ignore[arg-type]
            for schedule in self._schedules.schedules
        ]

    async def send(self, schedule: Schedule) -> None:
        """Make the reports of a schedule, and send them; what cannot be made or sent is logged, without secrets and without numbers."""
        with self._db.read() as connection:
            campaign = find_campaign(connection, schedule.campaign)
        if campaign is None:
            log.error("the scheduled reports of %s are not made: there is no such campaign", schedule.campaign)
            return
        now = self._clock.now()
        start, end = period_of(schedule, now)
        async with contextlib.AsyncExitStack() as stack:
            files: list[tuple[str, Path]] = []
            for name in schedule.reports:
                spec = make_spec(campaign.id, name, zone=schedule.zone, start=start, end=end, mask=schedule.mask)
                try:
                    path = await stack.enter_async_context(self._maker.made(spec, schedule.format, excel=True))
                except (ReportFailed, ValueError) as error:
                    log.error("the scheduled report %s of %s was not made: %s", name, schedule.campaign, error)
                    continue
                day = end or f"{now:%Y-%m-%d}"
                files.append((f"{_plain(campaign.name)}-{name}-{day}.{schedule.format}", path))
            if files:
                await self._deliver(schedule, campaign.name, files, start, end)

    async def _deliver(self, schedule: Schedule, campaign: str, files: list[tuple[str, Path]], start: str | None, end: str | None) -> None:
        period = "everything so far" if start is None else start if start == end else f"{start} to {end}"
        if schedule.folder is not None:
            try:
                await asyncio.to_thread(into_folder, files, schedule.folder)
            except OSError as error:
                log.error("the reports of %s could not be written to %s: %s", campaign, schedule.folder, error.strerror)
        smtp = self._schedules.smtp
        if not schedule.to or smtp is None:
            return
        titles = ", ".join(REPORTS[name].title for name in schedule.reports)
        text = f"{titles}.\nCampaign: {campaign}. Period: {period}, {schedule.zone}.\nEach file says how its figures are defined.\n"
        message = make_message(smtp, schedule.to, f"{campaign}: reports, {period}", text, files, self._clock.now())
        for tried in range(1, _TRIES + 1):
            try:
                password = None if smtp.password is None else self._secrets.resolver(self._db)(smtp.password)
                await asyncio.to_thread(send_mail, smtp, password, message)
                log.info("the reports of %s were sent to %d people", campaign, len(schedule.to))
                return
            except (OSError, smtplib.SMTPException, SecretError, SecretBoxError) as error:
                code = getattr(error, "smtp_code", None)
                said = f"the server answered {code}" if code else without_values(error)
                log.error("the reports of %s were not sent (try %d of %d): %s", campaign, tried, _TRIES, said)
                if tried < _TRIES:
                    await self._clock.sleep(_BETWEEN)


def _plain(name: str) -> str:
    return "".join(ch if ch.isascii() and (ch.isalnum() or ch in "-_") else "-" for ch in name)
