"""The loop of one campaign.

It wakes on events: a result came (a seat is free), a lead is due, a window opens, an operator gave an order. A slow timer is
only a safety net. What to do is decided by `dialler.policy.steps` and `dialler.policy.pacing`, which are pure. It goes on
whatever fails for a while: a core or a database that does not answer is tried again after waits that grow.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Row

from core.kernel.rate import TokenBucket
from core.kernel.statements import AnyRow
from dialler.campaigns.config import CampaignConfig
from dialler.campaigns.store import read_campaign
from dialler.leads.claims import Claim, claim
from dialler.leads.limits import limits_differ
from dialler.leads.progress import Backlog, backlog, campaign_and_backlog
from dialler.leads.queue import AT_ONCE, promote_due
from dialler.leads.results import Receipt
from dialler.policy.pacing import Plan, plan
from dialler.policy.patience import NEVER_TOGETHER, Futility, growing
from dialler.policy.steps import Close, Dial, Over, Paused, Situation, Wait, next_step
from dialler.scheduler.asking import FIRST_HOLD, Asking
from dialler.scheduler.dispatch import Batch, Dialouts, Terms
from dialler.scheduler.ending import LeaseLost, check_lease, end_campaign
from dialler.scheduler.holds import Hold, Holds
from dialler.scheduler.outages import DATABASE_FAILURES, ride_out
from dialler.scheduler.parts import Parts
from dialler.scheduler.reconcile import reconcile_now
from dialler.scheduler.settling import Settling
from dialler.scheduler.situation import situation
from dialler.scheduler.trunk_look import is_well, next_look, rested_trunk
from dialler.scheduler.upkeep import keep_up

__all__ = ["CampaignRunner", "LeaseLost", "Parts"]

log = logging.getLogger(__name__)

SAFETY_NET = 21_600.0
"""Clock seconds after which the loop looks around though nothing has woken it."""
_PAUSE_POLL = 0.2
"""Real seconds between two looks at a paused campaign: orders come in real time, and virtual time must stand still."""
_NOTHING_CLAIMED = 0.1
"""Clock seconds until the next look when others held every lead that could be claimed, or the core's figures may be too old."""
_SLACK: Final = timedelta(milliseconds=250)
"""How late a step may be without the campaign's rate suffering for it."""
_LONGEST_FAILING: Final = timedelta(minutes=5)
"""The longest that dialling is held because dialouts fail: each one that fails counts against a lead, and it is not the leads' fault."""


class CampaignRunner:
    """Dials for one campaign until it is over.

    Args:
        parts: database, clock and the core.
        campaign_id: the campaign, running, whose lease this process holds.
        token: that lease's token.
        on_hold: told whenever the reason why nothing is dialled changes (None: dialling goes on).

    Attributes:
        wake: set it to have the loop look around at once.
        idle: the loop waits, and found nothing that could be dialled.
    """

    def __init__(self, parts: Parts, campaign_id: str, token: str, on_hold: Callable[[Hold | None], None] = lambda _: None) -> None:
        self.parts, self.campaign_id, self.token, self._on_hold = parts, campaign_id, token, on_hold
        self.wake = parts.wakes.setdefault(campaign_id, parts.clock.signal())
        parts.capacity.forget()
        parts.note_result[campaign_id] = self.note_result
        self.idle = False
        self._holds = Holds(parts, campaign_id, token, on_hold)
        self._asking = Asking(parts, self._holds)
        self._settling = Settling(parts, campaign_id)
        self._dialouts = Dialouts(parts, token, self.wake)
        with parts.db.read() as connection:
            campaign = read_campaign(connection, campaign_id)
        self._adopt(campaign)
        self._draining = False
        self._failure: Hold | None = None
        self._in_flight: int | None = None
        self._next_expiry: datetime | None = None
        self._work: Backlog | None = None
        self._dialouts_failed = self._looks = 0
        self._futility = Futility()

    def drain(self) -> None:
        """Dial no more and come back once the calls in progress are over; the campaign stays as it is, to be continued."""
        self._draining = True
        self.wake.set()

    async def run(self) -> str:
        """Dial until the campaign is over; returns its final state, or `interrupted` after `drain`.

        Raises:
            LeaseLost: if another process took the campaign over.
        """
        try:
            state = await self._until_over()
        except asyncio.CancelledError:
            await self._dialouts.abandon()
            raise
        except BaseException:
            await self._dialouts.end()
            raise
        await self._dialouts.end()
        return state

    async def _until_over(self) -> str:
        failures = 0
        while True:
            try:
                state = await self._turn()
            except DATABASE_FAILURES as error:
                failures += 1
                await ride_out(self.campaign_id, error, failures, self.parts.clock, self.parts.db.health, self._holds.announce)
                self._settling.ask(self.parts.clock.now())  # it may have failed between a dialout and the record of its answer
            else:
                failures = 0
                if state is not None:
                    return state

    async def reconcile(self, sent_before: datetime) -> None:
        """Ask for the results of calls that were dialled before a moment and are not over, as far as the core answers now."""
        if self._in_flight != 0 and await reconcile_now(self.parts, self.campaign_id, sent_before):
            self.wake.set()

    async def _turn(self) -> str | None:
        """Look, do one step. Returns what became of the campaign once it is over."""
        await self._settling.settle_if_due()
        self.wake.clear()
        if (batch := self._dialouts.collect()) is not None:
            self._take_in(batch)
        self.idle = False
        seen = await self._dial_at_once()
        if seen == "dialled":
            return None
        campaign, work = seen or await self._look()
        step = next_step(self.parts.clock.now(), self._situation(campaign, work))
        self.idle = isinstance(step, Wait) and not work.ready
        match step:
            case Dial():
                await self._dial(work)
            case Wait(until, why):
                self._holds.say(self._holds.in_force or (Hold(until, "held", why) if why else None))
                trunk = rested_trunk(self._holds.in_force, self.parts.clock.now())
                await (self._wait(until) if trunk is None else self._look_for_trunk(trunk))
            case Paused():
                self.parts.journal.flush()  # the operator who gave the order waits for it
                with self.parts.clock.outside():
                    await asyncio.sleep(_PAUSE_POLL)
            case Close(reason):
                self._fail(Hold(None, "never_opens", reason))
            case Over(event):
                self.parts.journal.flush()
                return self._end(campaign.state, event)
        return None

    async def _dial_at_once(self) -> tuple[AnyRow, Backlog] | Literal["dialled"] | None:
        """Look and claim in one transaction, when it is likely that there is something to dial and nothing else to do. If that was wrong
        nothing was done: returns what was seen, as `_look` does, or None if there is more to be done."""
        parts, now = self.parts, self.parts.clock.now()
        if not (self._likely(now) and self._dialouts.room and len(parts.wakes) == 1 and self._own_state() is None):
            return None
        with parts.db.write() as connection:
            campaign, work = campaign_and_backlog(connection, self.campaign_id, lock=True)
            due = work.next_due is not None and work.next_due <= now
            if not self._as_known(campaign) or (work.next_expiry is not None and work.next_expiry <= now):
                return None
            if not isinstance(next_step(now, self._situation(campaign, replace(work, ready=work.ready or due))), Dial):
                return None if due else self._note_look(campaign, work)
            free = parts.capacity.free(work.in_flight, now)
            wanted = min(self._own_plan(work.in_flight).dials, free, self._dialouts.room)
            if wanted <= 0:
                return None if due else self._note_look(campaign, work)
            if due:
                if promote_due(connection, self.campaign_id, now, locked=True) == AT_ONCE:
                    return None
                work = backlog(connection, self.campaign_id)
            claims = claim(connection, parts.ids, self.campaign_id, self.token, wanted, now, locked=campaign)
        self._next_expiry = work.next_expiry
        await self._send(claims, work)
        return "dialled"

    def _likely(self, now: datetime) -> bool:
        """Whether there was something to dial when it was last looked, or is by now."""
        return self._work is not None and (self._work.ready or (self._work.next_due is not None and self._work.next_due <= now))

    def _as_known(self, campaign: AnyRow) -> bool:
        """Whether the campaign is ours, with the settings that are gone by."""
        known = campaign.owner_token == self.token and (campaign.settings, campaign.bot_id) == (self._settings, self.bot_id)
        return known and not limits_differ(campaign.lead_times, self.config.time_options())

    async def _look(self) -> tuple[AnyRow, Backlog]:
        with self.parts.db.read() as connection:
            campaign, work = campaign_and_backlog(connection, self.campaign_id)
        check_lease(campaign, self.campaign_id, self.token)
        if (campaign.settings, campaign.bot_id) != (self._settings, self.bot_id):
            self._adopt(campaign)
        work = await keep_up(self.parts, self.campaign_id, campaign, work, self.config)
        return self._note_look(campaign, work)

    def _note_look(self, campaign: AnyRow, work: Backlog) -> tuple[AnyRow, Backlog]:
        self._in_flight, self._next_expiry, self._work = work.in_flight, work.next_expiry, work
        return campaign, work

    def note_result(self, receipt: Receipt) -> bool:
        """Note that a result came in. Returns whether the loop must look around: not if it waits for a lead to become due, or for more
        results, and goes on waiting."""
        work = self._work
        if not self.idle or work is None or work.ready or not receipt.moved:
            return True
        self._work = work = replace(work, in_flight=work.in_flight - 1)
        self._in_flight = work.in_flight
        if receipt.due_at is not None and (work.next_due is None or receipt.due_at < work.next_due):
            return True
        return work.in_flight <= 0 and work.next_due is None

    def _adopt(self, campaign: Row[Any]) -> None:
        """Go by the campaign's settings as they are now: they can be changed while it is paused."""
        self.bot_id: str = campaign.bot_id
        self._settings: dict[str, Any] = campaign.settings
        self.config = CampaignConfig.model_validate(campaign.settings)
        self._bucket = TokenBucket.full(self.config.calls_per_second, self.parts.clock.now(), slack=_SLACK)

    def _situation(self, campaign: Row[Any], work: Backlog) -> Situation:
        state = self._own_state() or campaign.state
        return situation(state, work, self.config.calling_window, self._holds.in_force, self.parts.clock.now(), campaign.end_calls)

    def _own_state(self) -> str | None:
        """What this process knows better than the campaign's row: it was asked to end, or can dial nothing any more."""
        return "draining" if self._draining else "failing" if self._failure else None

    async def _dial(self, work: Backlog) -> None:
        parts, now = self.parts, self.parts.clock.now()
        own = self._own_plan(work.in_flight)
        if own.dials == 0:
            self._holds.say(None)
            await self._wait(own.again_at)
            return
        if self._dialouts.room == 0:  # an answer wakes it
            await self._wait(None)
            return
        alone = len(parts.wakes) == 1
        free = parts.capacity.free(work.in_flight, now) if alone else 0
        if free == 0:
            parts.capacity.forget()
            fleet = await self._asking.fleet(self.bot_id)
            if fleet is None:
                return
            if fleet.available <= 0:
                await self._wait(self._asking.wait_for_seat(fleet, work.in_flight))
                return
            free = fleet.available - self._dialouts.unseen()
            if free <= 0:
                await self._wait(now + timedelta(seconds=_NOTHING_CLAIMED))
                return
            if alone:
                # a call may have ended while the core was asked: it holds no more than its seats
                parts.capacity.learn(min(free, fleet.max - work.in_flight), work.in_flight, now)
        with parts.db.write() as connection:
            wanted = min(own.dials, free, self._dialouts.room)
            claims = claim(connection, parts.ids, self.campaign_id, self.token, wanted, now)
        await self._send(claims, work)

    async def _send(self, claims: list[Claim], work: Backlog) -> None:
        """Send the dialouts of leads that were claimed, and wait if there is nothing more to dial."""
        parts, now = self.parts, self.parts.clock.now()
        if not claims:  # paused, stopped or taken over since: the next look will tell
            self._work = None
            await parts.clock.sleep(_NOTHING_CLAIMED)
            return
        self._in_flight, left = work.in_flight + len(claims), work.at_hand - len(claims)
        self._work = replace(work, in_flight=self._in_flight, ready=left > 0, at_hand=left)
        self._bucket = self._bucket.take(len(claims), now)
        self._dialouts.send(self.bot_id, claims, tell=self._holds.said, terms=Terms.of(self.config))
        own = self._own_plan(self._in_flight)
        if own.dials == 0 or self._dialouts.room == 0:  # there is no need to look before something happens
            await self._wait(own.again_at if own.dials == 0 else None)
        elif not self._work.ready:
            self.idle = True
            self._holds.say(None)
            await self._wait(work.next_due)

    async def _look_for_trunk(self, hold: Hold) -> None:
        """Wait for a trunk that is rested, or tried with one call; as soon as it is well, dialling goes on."""
        self._looks += 1
        await self._wait(next_look(self._looks, hold, self.parts.clock.now()))
        if self._holds.in_force == hold and await is_well(self.parts.core, self.bot_id):
            self._holds.impose(None)

    def _own_plan(self, in_flight: int) -> Plan:
        """How many the campaign's own limits let it dial now, whatever the core's capacity is."""
        limit = self.config.concurrency_limit
        return plan(fleet_available=limit, in_flight=in_flight, concurrency_limit=limit, bucket=self._bucket, now=self.parts.clock.now())

    def _take_in(self, batch: Batch) -> None:
        """Go by what became of dialouts."""
        now = self.parts.clock.now()
        if batch.unplaced or batch.alike:
            self.parts.capacity.forget()
        self._bucket = self._bucket.give_back(batch.unplaced)
        self._futility = self._futility.after(now, placed=batch.placed, closed=batch.closed)
        if batch.placed:
            self._dialouts_failed = self._looks = 0
        if batch.failure is not None:
            self._dialouts_failed += 1
            until = now + growing(self._dialouts_failed, FIRST_HOLD, _LONGEST_FAILING)
            self._settling.ask(until)
            self._holds.impose(Hold(until, "core_unreachable", f"The call engine does not answer as it should: {batch.failure}."))
        elif batch.hold is not None and batch.hold.until is None:
            self._fail(batch.hold)
        elif self._futility.hopeless:
            self._fail(Hold(None, "never_open_together", NEVER_TOGETHER))
        elif batch.hold is not None or self._holds.in_force is None:
            self._holds.impose(batch.hold)

    async def _wait(self, until: datetime | None) -> None:
        seconds = SAFETY_NET
        for moment in (until, self._settling.at, self._next_expiry):
            if moment is not None:
                seconds = min(seconds, (moment - self.parts.clock.now()).total_seconds())
        await self.wake.wait(max(seconds, 0.001))

    def _fail(self, why: Hold) -> None:
        """Nothing can be dialled any more; the calls in progress are still finished."""
        self._failure = why
        self._on_hold(why)

    def _end(self, state: str, event: str) -> str | None:
        """End the campaign by `event`. Returns what became of it; None if it goes on, by an order or leads of this very moment."""
        if event == "interrupted" or state not in {"running", "stopping"}:  # nothing is to be written
            end: str | None = event if event == "interrupted" else state
        else:
            with self.parts.db.write() as connection:
                end = end_campaign(connection, self.campaign_id, self.token, state, event, self._failure, self.parts.clock.now())
        if end is not None:
            self.parts.wakes.pop(self.campaign_id, None)
            self.parts.note_result.pop(self.campaign_id, None)
        return end
