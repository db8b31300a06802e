"""What the conversation does when a machine has answered, and how it finds out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from core.contracts.transport import Beep, Failed, FaxTone, Heard, HungUp, LegEvent
from core.conversation.limits import ConversationLimits
from core.conversation.over import Over
from core.conversation.speech import Speech
from core.conversation.transcript import Transcript
from core.conversation.voicemail import who_answered

__all__ = ["MachineWatch"]

_BEEP_BEFORE_WORDS: Final = 3.0  # seconds that recognition may lag behind the machine
_GREETING_TURNS: Final = 2  # a machine greets at once: later words about messages are a person's
_DOUBT_SECONDS: Final = 45.0  # since the answer: a beep within them ends a doubt


@dataclass
class MachineWatch:
    """Watches for a machine at the callee's end, and leaves it the message.

    Attributes:
        limits: those of the conversation.
        speech: speaks.
        transcript: of the conversation.
        next: returns the next event of the leg, None after so many seconds without one.
        speaking: whether the callee's end is speaking.
        record: records an event of the call.
    """

    limits: ConversationLimits
    speech: Speech
    transcript: Transcript
    next: Callable[[float], Awaitable[LegEvent | None]]
    speaking: Callable[[], bool]
    record: Callable[..., None]
    _known: bool = False
    _doubted: bool = False
    _person: bool = False
    _beeped_at: float | None = None

    async def hears(self, heard: Heard, turns: int) -> bool:
        """Judge what was heard. Returns whether it is a machine and the conversation goes on with it all the same.

        Args:
            heard: the words.
            turns: how many turns the callee has had before.

        Raises:
            Over: it is a machine, and the call is over.
        """
        if turns >= _GREETING_TURNS:
            return False
        verdict = who_answered(heard.text, heard.seconds)
        facts = {"phrase": verdict.phrase, "greeting_seconds": round(heard.seconds, 2)}
        match verdict.grade:
            case "machine" if not self._person:
                await self.meet(beeped=self._has_just_beeped(), evidence=verdict.evidence, **facts)
                return True
            case "in_doubt" if not self._person:
                self.record("machine_in_doubt", evidence=verdict.evidence, **facts)
                self._doubted = True
            case "person":
                self._person, self._doubted = True, False
        return False

    async def beep(self, event: Beep, turns: int) -> None:
        """A beep: behind words that left a doubt, or at a machine's moment, it tells.

        Raises:
            Over: it is a machine, and the call is over.
        """
        self._beeped_at = self.transcript.seconds
        if self._doubted and self.transcript.seconds <= _DOUBT_SECONDS:
            await self.meet(beeped=True, evidence="words_and_beep")
        elif event.tells_machine and turns < _GREETING_TURNS and not self._person:
            await self.meet(beeped=True, evidence="beep")

    async def fax(self) -> None:
        """A fax or a modem answered: leave no message.

        Raises:
            Over: unless the bot goes on with machines.
        """
        if not self._known:
            self.record("voicemail_detected", beep=False, evidence="fax_tone", then=self.limits.voicemail)
        self._known = True
        if self.limits.voicemail != "go_on":
            raise Over("voicemail")

    async def meet(self, *, beeped: bool, evidence: str, **facts: Any) -> None:
        """Do what the bot is configured to do when a machine answered; returns if the call goes on.

        Args:
            beeped: whether the machine records already.
            evidence: how it was detected.
            facts: for the event.

        Raises:
            Over: unless the bot goes on with machines.
        """
        limits = self.limits
        if not self._known:
            self.record("voicemail_detected", beep=beeped, evidence=evidence, **facts, then=limits.voicemail)
        self._known = True
        if limits.voicemail == "go_on":
            return
        if limits.voicemail == "leave_message" and limits.voicemail_message.strip():
            await self._leave_message(limits.voicemail_message, beeped=beeped)
        raise Over("voicemail")

    async def _leave_message(self, message: str, *, beeped: bool) -> None:
        """Leave the message after the beep; without a beep in time nobody records, and none is left."""
        deadline = self.transcript.seconds + self.limits.beep_wait_seconds
        latest = self.transcript.seconds + self.limits.max_call_duration_seconds
        while not beeped and (left := min(deadline, latest) - self.transcript.seconds) > 0:
            event = await self.next(left)
            if isinstance(event, HungUp | Failed | FaxTone):
                return
            if isinstance(event, Heard):  # the greeting goes on
                self.transcript.customer(event.text, event.seconds, barged_in=event.barged_in)
            if isinstance(event, Heard) or (event is None and self.speaking()):
                deadline = self.transcript.seconds + self.limits.beep_wait_seconds
            beeped = isinstance(event, Beep)
            if beeped:
                self.record("beep_heard")
        if not beeped:
            self.record("voicemail_message_not_left", reason="no beep came")
            return
        playout = await self.speech.leave(message)
        self.record("voicemail_message_left", completed=playout.completed, after_beep=beeped)

    def _has_just_beeped(self) -> bool:
        """Whether the beep came before the words of the greeting were recognized."""
        return self._beeped_at is not None and self.transcript.seconds - self._beeped_at <= _BEEP_BEFORE_WORDS
