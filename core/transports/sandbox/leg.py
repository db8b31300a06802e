"""One call on the sandbox network: the callee's life in a task of its own, and our end of it (`Leg`)."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import datetime
from typing import Final

from core.contracts.leg_events import LegEvents
from core.contracts.transport import Answered, Beep, Failed, Heard, HungUp, LegEvent, PlaceOrder, Playout, Ringing, TransferOutcome
from core.kernel.clock import Clock
from core.kernel.mailbox import Mailbox
from core.transports.refused import NO_CALL
from core.transports.sandbox.behaviour import Callee, Moment, PickedUp, Quiet, Said, Stimulus
from core.transports.sandbox.fate import Fate
from core.transports.sandbox.network_log import Arrival, EndedBy, NetworkLog
from core.transports.sandbox.settings import SandboxSettings

__all__ = ["SandboxLeg"]

_NOTHING_SAID = Playout("", completed=False, seconds=0.0)
_BEEP_AFTER = 0.5
_SWAPPED: Final[dict[EndedBy, EndedBy]] = {"caller": "callee", "callee": "caller"}


class _Over:
    """In the callee's inbox: the call is over."""


_OVER: Final = _Over()


class SandboxLeg:
    """The callee's end of one call.

    Its last event is `Failed` if it was never answered, else `HungUp`, whichever side ended it (reasons: "hung up" by the
    callee, "caller hung up", "transferred", "network"); asked again, `next` gives that event again.

    Args:
        clock: all time passes on it.
        order: the call.
        fate: what the callee is going to do.
        log: the callee's side writes here.
        settings: speed of speech, pauses, limits.
        seed: every turn of the callee draws from a stream of its own, made of this and the number of the turn.
        transfers: the outcome of a transfer to a destination.
        on_end: called once, when the call is over.
        inbound: whether they call us; then they are the caller in the log, and we the callee.
    """

    def __init__(
        self,
        clock: Clock,
        order: PlaceOrder,
        fate: Fate,
        *,
        log: NetworkLog,
        settings: SandboxSettings,
        seed: int,
        transfers: Callable[[str], TransferOutcome],
        on_end: Callable[[SandboxLeg], None],
        inbound: bool = False,
    ) -> None:
        self._clock, self._fate, self._log, self._settings = clock, fate, log, settings
        self._arrival = Arrival(order.to_number, order.from_number, order.attempt)
        self._inbound = inbound
        self._seed, self._transfers, self._on_end = seed, transfers, on_end
        self._events: LegEvents[LegEvent] = LegEvents(clock)
        self._inbox: Mailbox[Said | _Over] = Mailbox(clock)  # what the callee hears
        self._over = clock.signal()
        self._answered_at: datetime | None = None
        self._bot_lines = self._turns = 0
        self._bot_speaks = False
        self.speaking = False
        """Whether the callee is speaking now."""
        if fate.rings:
            self._events.put(Ringing())

    # our end

    async def next(self, timeout: float | None = None) -> LegEvent | None:
        """The next event; None when nothing happened for `timeout` clock seconds."""
        return await self._events.next(timeout)

    async def say(self, text: str) -> Playout:
        """Speak: takes the time that the words take, unless the callee stops it or the call is over."""
        if self._answered_at is None or self._events.final is not None:
            return _NOTHING_SAID
        words = text.split()
        if not words:
            return Playout("", completed=True, seconds=0.0)
        seconds = self._seconds(words)
        self._bot_lines += 1
        stops = None if self.speaking else self._callee().interrupts(self._bot_lines, seconds, self._stream("line", self._bot_lines))
        planned = seconds if stops is None else min(stops.after, seconds)
        started, self._bot_speaks = self._clock.now(), True
        try:
            over = await self._over.wait(planned)
        finally:
            self._bot_speaks = False
        if not over and stops is None:
            self._inbox.put(Said(text))
            return Playout(text, completed=True, seconds=seconds)
        if over:
            planned = min((self._clock.now() - started).total_seconds(), planned)
        spoken = " ".join(words[: math.floor(planned * self._settings.words_per_second + 1e-6)])
        if not over and stops is not None:
            if stops.hang_up:
                self._end(HungUp(), "callee", 200)
            else:
                self.speaking = True  # from this moment on, before the callee's own task runs
                self._inbox.put(Said(spoken, interrupted=True))
        return Playout(spoken, completed=False, seconds=planned)

    async def hang_up(self, reason: str = "") -> None:  # noqa: ARG002
        """CANCEL before the answer, BYE after it; nothing if the call is over."""
        self._end_with("caller", Failed(487, "Request Terminated"), "caller hung up")

    async def transfer(self, destination: str) -> TransferOutcome:
        """Hand the callee over. It takes a few seconds; when it succeeds, the call is over for us."""
        if self._answered_at is None or self._events.final is not None:
            return NO_CALL
        if await self._over.wait(self._stream("transfer", destination).uniform(1.0, 3.0)):
            return NO_CALL
        outcome = self._transfers(destination)
        if outcome.succeeded:
            self._end(HungUp("transferred"), "transfer", 200)
        return outcome

    def cut(self) -> None:
        """The network ends the call, because it shuts down."""
        self._end_with("network", Failed(503, "Service Unavailable"), "network")

    # the callee's end

    async def live(self) -> None:
        """What the callee does from the INVITE to the end; runs as a task of the network."""
        try:
            if await self._over.wait(self._fate.seconds):
                return
            if (failure := self._fate.failure) is not None:
                self._end(Failed(failure.sip_status, failure.reason), failure.by, failure.sip_status)
                return
            moment = self._clock.now()
            self._log.answered(moment, self._arrival)
            self._answered_at = moment
            self._events.put(Answered())
            await self._converse()
        finally:  # nothing is left to do, unless the task was cancelled or failed
            self._end_with("network", Failed(500, "Server Internal Error"), "network")

    async def _converse(self) -> None:
        callee = self._callee()
        heard: Stimulus | None = PickedUp()
        while heard is not None:
            self._turns += 1
            moment = Moment(self._clock.now(), self._talked())
            if moment.talked >= self._settings.longest_call_seconds:
                self._end(HungUp("network"), "network", 200)
                return
            reaction = callee.reacts(heard, moment, self._stream("turn", self._turns))
            if reaction.say and not await self._speak(reaction.say, isinstance(heard, Said) and heard.interrupted):
                return
            if reaction.beep:
                if await self._over.wait(_BEEP_AFTER):
                    return
                self._events.put(Beep(tells_machine=True))
            if reaction.hang_up:
                self._end(HungUp(), "callee", 200)
                return
            heard = await self._listen(reaction.patience)

    async def _speak(self, text: str, barged_in: bool) -> bool:
        """Speak; False if the call ended meanwhile."""
        seconds = self._seconds(text.split())
        self.speaking = True
        over = await self._over.wait(seconds)
        self.speaking = False
        if not over:
            self._events.put(Heard(text, seconds, barged_in))
        return not over

    async def _listen(self, patience: float) -> Stimulus | None:
        """What the bot says next, to its end and a pause for thought; Quiet after `patience` seconds; None if the call is over."""
        said = await self._inbox.get(patience)
        while said is None:
            if not self._bot_speaks:
                return Quiet()
            said = await self._inbox.get()
        text = ""
        pause = self._stream("pause", self._turns).uniform(*self._settings.pause_seconds)
        while isinstance(said, Said):
            text = f"{text} {said.text}".strip()
            if said.interrupted:
                return Said(text, interrupted=True)
            said = await self._inbox.get(pause)
            while said is None:
                if not self._bot_speaks:
                    return Said(text)
                said = await self._inbox.get()
        return None

    # both

    def _end_with(self, by: EndedBy, unanswered: Failed, reason: str) -> None:
        if self._answered_at is None:
            self._end(unanswered, by, unanswered.sip_status)
        else:
            self._end(HungUp(reason), by, 200)

    def _end(self, final: Failed | HungUp, by: EndedBy, sip_status: int) -> None:
        """The call is over; only the first end counts."""
        if self._events.final is not None:
            return
        self._events.end(final)
        self._inbox.put(_OVER)
        self._over.set()
        self._on_end(self)
        by = _SWAPPED.get(by, by) if self._inbound else by
        self._log.ended(self._clock.now(), self._arrival, by=by, sip_status=sip_status, talk_seconds=self._talked())

    def _callee(self) -> Callee:
        assert self._fate.callee is not None  # a call without callee fails and is never answered
        return self._fate.callee

    def _talked(self) -> float:
        """Seconds since the answer; 0 before it."""
        return 0.0 if self._answered_at is None else (self._clock.now() - self._answered_at).total_seconds()

    def _seconds(self, words: list[str]) -> float:
        return len(words) / self._settings.words_per_second

    def _stream(self, *name: object) -> random.Random:
        return random.Random(f"{self._seed}/{'/'.join(map(str, name))}")
