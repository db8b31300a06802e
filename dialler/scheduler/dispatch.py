"""Sends dialouts side by side, and applies each answer.

A dialout is answered once its call has left, and until then its CRM may be asked, and its turn on the trunk awaited. So the next
ones do not wait for it: up to `PENDING` are on their way at once, `AT_ONCE` of them sent in one go.

Until one was placed, and again after a refusal or a failure that concerns more than its own lead, only one is on its way: what is
wrong with the core is then found out by one lead, not by all of them.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Final

from core.kernel.clock import Signal
from core.kernel.purposes import Purpose
from dialler.campaigns.config import CallingWindow, CampaignConfig
from dialler.core_client import CoreUnreachable, LeadRefused, Misconfigured, Placed, TryLater
from dialler.leads.claims import Claim, Undialled, end_undialled, give_back, note_failed_dialout
from dialler.leads.placements import Placement, write_placements
from dialler.policy.own_window import closed_for
from dialler.scheduler.holds import Hold
from dialler.scheduler.parts import Parts

__all__ = ["AT_ONCE", "PENDING", "Batch", "Dialouts", "Terms"]

log = logging.getLogger(__name__)

AT_ONCE: Final = 16
"""Most dialouts that are sent in one go: whatever else this process does waits for their first steps."""
PENDING: Final = 64
"""Most dialouts that wait for their answers."""
_UNKNOWN_WAIT = timedelta(seconds=30)
_CAUSE: Final[dict[str, Undialled]] = {"suppressed": "number_suppressed", "number": "number_refused", "request": "lead_refused"}
_ENDED: Final = "the process ends"


@dataclass(frozen=True)
class Terms:
    """What holds for each dialout of a campaign: what the calls are for, and its calling window."""

    purpose: Purpose | None = None
    window: CallingWindow | None = None

    @cached_property
    def window_json(self) -> dict[str, Any] | None:
        """The window as the dialout takes it."""
        return None if self.window is None else self.window.model_dump(mode="json", exclude_defaults=True)

    @classmethod
    def of(cls, config: CampaignConfig) -> Terms:
        """The terms of a campaign."""
        return cls(config.purpose, config.calling_window)


@dataclass(frozen=True)
class Batch:
    """What became of some dialouts.

    Attributes:
        placed: calls that left.
        hold: why those that were not sent yet were given back, if they were.
        failure: what went wrong with the last dialout, if it is not known what became of it.
        closed: dialouts that were refused because of the bot's or the callee's hours, and are to be tried when those open.
        unplaced: dialouts after which it is known that no call left, those included that were not sent.
    """

    placed: int = 0
    hold: Hold | None = None
    failure: str | None = None
    closed: int = 0
    unplaced: int = 0

    def __add__(self, other: Batch) -> Batch:
        return Batch(
            self.placed + other.placed,
            _graver(self.hold, other.hold),
            other.failure or self.failure,
            self.closed + other.closed,
            self.unplaced + other.unplaced,
        )

    @property
    def alike(self) -> bool:
        """Whether what happened would happen to the next dialout, too."""
        return self.hold is not None or self.failure is not None


class Dialouts:
    """The dialouts of one campaign that are on their way.

    Args:
        parts: the database, the clock and the core.
        token: the lease token under which the leads were claimed.
        wake: set when there is something to take in that the scheduler waits for.
    """

    def __init__(self, parts: Parts, token: str, wake: Signal) -> None:
        self._parts, self._token, self._wake = parts, token, wake
        self._tasks: set[asyncio.Task[None]] = set()
        self._unseen: set[asyncio.Task[None]] = set()
        self._unsent = 0
        self._done = Batch()
        self._proven = self._told = False
        self._stopped: str | None = None
        """Why nothing more is sent of what was handed over."""
        self._error: Exception | None = None

    @property
    def room(self) -> int:
        """How many may be handed over now."""
        if not self._proven:
            return 0 if self._tasks else 1
        return max(0, min(AT_ONCE, PENDING - len(self._tasks)))

    def unseen(self) -> int:
        """How many may be missing in the core's figures, asked for now: those that were sent since they were asked for last."""
        count = len(self._unseen)
        self._unseen = set()
        return count

    def send(self, bot_id: str, claims: list[Claim], *, tell: bool, terms: Terms = Terms()) -> None:
        """Dial the claimed leads, as long as the campaign runs under the token; the others are given back.

        `tell` has the scheduler woken by every answer, not only by those that change what it does next.
        """
        self._stopped, self._told = None, tell
        self._unsent += len(claims)
        for taken in claims:
            task = self._parts.clock.spawn(self._run(bot_id, taken, terms), name=f"dialout {taken.attempt_id}")
            self._tasks.add(task)
            self._unseen.add(task)
            task.add_done_callback(self._forget)

    def collect(self) -> Batch | None:
        """What became of dialouts since the last time; None: nothing.

        Raises:
            Exception: what kept an answer from being written down.
        """
        if (error := self._error) is not None:
            self._error = None
            raise error
        done, self._done = self._done, Batch()
        return done if done != Batch() else None

    async def end(self) -> None:
        """Send no more, and wait for the answers of those that are on their way."""
        self._stopped = self._stopped or _ENDED
        await self.settled()

    async def settled(self) -> None:
        """Wait until none is on its way, and have their answers written."""
        await self._parts.clock.join(*self._tasks)
        self._parts.journal.try_flush()

    async def abandon(self) -> None:
        """Wait for no answer: what became of those dialouts is asked for later."""
        self._stopped = self._stopped or _ENDED
        tasks = list(self._tasks)
        for task in tasks:
            self._parts.clock.cancel(task)
        if tasks:
            await asyncio.wait(tasks)  # not by the clock, which may stand still

    def _stop_sending(self) -> None:
        """The campaign was paused, stopped or taken over meanwhile."""
        self._stopped = self._stopped or "not sent: the campaign does not run"

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._unseen.discard(task)

    async def _run(self, bot_id: str, taken: Claim, terms: Terms) -> None:
        waited_for = self._told or not self._proven or len(self._tasks) >= PENDING
        try:
            became = await self._dial(bot_id, taken, terms)
        except Exception as error:
            self._stopped, self._error = self._stopped or "not sent: an answer could not be written down", error
            self._proven = False
            self._wake.set()
            return
        if became.alike:
            self._proven = False
        elif became.placed and self._stopped is None:
            self._proven = True
        self._done += became
        self._tasks.discard(asyncio.current_task())  # there is room for another one before the task has ended
        # (a refusal meanwhile leaves no room while any is pending: then each answer is waited for)
        if waited_for or not self._proven or not became.placed or len(self._tasks) + 1 >= PENDING:
            self._wake.set()

    async def _dial(self, bot_id: str, taken: Claim, terms: Terms) -> Batch:
        db, token = self._parts.db, self._token
        self._unsent -= 1
        if self._stopped is not None:
            return self._give_back(taken, self._stopped)
        if (closed := closed_for(terms.window, taken.phone, self._parts.clock.now())) is not None:
            with db.write() as connection:
                give_back(connection, taken, token, closed.opens_at, closed.why, self._parts.clock.now(), at_once=False)
            return Batch(unplaced=1)
        try:
            answer = await self._parts.core.dialout(
                bot_id,
                taken.phone,
                taken.variables,
                taken.attempt_id,
                purpose=terms.purpose,
                promised_callback=taken.kind == "callback",
                calling_window=terms.window_json,
            )
        except CoreUnreachable as error:
            # it may have been placed: it stays as it is until the core can be asked; what was not sent yet is given back
            self._stopped = f"not sent: {error}"
            with db.write() as connection:
                note_failed_dialout(connection, taken, token, str(error))
            return Batch(failure=str(error))
        now = self._parts.clock.now()
        match answer:
            case Placed(call_id):
                placement = Placement(taken, token, call_id, now, self._stop_sending if self._unsent else None)
                self._parts.journal.add(write_placements, taken.attempt_id, placement)
                if self._unsent:  # whether the campaign still runs decides about those
                    self._parts.journal.flush()
                return Batch(placed=1)
            case LeadRefused(cause, detail):
                with db.write() as connection:
                    end_undialled(connection, taken, token, _CAUSE[cause], detail, now)
                return Batch(unplaced=1)
            case TryLater("outside_permitted_hours", detail, None):
                with db.write() as connection:
                    end_undialled(connection, taken, token, "number_refused", detail, now)
                return Batch(unplaced=1)
            case TryLater(
                "outside_permitted_hours" | "number_busy" | "contact_cap" as reason, detail, retry_at
            ):  # this callee only: the others may be free
                with db.write() as connection:
                    give_back(connection, taken, token, retry_at or now + _UNKNOWN_WAIT, detail, now, at_once=False)
                return Batch(closed=int(reason == "outside_permitted_hours"), unplaced=1)
            case TryLater("trunk_unavailable", detail, None) | Misconfigured(detail):  # (no trunk, or none that runs: waiting helps nobody)
                self._stopped = detail
                return Batch(hold=Hold(None, "misconfigured", detail)) + self._give_back(taken, detail)
            case TryLater(reason, detail, retry_at):
                self._stopped = detail
                until = retry_at if retry_at is not None or reason == "outside_active_hours" else now + _UNKNOWN_WAIT
                refused = Batch(hold=Hold(until, reason, detail), closed=int(reason == "outside_active_hours"))
                return refused + self._give_back(taken, detail)

    def _give_back(self, taken: Claim, why: str) -> Batch:
        with self._parts.db.write() as connection:
            give_back(connection, taken, self._token, taken.created_at, why, self._parts.clock.now(), at_once=True)
        return Batch(unplaced=1)


def _graver(one: Hold | None, other: Hold | None) -> Hold | None:
    """The hold that lasts longer; one without an end is not outlasted."""
    if one is None or other is None:
        return one or other
    if one.until is None or other.until is None:
        return one if one.until is None else other
    return one if one.until >= other.until else other
