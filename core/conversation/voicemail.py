"""Tells a machine's greeting from a person's by its words. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["MachineSign", "is_machine_greeting", "sign_of_machine"]

_MACHINE: Final = re.compile(
    r"\b("
    + "|".join(
        (
            r"(after|at|wait for|following) the (tone|beep|signal)",
            r"(please )?leave (me |us )?(a|your)( \w+){0,5} (message|number)",
            r"leave your name",
            r"record (a|your) message",
            r"to leave a message",
            r"(reached|through to) (the )?(voice ?mail|mail ?box|answering)",
            r"(the|my) (voice ?mail|voice mail ?box|mail ?box) (of|for|is full)",
            r"forwarded to (a |an )?(\w+ )?(voice|answering|messaging)",
            r"(i|we) (can(no|')t|can not|are unable to|am unable to|am not able to) (take|answer) your call",
            r"(person|number|customer|subscriber|party|user) you (are|have|were|ha?ve) (trying|called|dialled|dialed|calling|attempting)",
            r"(subscriber|number|customer) (you have \w+ )?(is|can not be) (currently )?(switched off|out of coverage|"
            r"not reachable|unavailable|reached)",
            r"(i will|i'll|we will|we'll) (get back to you|return your call|call you back) as soon as",
            r"press (one|1|two|2|hash|pound|the hash|star)",
            r"sandesh (chhode|chode|chhodiye|chodiye|record)",
        )
    )
    + r")\b"
)
_PERSON: Final = re.compile(
    r"\b(can|could|may|shall|should|do|would)( you like| you want)?( me| i| we| you)?( to)?( please)? (take|leave|give)\b[^.]*\bmessage\b"
)
_TONE: Final = re.compile(r"\b(tone|beep)\b")


_HINT: Final = re.compile(
    r"\b(message|voice ?mail|mail ?box|tone|beep|not available|unavailable|not (here|in|home)|call (you )?back|hang up|office hours|"
    r"thank you for (calling|your call)|you( ha)?ve reached)\b"
)
_LONG_GREETING: Final = 6.0
"""Seconds of greeting that are unlikely from a person who picks up a phone."""


@dataclass(frozen=True)
class MachineSign:
    """Why the first utterance is taken for a machine.

    Attributes:
        evidence: `words`: a phrase that only machines say; `length_and_words`: a greeting too long for a person, containing a word that
            machines use.
        phrase: the deciding words.
        greeting_seconds: length of the greeting so far.
    """

    evidence: Literal["words", "length_and_words"]
    phrase: str
    greeting_seconds: float


def sign_of_machine(text: str, greeting_seconds: float) -> MachineSign | None:
    """The evidence that a machine has picked up; None if there is none.

    Args:
        text: what was heard.
        greeting_seconds: how long the callee has spoken since the answer, including this.
    """
    said = " ".join(text.casefold().replace("\u2019", "'").split())
    if _PERSON.search(said) and not _TONE.search(said):
        return None
    if (found := _MACHINE.search(said)) is not None:
        return MachineSign("words", found[0], greeting_seconds)
    if greeting_seconds >= _LONG_GREETING and (found := _HINT.search(said)) is not None:
        return MachineSign("length_and_words", found[0], greeting_seconds)
    return None


def is_machine_greeting(text: str) -> bool:
    """Whether the words alone identify the greeting of an answering machine, or a network's announcement.

    A person who offers to take a message is not a machine, nor one who says that somebody else is not there.
    """
    return sign_of_machine(text, 0.0) is not None
