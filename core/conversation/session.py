"""Holds one conversation, from the answer to its end.

Everything that happens comes from the leg, everything the bot says from the brain; this module handles turns, silences, limits and the
transcript. It waits only through the leg and the clock.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from core.contracts.transport import Answered, Beep, Digit, Failed, FaxTone, Heard, HungUp, Leg, LegError, LegEvent, Playout, Ringing
from core.conversation.brain import Action, Brain, DoNotCall, EndCall, ScheduleCallback, Transfer, Turn, VoicemailDetected, WantsPerson
from core.conversation.closure import closure_phrase
from core.conversation.desk import Desk, HandoffRequest, desk_queue
from core.conversation.ending import ConversationEnding, EndReason
from core.conversation.holding import HoldingLine, hold
from core.conversation.limits import ConversationLimits
from core.conversation.silence import after_silence, ending_of_silence, line_for
from core.conversation.transcript import Transcript
from core.conversation.voicemail import sign_of_machine
from core.kernel.clock import Clock
from core.kernel.failures import without_values

__all__ = ["RecordEvent", "converse"]

RecordEvent = Callable[[str, dict[str, Any]], None]
"""Records one event of the call: its kind, and its data with `at` in seconds since the answer."""

log = logging.getLogger(__name__)

_BEEP_BEFORE_WORDS = 3.0  # seconds that recognition may lag behind the machine
_GREETING_TURNS = 2  # a machine greets at once: later words about messages are a person's
_DIGIT_GAP_SECONDS = 1.5  # keys pressed in quicker succession are one number
_MOST_KEYS = 32  # of one number; nobody is asked for a longer one
_APOLOGIES = 2
_REOPENINGS = 2  # how many times a callee may interrupt the bot's last words before it hangs up anyway
_AFTER_LAST_WORDS_SECONDS = 4.0  # how long to wait for an interruption of the last words


async def converse(
    leg: Leg,
    brain: Brain,
    limits: ConversationLimits,
    clock: Clock,
    record_event: RecordEvent,
    desk: Desk | None = None,
    transcript: Transcript | None = None,
) -> ConversationEnding:
    """Hold the conversation on a leg that has just been answered, and hang up.

    Never raises for errors of a brain, a callee or a leg: a failure ends the call with an apology and `pipeline_failure`. Only cancellation
    passes through; then the caller hangs up.

    Args:
        leg: the callee's end; its `Answered` was just received.
        brain: decides what to say.
        limits: the limits of the conversation.
        clock: the clock of the call, which must have started the caller's task.
        record_event: called at once for every event of the call's log: `heard_first`, `silence`, `voicemail_detected`,
            `beep_heard`, `voicemail_message_left`, `callback_requested`, `do_not_call_requested`, `person_requested`, `handoff_waiting`,
            `transfer_sent`, `transfer_failed`, `max_duration_reached`, `brain_failed`, `leg_failed`, `line_ended`, `conversation_ended`.
        desk: the agent desk; if None, transfers to it fail.
        transcript: where to write what is said; for somebody who reads it while the call goes on.
    """
    return await _Conversation(leg, brain, limits, clock, record_event, desk, transcript or Transcript(clock)).run()


class _Over(Exception):
    def __init__(self, reason: EndReason) -> None:
        super().__init__(reason)
        self.reason = reason


class _BrainFailed(Exception):
    """The brain raised, or took too long."""


class _Conversation:
    def __init__(
        self,
        leg: Leg,
        brain: Brain,
        limits: ConversationLimits,
        clock: Clock,
        record_event: RecordEvent,
        desk: Desk | None,
        transcript: Transcript,
    ) -> None:
        self._leg, self._brain, self._limits, self._clock, self._record_event = leg, brain, limits, clock, record_event
        self._desk = desk
        self._transcript = transcript
        self._pending: LegEvent | None = None  # an event that came while another was being completed
        self._silences = 0
        self._callee_turns = 0
        self._greeting_seconds = 0.0  # how long the callee has spoken, as long as that may still be a greeting
        self._machine_known = False
        self._beeped_at: float | None = None
        self._reopenings = 0
        self._callback: ScheduleCallback | None = None
        self._do_not_call: DoNotCall | None = None
        self._person: WantsPerson | None = None

    async def run(self) -> ConversationEnding:
        try:
            reason = await self._talk()
            await self._leg.hang_up(reason)
        except Exception as error:
            self._report("leg_failed", error)
            reason = "pipeline_failure"
            await self._hang_up_anyhow()
        self._record("conversation_ended", end_reason=reason)
        return ConversationEnding(
            end_reason=reason,
            seconds=self._transcript.seconds,
            transcript=self._transcript.lines,
            customer_spoke=self._callee_turns > 0,
            callback=self._callback,
            do_not_call=self._do_not_call,
            person=self._person,
        )

    async def _talk(self) -> EndReason:
        try:
            await self._take(await self._think(self._brain.opening()))
            while True:
                await self._step()
        except _Over as over:
            return over.reason
        except LegError as error:
            self._report("leg_failed", error)
            await self._apologise()
            return "pipeline_failure"
        except _BrainFailed:
            await self._apologise()
            return "pipeline_failure"

    async def _step(self) -> None:
        """Wait for the next event, and react to it."""
        event = await self._listen(self._limits.silence.after_seconds)
        match event:
            case None if self._left() <= 0:
                await self._reach_the_limit()
            case None:
                await self._be_silent()
            case Heard():
                await self._hear(event)
            case Digit():
                await self._press(event)
            case Beep():
                self._beeped_at = self._transcript.seconds
                if event.tells_machine and self._callee_turns < _GREETING_TURNS:
                    await self._meet_machine(beeped=True, evidence="beep", greeting_seconds=round(self._greeting_seconds, 2))
            case FaxTone():
                await self._meet_fax()
            case HungUp():
                if event.reason != HungUp.reason:
                    self._record("line_ended", reason=event.reason)
                raise _Over("customer_hangup")
            case Failed():
                self._record("leg_failed", reason=event.reason, sip_status=event.sip_status)
                if event.ours:
                    await self._apologise()
                raise _Over("pipeline_failure")
            case Ringing() | Answered():
                pass  # a late event from the network

    async def _hear(self, heard: Heard) -> None:
        self._silences = 0
        if not heard.text.strip():
            return
        self._transcript.customer(heard.text, heard.seconds, barged_in=heard.barged_in)
        if self._callee_turns < _GREETING_TURNS:
            self._greeting_seconds += heard.seconds
            if (sign := sign_of_machine(heard.text, self._greeting_seconds)) is not None:
                facts = {"phrase": sign.phrase, "greeting_seconds": round(sign.greeting_seconds, 2)}
                await self._meet_machine(beeped=self._has_just_beeped(), evidence=sign.evidence, **facts)
        self._count_callee_turn()
        await self._take(await self._think(self._brain.reply(heard.text, self._clock.now())))

    async def _press(self, first: Digit) -> None:
        """Join keys pressed in quick succession into one number: a 1 and a 0 answer a question with 10.

        A number also ends at the maximum duration, and its length is limited: otherwise endless keys would hold the line for ever.
        """
        self._silences = 0
        keys = first.digit
        while len(keys) < _MOST_KEYS and (left := self._left()) > 0:
            event = await self._next(min(_DIGIT_GAP_SECONDS, left))
            if not isinstance(event, Digit):
                self._pending = event
                break
            keys += event.digit
        self._transcript.customer(f"[pressed {keys}]", 0.0)
        self._count_callee_turn()
        await self._take(await self._think(self._brain.reply(keys, self._clock.now())))

    async def _be_silent(self) -> None:
        self._silences += 1
        self._record("silence", count=self._silences)
        silence = self._limits.silence
        if after_silence(self._silences, silence) == "ask_again":
            turn = await self._think(self._brain.silence(self._silences, self._clock.now()))
            if not turn.say and not turn.actions:
                turn = Turn(line_for(self._silences, silence))
            await self._take(turn)
        else:
            await self._say_last(silence.goodbye)
            raise _Over(ending_of_silence(customer_spoke=self._callee_turns > 0))

    async def _take(self, turn: Turn) -> None:
        """Carry out a turn. Wishes are recorded before a word is said, so they count even if the callee hangs up."""
        while turn.then is not None:
            for action in turn.actions:
                self._keep(action)
            turn = await self._say_while_thinking(turn.say, turn.then)
        for action in turn.actions:
            self._keep(action)
        if any(isinstance(action, VoicemailDetected) for action in turn.actions):
            await self._meet_machine(beeped=False, evidence="brain")
        ends = any(isinstance(action, EndCall) for action in turn.actions)
        transfers = [action for action in turn.actions if isinstance(action, Transfer)]
        if ends and not transfers:
            await self._say_last(turn.say)
            raise _Over("completed")
        playout = await self._say(turn.say)
        for transfer in transfers:
            await self._transfer(transfer)
        if closure_phrase(playout.spoken, self._limits.closure_phrases) is not None:
            raise _Over("closure_phrase")
        if ends:
            raise _Over("completed")

    async def _say_while_thinking(self, text: str, then: Callable[[], Awaitable[Turn]]) -> Turn:
        """Speak while the brain goes on; returns its next turn."""
        if not text.strip():
            return await self._think(then())

        async def think() -> Turn | None:
            try:
                return await self._think(then())
            except _BrainFailed:
                return None

        thinking = self._clock.spawn(think(), name="brain")
        try:
            await self._say(text)
            await self._clock.join(thinking)
        finally:
            self._clock.cancel(thinking)
        turn = thinking.result()
        if turn is None:
            raise _BrainFailed
        return turn

    def _keep(self, action: Action) -> None:
        match action:
            case ScheduleCallback(at, words):
                self._callback = action
                self._record("callback_requested", callback_at=at.isoformat() if at else None, words=words)
            case DoNotCall(words):
                self._do_not_call = action
                self._record("do_not_call_requested", words=words)
            case WantsPerson(words):
                self._person = action
                self._record("person_requested", words=words)
            case Transfer(reason=reason) if self._person is None:  # if it fails, a callee still here was promised a person
                self._person = WantsPerson(reason)
                self._record("person_requested", words=reason)
            case _:
                pass

    async def _say(self, text: str) -> Playout:
        if not text.strip():
            return Playout("", True, 0.0)
        began = self._transcript.seconds
        playout = await self._leg.say(text)
        self._transcript.bot(playout.spoken, began, completed=playout.completed)
        return playout

    async def _apologise(self) -> None:
        """Apologize for a failure, if that can still be said; twice, if the callee keeps speaking."""
        try:
            for _ in range(_APOLOGIES):
                if (await self._say(self._limits.lines.apology)).completed:
                    return
        except LegError as error:
            log.warning("an apology could not be spoken: %s", error)

    async def _say_last(self, text: str) -> None:
        """Say the last words. If the callee interrupts them, answer and return to the conversation, a few times at most."""
        playout = await self._say(text)
        if playout.completed or self._reopenings >= _REOPENINGS or self._left() <= 0:
            return
        self._reopenings += 1
        event = await self._listen(_AFTER_LAST_WORDS_SECONDS)
        if event is not None:
            self._pending = event
            while True:
                await self._step()

    async def _transfer(self, transfer: Transfer) -> None:
        """Transfer the callee; if that fails, say so and stay in the conversation."""
        limits = self._limits
        facts = {"target": transfer.target, "reason": transfer.reason, "method": limits.transfer_method}
        destination = limits.transfer_targets.get(transfer.target)
        if destination is not None and (queue := desk_queue(destination)) is not None:
            await self._hand_over(transfer, queue, facts)
            return
        if destination is None:
            self._record("transfer_failed", **facts, failed_reason=f"the bot has no transfer target called {transfer.target!r}")
        else:
            self._record("transfer_sent", **facts, destination=destination)
            outcome = await self._leg.transfer(destination)
            if outcome.succeeded:
                raise _Over("transferred")
            why = outcome.reason or (f"SIP status {outcome.sip_status}" if outcome.sip_status else "the transfer failed")
            self._record("transfer_failed", **facts, destination=destination, failed_reason=why, sip_status=outcome.sip_status)
        await self._say(limits.lines.transfer_failed)

    async def _hand_over(self, transfer: Transfer, queue: str, facts: dict[str, Any]) -> None:
        """Wait for an agent; if nobody comes, say so, offer a callback, and stay in the conversation."""
        if self._desk is None:
            self._record("transfer_failed", **facts, failed_reason="there is no agent desk here")
            await self._say(self._limits.lines.transfer_failed)
            return
        transcript = self._transcript
        line = HoldingLine(
            say=self._say,
            next=self._next,
            heard=self._hear_holding,
            transfer=self._leg.transfer,
            record=self._record,
            transcript=lambda: transcript.lines,
            seconds=lambda: transcript.seconds,
            left=self._left,
        )
        request = HandoffRequest(queue, transfer.target, transfer.reason, transfer.summary, transcript.lines)
        end = await hold(line, self._desk, request, self._limits.holding, facts)
        if end is True:
            raise _Over("transferred")
        if isinstance(end, Failed):
            self._record("leg_failed", reason=end.reason, sip_status=end.sip_status)
            raise _Over("pipeline_failure")
        if isinstance(end, HungUp):
            raise _Over("customer_hangup")
        self._silences = 0
        if self._left() > 0:
            await self._say(self._limits.holding.nobody)

    def _hear_holding(self, event: Heard | Digit) -> None:
        """Record what a waiting caller says."""
        if isinstance(event, Digit):
            self._transcript.customer(f"[pressed {event.digit}]", 0.0)
        elif event.text.strip():
            self._transcript.customer(event.text, event.seconds, barged_in=event.barged_in)

    async def _meet_machine(self, *, beeped: bool, evidence: str, **facts: Any) -> None:
        """Do what the bot is configured to do when a machine answered (`evidence`: how it was detected); returns if the call goes on."""
        limits = self._limits
        if not self._machine_known:
            self._record("voicemail_detected", beep=beeped, evidence=evidence, **facts, then=limits.voicemail)
        self._machine_known = True
        if limits.voicemail == "go_on":
            return
        if limits.voicemail == "leave_message" and limits.voicemail_message.strip():
            await self._leave_message(limits.voicemail_message, beeped=beeped)
        raise _Over("voicemail")

    def _has_just_beeped(self) -> bool:
        """Whether the beep came before the words of the greeting were recognized."""
        return self._beeped_at is not None and self._transcript.seconds - self._beeped_at <= _BEEP_BEFORE_WORDS

    async def _meet_fax(self) -> None:
        """A fax or a modem answered: leave no message."""
        if not self._machine_known:
            self._record("voicemail_detected", beep=False, evidence="fax_tone", then=self._limits.voicemail)
        self._machine_known = True
        if self._limits.voicemail != "go_on":
            raise _Over("voicemail")

    async def _leave_message(self, message: str, *, beeped: bool) -> None:
        """Leave the message after the beep, or after waiting long enough for one."""
        deadline = self._transcript.seconds + self._limits.beep_wait_seconds
        while not beeped and (left := deadline - self._transcript.seconds) > 0:
            event = await self._next(left)
            if isinstance(event, HungUp | Failed | FaxTone):
                return
            if isinstance(event, Heard):  # the greeting goes on
                self._transcript.customer(event.text, event.seconds, barged_in=event.barged_in)
            beeped = isinstance(event, Beep)
            if beeped:
                self._record("beep_heard")
        playout = await self._say(message)
        self._record("voicemail_message_left", completed=playout.completed, after_beep=beeped)

    async def _reach_the_limit(self) -> None:
        self._record("max_duration_reached")
        await self._say(self._limits.lines.max_duration)
        raise _Over("max_duration")

    async def _think(self, turn: Awaitable[Turn]) -> Turn:
        try:
            if (seconds := self._limits.brain_timeout_seconds) is None:
                return await turn
            async with self._clock.timeout(seconds):
                return await turn
        except Exception as error:
            self._report("brain_failed", error)
            raise _BrainFailed from error

    async def _listen(self, patience: float) -> LegEvent | None:
        """The next event; None if the callee has been silent for `patience` seconds, or the maximum duration is reached."""
        while (left := self._left()) > 0:
            event = await self._next(min(patience, left))
            if event is not None or not self._leg.speaking:
                return event
        return None

    async def _next(self, seconds: float) -> LegEvent | None:
        if self._pending is not None:
            event, self._pending = self._pending, None
            return event
        return await self._leg.next(seconds)

    async def _hang_up_anyhow(self) -> None:
        try:
            await self._leg.hang_up("pipeline_failure")
        except Exception as error:
            self._report("leg_failed", error)

    def _left(self) -> float:
        """Seconds left until the maximum duration."""
        return self._limits.max_call_duration_seconds - self._transcript.seconds

    def _count_callee_turn(self) -> None:
        if not self._callee_turns:
            self._record("heard_first")
        self._callee_turns += 1

    def _record(self, kind: str, **data: Any) -> None:
        self._record_event(kind, {"at": round(self._transcript.seconds, 3), **data})

    def _report(self, kind: str, error: Exception) -> None:
        """Log a failure with its place, without its message, which may contain what the callee said. A leg's message never does."""
        reason = {"reason": str(error)} if isinstance(error, LegError) else {}
        self._record(kind, error=type(error).__name__, **reason)
        log.error("%s: %s", kind.replace("_", " "), without_values(error))
