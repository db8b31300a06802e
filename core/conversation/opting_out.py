"""Whether what the callee said means "do not call me": asked of every utterance, whatever the brain. Pure.

The phrasings are data, a file a language: `core/conversation/phrases/opt_out.*.yaml`. Every language is tried, since callees choose theirs.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final, Literal

from core.conversation.phrases import book, find, languages_of

__all__ = ["OptOut", "opts_out", "wants_no_calls"]

_SUBJECT: Final = "opt_out"


@dataclass(frozen=True)
class OptOut:
    """The callee does not want to be called: `sure`, or to be asked (`doubt`); the language, and the phrase that says so."""

    grade: Literal["sure", "doubt"]
    language: str
    phrase: str


@functools.lru_cache(maxsize=4096)
def opts_out(said: str) -> OptOut | None:
    """Whether this means that the callee wants no more calls; None if it does not.

    A phrase that shares words with one of the section `not` ("do not call me before nine") does not count, unless it is of `always`.
    """
    best: OptOut | None = None
    for language in languages_of(_SUBJECT):
        found = find(book(_SUBJECT, language), said)
        other = [one for one in found if one.section == "not"]
        for one in found:
            if one.section == "not" or (one.section != "always" and any(one.overlaps(another) for another in other)):
                continue
            if one.section != "doubt":
                return OptOut("sure", language, one.phrase)
            best = best or OptOut("doubt", language, one.phrase)
    return best


def wants_no_calls(said: str) -> bool:
    """Whether this surely means that the callee wants no more calls."""
    verdict = opts_out(said)
    return verdict is not None and verdict.grade == "sure"
