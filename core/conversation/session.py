"""Holds one conversation, from the answer to its end.

Everything that happens comes from the leg, everything the bot says from the brain. What holds for every brain is in modules of its own:
`list_question` (no more calls), `machine` (who answered), `speech` and `disclosure` (what may be said). It waits only by leg and clock.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from core.contracts.transport import Answered, Beep, Digit, Failed, FaxTone, Heard, HungUp, Leg, LegError, LegEvent, Ringing
from core.conversation.brain import Brain, DoNotCall, EndCall, Transfer, Turn, VoicemailDetected
from core.conversation.closure import closure_phrase
from core.conversation.desk import Desk
from core.conversation.disclosure import Disclosure, open_disclosure
from core.conversation.ending import ConversationEnding, EndReason
from core.conversation.holding import HoldingLine
from core.conversation.keys import number_pressed
from core.conversation.limits import ConversationLimits
from core.conversation.list_question import Ask, GoOn, ListQuestion, TakeOff
from core.conversation.machine import MachineWatch
from core.conversation.opting_out import wants_no_calls
from core.conversation.over import BrainFailed, Over
from core.conversation.silence import after_silence, ending_of_silence, line_for
from core.conversation.speech import Speech
from core.conversation.transcript import Transcript
from core.conversation.transferring import Transfers
from core.conversation.wishes import Wishes
from core.kernel.clock import Clock
from core.kernel.failures import without_values

__all__ = ["RecordEvent", "converse"]

RecordEvent = Callable[[str, dict[str, Any]], None]
"""Records one event of the call: its kind, and its data with `at` in seconds since the answer."""

log = logging.getLogger(__name__)

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
    disclosure: Disclosure | None = None,
) -> ConversationEnding:
    """Hold the conversation on a leg that has just been answered, and hang up.

    Never raises for errors of a brain, a callee or a leg: a failure ends the call with an apology and `pipeline_failure`. Only cancellation
    passes through; then the caller hangs up.

    Args:
        leg: the callee's end; its `Answered` was just received.
        brain: decides what to say.
        limits: the limits of the conversation.
        clock: the clock of the call, which must have started the caller's task.
        record_event: called at once for every event of the call's log: `first_words_said`, `heard_first`, `person_confirmed`,
            `private_held_back`, `silence`, `machine_in_doubt`, `voicemail_detected`, `beep_heard`, `voicemail_message_left`,
            `voicemail_message_not_left`, `callback_requested`, `opt_out_in_doubt`, `do_not_call_requested`, `person_requested`,
            `handoff_waiting`, `transfer_sent`, `transfer_failed`, `max_duration_reached`, `brain_failed`, `leg_failed`, `line_ended`,
            `conversation_ended`.
        desk: the agent desk; if None, transfers to it fail.
        transcript: where to write what is said; for somebody who reads it while the call goes on.
        disclosure: what may be said to whom, the brain's own; if None, nothing is private.
    """
    return await _Conversation(
        leg, brain, limits, clock, record_event, desk, transcript or Transcript(clock), disclosure or open_disclosure()
    ).run()


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
        disclosure: Disclosure,
    ) -> None:
        self._leg, self._brain, self._limits, self._clock, self._record_event = leg, brain, limits, clock, record_event
        self._disclosure = disclosure
        self._transcript = transcript
        self._wishes = Wishes(self._record)
        self._list_question = ListQuestion()
        self._speech = Speech(leg, transcript, disclosure, limits.first_words, self._record)
        self._machine = MachineWatch(limits, self._speech, transcript, self._next, lambda: leg.speaking, self._record)
        waiting = HoldingLine(
            say=self._speech.say,
            next=self._next,
            heard=self._hear_holding,
            transfer=leg.transfer,
            record=self._record,
            transcript=lambda: transcript.lines,
            seconds=lambda: transcript.seconds,
            left=self._left,
        )
        self._transfers = Transfers(leg, limits, desk, waiting, self._speech.say, self._record)
        self._pending: LegEvent | None = None  # an event that came while another was being completed
        self._silences = 0
        self._callee_turns = 0
        self._reopenings = 0

    async def run(self) -> ConversationEnding:
        try:
            reason = await self._talk()
            await self._leg.hang_up(reason)
        except Exception as error:
            self._report("leg_failed", error)
            reason = "pipeline_failure"
            try:
                await self._leg.hang_up(reason)
            except Exception as second:
                self._report("leg_failed", second)
        self._record("conversation_ended", end_reason=reason)
        return ConversationEnding(
            end_reason=reason,
            seconds=self._transcript.seconds,
            transcript=self._transcript.lines,
            customer_spoke=self._callee_turns > 0,
            callback=self._wishes.callback,
            do_not_call=self._wishes.do_not_call,
            person=self._wishes.person,
        )

    async def _talk(self) -> EndReason:
        try:
            await self._take(await self._think(self._brain.opening()))
            while True:
                await self._step()
        except Over as over:
            return over.reason
        except (LegError, BrainFailed) as error:
            if isinstance(error, LegError):
                self._report("leg_failed", error)
            await self._speech.apologise(self._limits.lines.apology)
            return "pipeline_failure"

    async def _step(self) -> None:
        """Wait for the next event, and react to it."""
        event = await self._listen(self._limits.silence.after_seconds)
        match event:
            case None if self._left() <= 0:
                self._take_silence_for_yes()
                self._record("max_duration_reached")
                await self._speech.say(self._limits.lines.max_duration)
                raise Over("max_duration")
            case None:
                await self._be_silent()
            case Heard():
                await self._hear(event)
            case Digit():
                await self._press(event)
            case Beep():
                await self._machine.beep(event, self._callee_turns)
            case FaxTone():
                await self._machine.fax()
            case HungUp():
                self._take_silence_for_yes()
                if event.reason != HungUp.reason:
                    self._record("line_ended", reason=event.reason)
                raise Over("customer_hangup")
            case Failed():
                self._record("leg_failed", reason=event.reason, sip_status=event.sip_status)
                if event.ours:
                    await self._speech.apologise(self._limits.lines.apology)
                raise Over("pipeline_failure")
            case Ringing() | Answered():
                pass  # a late event from the network

    async def _hear(self, heard: Heard) -> None:
        self._silences = 0
        if not heard.text.strip():
            return
        self._transcript.customer(heard.text, heard.seconds, barged_in=heard.barged_in)
        machine = await self._machine.hears(heard, self._callee_turns)
        self._count_callee_turn()
        match GoOn(heard.text) if machine else self._list_question.hears(heard.text):
            case TakeOff(words):
                await self._take_off(words)
            case Ask():
                self._record("opt_out_in_doubt", words=heard.text)
                await self._speech.say(self._limits.lines.ask_opt_out)
            case GoOn(words):
                self._hear_who_it_is(heard.text)
                await self._take(await self._think(self._brain.reply(words, self._clock.now())))

    def _hear_who_it_is(self, text: str) -> None:
        before, _ = self._disclosure.confirmed, self._disclosure.heard(text)
        if self._disclosure.confirmed and not before:
            self._record("person_confirmed", words=text, by="words")

    async def _take_off(self, words: str) -> None:
        """The callee wants no more calls: keep it before a word is said, say so, and hang up. No brain is asked."""
        self._wishes.keep(DoNotCall(words))
        self._brain.opted_out(words)
        await self._say_last(self._limits.lines.opted_out)
        raise Over("completed")

    def _take_silence_for_yes(self) -> None:
        """A callee who does not answer whether they want to be taken off the list is taken off it."""
        if (words := self._list_question.unanswered) is not None and self._wishes.do_not_call is None:
            self._wishes.keep(DoNotCall(words))
            self._brain.opted_out(words)

    async def _press(self, first: Digit) -> None:
        self._silences = 0
        keys, self._pending = await number_pressed(first, self._next, self._left)
        self._transcript.customer(f"[pressed {keys}]", 0.0)
        self._count_callee_turn()
        await self._take(await self._think(self._brain.reply(keys, self._clock.now())))

    async def _be_silent(self) -> None:
        self._silences += 1
        self._record("silence", count=self._silences)
        if (words := self._list_question.unanswered) is not None:
            await self._take_off(words)
        silence = self._limits.silence
        if after_silence(self._silences, silence) == "ask_again":
            turn = await self._think(self._brain.silence(self._silences, self._clock.now()))
            if not turn.say and not turn.actions:
                turn = Turn(line_for(self._silences, silence))
            await self._take(turn)
        else:
            await self._say_last(silence.goodbye)
            raise Over(ending_of_silence(customer_spoke=self._callee_turns > 0))

    async def _take(self, turn: Turn) -> None:
        """Carry out a turn. Wishes are recorded before a word is said, so they count even if the callee hangs up."""
        while turn.then is not None:
            for action in turn.actions:
                self._wishes.keep(action)
            turn = await self._say_while_thinking(turn.say, turn.then)
        for action in turn.actions:
            self._wishes.keep(action)
        if any(isinstance(action, VoicemailDetected) for action in turn.actions):
            await self._machine.meet(beeped=False, evidence="brain")
        ends = any(isinstance(action, EndCall) for action in turn.actions)
        transfers = [action for action in turn.actions if isinstance(action, Transfer)]
        if ends and not transfers:
            await self._say_last(turn.say)
            raise Over("completed")
        playout = await self._speech.say(turn.say)
        for transfer in transfers:
            await self._transfers.transfer(transfer)
            self._silences = 0
        if closure_phrase(playout.spoken, self._limits.closure_phrases) is not None:
            raise Over("closure_phrase")
        if ends:
            raise Over("completed")

    async def _say_while_thinking(self, text: str, then: Callable[[], Awaitable[Turn]]) -> Turn:
        """Speak while the brain goes on; returns its next turn."""
        if not text.strip():
            return await self._think(then())

        async def think() -> Turn | None:
            try:
                return await self._think(then())
            except BrainFailed:
                return None

        thinking = self._clock.spawn(think(), name="brain")
        try:
            await self._speech.say(text)
            await self._clock.join(thinking)
        finally:
            self._clock.cancel(thinking)
        turn = thinking.result()
        if turn is None:
            raise BrainFailed
        return turn

    async def _say_last(self, text: str) -> None:
        """Say the last words. If the callee interrupts them, answer and return to the conversation, a few times at most."""
        playout = await self._speech.say(text)
        if playout.completed or self._reopenings >= _REOPENINGS or self._left() <= 0:
            return
        self._reopenings += 1
        event = await self._listen(_AFTER_LAST_WORDS_SECONDS)
        if event is not None:
            self._pending = event
            while True:
                await self._step()

    def _hear_holding(self, event: Heard | Digit) -> None:
        """Record what a waiting caller says; who wants no more calls is heard here too."""
        if isinstance(event, Digit):
            self._transcript.customer(f"[pressed {event.digit}]", 0.0)
        elif event.text.strip():
            self._transcript.customer(event.text, event.seconds, barged_in=event.barged_in)
            if self._wishes.do_not_call is None and wants_no_calls(event.text):
                self._wishes.keep(DoNotCall(event.text))
                self._brain.opted_out(event.text)

    async def _think(self, turn: Awaitable[Turn]) -> Turn:
        before = self._disclosure.confirmed
        try:
            if (seconds := self._limits.brain_timeout_seconds) is None:
                return await turn
            async with self._clock.timeout(seconds):
                return await turn
        except Exception as error:
            self._report("brain_failed", error)
            raise BrainFailed from error
        finally:
            if self._disclosure.confirmed and not before:
                self._record("person_confirmed", by="brain")

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
