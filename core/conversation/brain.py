"""The protocol of brains: given what the callee said, decide what the bot says and does next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from core.conversation.callee_clock import CalleeClock
from core.conversation.disclosure import Disclosure, open_disclosure

__all__ = [
    "Action",
    "Brain",
    "BrainContext",
    "DoNotCall",
    "EndCall",
    "ScheduleCallback",
    "Transfer",
    "Turn",
    "VoicemailDetected",
    "WantsPerson",
]


@dataclass(frozen=True)
class EndCall:
    """Hang up after the turn is spoken."""

    reason: str = "completed"


@dataclass(frozen=True)
class Transfer:
    """Transfer the callee to a configured target; `summary` tells the person who takes over what was said so far."""

    target: str
    reason: str
    summary: str = ""


@dataclass(frozen=True)
class VoicemailDetected:
    """A machine answered."""


@dataclass(frozen=True)
class ScheduleCallback:
    """The callee asked for a callback: when (aware; None if no time was named), and in their own words."""

    at: datetime | None
    words: str


@dataclass(frozen=True)
class DoNotCall:
    """The callee asked never to be called again: the number goes on the suppression list."""

    words: str


@dataclass(frozen=True)
class WantsPerson:
    """The callee asked for a person, in their own words. Counts unless the callee is transferred in the same call."""

    words: str


Action = EndCall | Transfer | VoicemailDetected | ScheduleCallback | DoNotCall | WantsPerson


@dataclass(frozen=True)
class Turn:
    """One turn of the bot: what it says (may be empty), then what it does.

    `then` means that the brain is not done: it is awaited while `say` is spoken, and returns the turn that follows at once.
    A turn with a `then` has no actions that end the call.
    """

    say: str = ""
    actions: tuple[Action, ...] = ()
    then: Callable[[], Awaitable[Turn]] | None = None


@dataclass(frozen=True)
class BrainContext:
    """What a brain knows about its call. `crm` and `call` are the template values, already stringified; `system_prompt` and
    `opening_message` are the bot's templates: the brain renders them, once, and handles fields that the lead lacks. `time_zone` is
    the bot's; `clock` says on whose clock the times in the conversation are: the bot's, if it is None. `disclosure` knows
    whether the person has confirmed who they are; the session uses the same one."""

    call_id: str
    crm: dict[str, str]
    call: dict[str, str]
    system_prompt: str
    opening_message: str
    started_at: datetime
    time_zone: str
    clock: CalleeClock | None = None
    disclosure: Disclosure = field(default_factory=open_disclosure)

    @property
    def callee_clock(self) -> CalleeClock:
        """On whose clock times are."""
        return self.clock or CalleeClock(self.time_zone)


class Brain(Protocol):
    """Holds one conversation. Turns may take time (a model); the session applies the time-outs."""

    async def opening(self) -> Turn:
        """What the bot says first, after the callee has answered."""

    async def reply(self, heard: str, now: datetime) -> Turn:
        """The bot's turn after the callee said `heard`."""

    async def silence(self, count: int, now: datetime) -> Turn:
        """The bot's turn after the callee stayed silent for the `count`-th time in a row (from 1)."""

    def opted_out(self, words: str) -> None:
        """The callee wants no more calls, in these words: the session has kept it, tells the callee, and hangs up."""

    async def analysis(self) -> dict[str, Any]:
        """The outcome of the call (`post_call_analysis`): DISPOSITION, CALLING_REMARKS and more, see docs/results.md."""


@dataclass
class TranscriptLine:
    """One line of the transcript: speaker (`bot` or `customer`), text, and time in seconds since the answer."""

    speaker: str
    text: str
    timestamp: float
    data: dict[str, Any] = field(default_factory=dict)
