"""How a callee behaves once the call is answered: the protocol, and the three kinds that do not converse.

A callee is a small state machine without I/O: it is told what happened and answers what it does. All chance comes from
the stream it is handed, one for each turn, so that a turn does not depend on how fast anything ran.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

__all__ = ["Callee", "Interruption", "Machine", "Moment", "PickedUp", "Quiet", "Rambler", "Reaction", "Said", "Silent", "Stimulus"]


@dataclass(frozen=True)
class PickedUp:
    """The callee has just picked up."""


@dataclass(frozen=True)
class Said:
    """The bot said `text`; `interrupted` if the callee stopped it there."""

    text: str
    interrupted: bool = False


@dataclass(frozen=True)
class Quiet:
    """Nothing was said for as long as the callee was ready to wait."""


Stimulus = PickedUp | Said | Quiet


@dataclass(frozen=True)
class Moment:
    """When it is: the clock's time, and the seconds since the answer."""

    now: datetime
    talked: float


@dataclass(frozen=True)
class Reaction:
    """What a callee does: speak (if `say`), sound a beep, then hang up, or wait `patience` seconds for the bot."""

    say: str = ""
    beep: bool = False
    hang_up: bool = False
    patience: float = 12.0


@dataclass(frozen=True)
class Interruption:
    """The callee stops the bot `after` seconds of its line: by hanging up, or by speaking itself."""

    after: float
    hang_up: bool


class Callee(Protocol):
    """Somebody, or something, that picked up."""

    def interrupts(self, line: int, seconds: float, stream: random.Random) -> Interruption | None:
        """Whether it stops the bot's `line`-th line (from 1), which takes `seconds`."""

    def reacts(self, stimulus: Stimulus, moment: Moment, stream: random.Random) -> Reaction:
        """What it does next."""


class Machine:
    """An answering machine: greets, beeps, records for two minutes at most, and hangs up after eight seconds of silence."""

    GREETING = "Hello, you have reached my voicemail. I can't take your call right now. Please leave a message after the tone."

    def interrupts(self, line: int, seconds: float, stream: random.Random) -> Interruption | None:  # noqa: ARG002
        """Never."""
        return None

    def reacts(self, stimulus: Stimulus, moment: Moment, stream: random.Random) -> Reaction:  # noqa: ARG002
        """What it does next, as the class says."""
        match stimulus:
            case PickedUp():
                return Reaction(self.GREETING, beep=True, patience=8.0)
            case Said():
                return Reaction(hang_up=moment.talked > 120.0, patience=8.0)
            case Quiet():
                return Reaction(hang_up=True)


class Silent:
    """Picks up and never says a word; hangs up when the bot has been quiet for 45 seconds."""

    def interrupts(self, line: int, seconds: float, stream: random.Random) -> Interruption | None:  # noqa: ARG002
        """Never."""
        return None

    def reacts(self, stimulus: Stimulus, moment: Moment, stream: random.Random) -> Reaction:  # noqa: ARG002
        """What it does next, as the class says."""
        return Reaction(hang_up=isinstance(stimulus, Quiet), patience=45.0)


class Rambler:
    """Is the right person, and then tells a story of a quarter of an hour after every word of the bot; never hangs up."""

    _STORY = (
        "Well, let me tell you about the garden first.",
        "We planted those roses when my brother still lived here.",
        "He had a bicycle with a basket, and a dog that sat in it.",
        "The dog growled at the postman, and the postman growled at the dog.",
        "One summer the river came up to the fence.",
        "You should have seen the ducks.",
        "My aunt counted more of them than there were people at the fair.",
        "She used to bake bread for half of the street.",
        "And the baker talked about it for weeks.",
        "He painted his shop green that winter, so that people would look.",
        "I still have a photograph of it somewhere in the hall.",
        "Where was I, the garden, of course.",
    )
    _WORDS = 2400

    def __init__(self) -> None:
        self._introduced = False

    def interrupts(self, line: int, seconds: float, stream: random.Random) -> Interruption | None:  # noqa: ARG002
        """Never."""
        return None

    def reacts(self, stimulus: Stimulus, moment: Moment, stream: random.Random) -> Reaction:  # noqa: ARG002
        """What it does next, as the class says."""
        if isinstance(stimulus, PickedUp):
            return Reaction(patience=3.0)
        if isinstance(stimulus, Said) and not self._introduced:
            self._introduced = True
            return Reaction("Yes, speaking.", patience=3.0)
        story, words, sentence = [], 0, stream.randrange(len(self._STORY))
        while words < self._WORDS:
            story.append(self._STORY[sentence % len(self._STORY)])
            words += len(story[-1].split())
            sentence += 1
        return Reaction(" ".join(story), patience=1.5)
