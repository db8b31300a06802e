"""The loop of one campaign.

It wakes on events: a result came (a seat is free), a lead is due, a window opens, an operator gave an order. A slow timer is
only a safety net. What to do is decided by `dialler.policy.steps` and `dialler.policy.pacing`, which are pure.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from core.kernel.clock import Clock, Signal
from core.kernel.database import Database
from core.kernel.hours import is_open, next_opening
from core.kernel.ids import Ids
from dialler.campaigns.config import CampaignConfig
from dialler.campaigns.states import NotAllowed
from dialler.campaigns.store import change_state, read_campaign, set_hold
from dialler.core_client import CoreClient, CoreUnreachable
from dialler.leads.claims import claim, close_waiting, promote_due
from dialler.leads.progress import Backlog, backlog
from dialler.policy.pacing import TokenBucket, plan
from dialler.policy.steps import Close, Dial, Over, Paused, Situation, Wait, next_step
from dialler.scheduler.dispatch import Hold, send_batch
from dialler.scheduler.reconcile import reconcile

__all__ = ["CampaignRunner", "LeaseLost", "Parts"]

log = logging.getLogger(__name__)

SAFETY_NET = 900.0
"""Clock seconds after which the loop looks around though nothing has woken it."""
_SEAT_WAIT = 30.0
"""Clock seconds until it asks for capacity again though no call of its own has ended."""
_PAUSE_POLL = 0.2
"""Real seconds between two looks at a paused campaign: orders come in real time, and virtual time must stand still."""


class LeaseLost(Exception):
    """Another process has taken the campaign over: this one must not write or dial for it any more."""


@dataclass
class Parts:
    """What a runner works with. `wakes` are the signals of the campaigns that run here, set when a result comes in."""

    db: Database
    clock: Clock
    ids: Ids
    core: CoreClient
    wakes: dict[str, Signal] = field(default_factory=dict)


class CampaignRunner:
    """Dials for one campaign until it is over.

    Args:
        parts: database, clock and the core.
        campaign_id: the campaign, running, whose lease this process holds.
        token: that lease's token.
        on_hold: told whenever the reason why nothing is dialled changes (None: dialling goes on).
    """

    def __init__(self, parts: Parts, campaign_id: str, token: str, on_hold: Callable[[Hold | None], None] = lambda _: None) -> None:
        self.parts, self.campaign_id, self.token, self._on_hold = parts, campaign_id, token, on_hold
        self.wake = parts.wakes.setdefault(campaign_id, parts.clock.signal())
        with parts.db.read() as connection:
            campaign = read_campaign(connection, campaign_id)
        self._adopt(campaign)
        self._hold: Hold | None = None
        self._draining = False
        self._failure: Hold | None = None

    def drain(self) -> None:
        """Dial no more and come back once the calls in progress are over; the campaign stays as it is, to be continued."""
        self._draining = True
        self.wake.set()

    async def run(self) -> str:
        """Dial until the campaign is over; returns its final state, or `interrupted` after `drain`.

        Raises:
            LeaseLost: if another process took the campaign over.
        """
        await self.reconcile()  # nothing was sent by this process yet: the fate of whatever is open is not known
        while True:
            self.wake.clear()
            campaign, work = self._look()
            match next_step(self.parts.clock.now(), self._situation(campaign, work)):
                case Dial():
                    await self._dial(work)
                case Wait(until, hold):
                    self._say_hold(Hold(until, "held", hold) if hold else self._hold_still_counts())
                    await self._wait(until)
                case Paused():
                    await asyncio.sleep(_PAUSE_POLL)
                case Close(reason):
                    self._fail(Hold(None, "never_opens", reason))
                case Over(event):
                    if (state := self._end(campaign.state, event)) is not None:
                        return state

    async def reconcile(self, sent_before: datetime | None = None) -> None:
        """Settle the attempts whose fate is not known, as far as the core answers now."""
        parts = self.parts
        try:
            changed = await reconcile(parts.db, parts.clock, parts.ids, parts.core, self.campaign_id, sent_before=sent_before)
        except CoreUnreachable as error:
            log.warning("%s; the attempts whose fate is not known are looked at again later", error)
        else:
            if changed:
                self.wake.set()

    def _look(self) -> tuple[Row[Any], Backlog]:
        now = self.parts.clock.now()
        with self.parts.db.read() as connection:
            campaign = read_campaign(connection, self.campaign_id)
            work = backlog(connection, self.campaign_id)
        if campaign.owner_token != self.token:
            raise LeaseLost(f"the campaign {campaign.name!r} was taken over by another process")
        if (campaign.settings, campaign.bot_id) != (self._settings, self.bot_id):
            self._adopt(campaign)
        if work.next_due is not None and work.next_due <= now:
            with self.parts.db.write() as connection:
                promote_due(connection, self.campaign_id, now)
                work = backlog(connection, self.campaign_id)
        return campaign, work

    def _adopt(self, campaign: Row[Any]) -> None:
        """Go by the campaign's settings as they are now: they can be changed while it is paused."""
        self.bot_id: str = campaign.bot_id
        self._settings: dict[str, Any] = campaign.settings
        self.config = CampaignConfig.model_validate(campaign.settings)
        self._bucket = TokenBucket.full(self.config.calls_per_second, self.parts.clock.now())

    def _situation(self, campaign: Row[Any], work: Backlog) -> Situation:
        now, window = self.parts.clock.now(), self.config.calling_window
        window_open = window is None or is_open(window.hours, window.time_zone, now)
        opens_at = now if window is None or window_open else next_opening(window.hours, window.time_zone, now)
        hold = self._hold
        return Situation(
            self._own_state() or campaign.state,
            work.ready,
            work.in_flight,
            work.next_due,
            window_open,
            opens_at,
            hold.until if hold else None,
            hold.detail if hold else None,
        )

    def _own_state(self) -> str | None:
        """What this process knows better than the campaign's row: it was asked to end, or can dial nothing any more."""
        return "draining" if self._draining else "failing" if self._failure else None

    async def _dial(self, work: Backlog) -> None:
        parts, now = self.parts, self.parts.clock.now()
        try:
            fleet = await parts.core.fleet(self.bot_id)
        except CoreUnreachable as error:
            self._say_hold(Hold(now + timedelta(seconds=5), "core_unreachable", f"The call engine does not answer: {error}."))
            return
        wanted = plan(
            fleet_available=fleet.available,
            in_flight=work.in_flight,
            concurrency_limit=self.config.concurrency_limit,
            bucket=self._bucket,
            now=now,
        )
        if wanted.dials == 0:
            await self._wait(wanted.again_at or now + timedelta(seconds=_SEAT_WAIT))
            return
        with parts.db.write() as connection:
            claims = claim(connection, parts.ids, self.campaign_id, self.token, wanted.dials, now)
        if not claims:
            return  # paused, stopped or taken over since: the next look will tell
        placed, hold = await send_batch(parts.db, parts.clock, parts.core, self.bot_id, claims, self.token)
        self._bucket = self._bucket.take(placed, parts.clock.now())
        if hold is not None and hold.until is None:
            self._fail(hold)
            return
        self._say_hold(hold)
        if hold is not None and hold.reason == "core_unreachable":
            await self._wait(hold.until)
            await self.reconcile(parts.clock.now())

    async def _wait(self, until: datetime | None) -> None:
        seconds = SAFETY_NET
        if until is not None:
            seconds = min(seconds, (until - self.parts.clock.now()).total_seconds())
        await self.wake.wait(max(seconds, 0.001))

    def _hold_still_counts(self) -> Hold | None:
        hold = self._hold
        return hold if hold and hold.until and hold.until > self.parts.clock.now() else None

    def _say_hold(self, hold: Hold | None) -> None:
        if hold != self._hold:
            self._hold = hold
            with self.parts.db.write() as connection:
                set_hold(connection, self.campaign_id, self.token, hold.until if hold else None, hold.detail if hold else None)
            self._on_hold(hold)

    def _fail(self, why: Hold) -> None:
        """Nothing can be dialled any more; the calls in progress are still finished."""
        self._failure = why
        self._on_hold(why)

    def _end(self, state: str, event: str) -> str | None:
        """End the campaign by `event`. Returns what became of it; None if an operator gave an order in this very moment."""
        if state == "stopping" and event == "failed":
            event = "drained"
        if event == "interrupted" or state not in {"running", "stopping"}:
            end = event if event == "interrupted" else state
        else:
            try:
                end = self._change_state(event)
            except NotAllowed:
                return None
        self.parts.wakes.pop(self.campaign_id, None)
        return end

    def _change_state(self, event: str) -> str:
        now = self.parts.clock.now()
        with self.parts.db.write() as connection:
            reason = self._failure.detail if self._failure else read_campaign(connection, self.campaign_id).reason
            state = change_state(connection, self.campaign_id, event, now, reason=reason)
            if event == "drained":  # some may have been given back while the last calls were finished
                close_waiting(connection, self.campaign_id, "stopped", now)
            elif self._failure and self._failure.reason != "misconfigured":  # (a mistake can be corrected: those wait)
                close_waiting(connection, self.campaign_id, "window_closed", now)
        return state
