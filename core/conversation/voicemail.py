"""Telling a machine's greeting from a person's, by its words. Pure."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_machine_greeting"]

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


def is_machine_greeting(text: str) -> bool:
    """Whether what was heard is the greeting of an answering machine, or a network's announcement.

    A person who offers to take a message is none, nor one who says that somebody else is not there.
    """
    said = " ".join(text.casefold().replace("\u2019", "'").split())
    if _PERSON.search(said) and not _TONE.search(said):
        return False
    return _MACHINE.search(said) is not None
