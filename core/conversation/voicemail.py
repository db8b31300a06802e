"""Tells who has picked up by the words: a machine or a network's announcement, a person, or in doubt. Pure.

The phrasings are data, a file a language: `core/conversation/phrases/machines.*.yaml`. Every language is tried.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final, Literal

from core.conversation.phrases import book, find, languages_of

__all__ = ["Answerer", "is_machine_greeting", "who_answered"]

_SUBJECT: Final = "machines"
_LONG_GREETING: Final = 6.0
"""Seconds of one utterance that are unlikely from a person who picks up a phone."""


@dataclass(frozen=True)
class Answerer:
    """Who has picked up, by one utterance.

    Attributes:
        grade: `machine`; `in_doubt`: talk and listen; `person`; `unknown`: the words tell nothing.
        evidence: `words`: a phrase that only machines, or only people, say; `length_and_words`: an utterance too long for somebody who
            picks up, with a word that machines use.
        phrase: the deciding words, as the data has them.
    """

    grade: Literal["machine", "in_doubt", "person", "unknown"]
    evidence: Literal["", "words", "length_and_words"] = ""
    phrase: str = ""


@functools.lru_cache(maxsize=4096)
def who_answered(text: str, seconds: float = 0.0) -> Answerer:
    """Who has picked up.

    A person's words outweigh those that machines use too: "I can't take your call, I'm driving". Only words that people
    never say outweigh theirs.

    Args:
        text: what was heard.
        seconds: how long these words took; those of earlier ones are not added.
    """
    found: dict[str, list[str]] = {}
    for language in languages_of(_SUBJECT):
        for one in find(book(_SUBJECT, language), text):
            found.setdefault(one.section, []).append(one.phrase)
    certain, machine, person, doubt = (found.get(name, []) for name in ("certain", "machine", "person", "doubt"))
    if alive := found.get("alive"):
        return Answerer("person", "words", alive[0])
    if certain:
        return Answerer("machine", "words", certain[0])
    if person:
        return Answerer("person", "words", person[0])
    if machine:
        return Answerer("machine", "words", machine[0])
    if doubt:
        return Answerer("in_doubt", "length_and_words" if seconds >= _LONG_GREETING else "words", doubt[0])
    return Answerer("unknown")


def is_machine_greeting(text: str) -> bool:
    """Whether the words alone identify the greeting of an answering machine, or a network's announcement."""
    return who_answered(text).grade == "machine"
