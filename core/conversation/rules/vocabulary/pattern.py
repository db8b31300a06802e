"""One row of a vocabulary."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.conversation.rules.intents import Intent

__all__ = ["Pattern", "exactly", "says"]


@dataclass(frozen=True)
class Pattern:
    """Words with a meaning.

    `minds_negation`: a negative word before or within the match turns the meaning into `negated` (None: no meaning); patterns that contain
    their own negative words do not mind. `even_asked`: it means the same in a question.
    """

    intent: Intent
    regex: re.Pattern[str]
    minds_negation: bool
    negated: Intent | None
    even_asked: bool


def says(intent: Intent, *alternatives: str, negated: Intent | None = None, even_asked: bool = False) -> Pattern:
    """Words that mean `intent` unless they are negated."""
    return Pattern(intent, _compiled(alternatives), True, negated, even_asked)


def exactly(intent: Intent, *alternatives: str, even_asked: bool = False) -> Pattern:
    """Words that mean `intent`, including their negative words."""
    return Pattern(intent, _compiled(alternatives), False, None, even_asked)


def _compiled(alternatives: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(r"(?<![\w'])(?:" + "|".join(alternatives) + r")(?!\w)")
