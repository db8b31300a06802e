"""From words to meaning."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.conversation.opting_out import wants_no_calls
from core.conversation.rules.intents import OUTCOMES, Intent
from core.conversation.rules.text import clauses, is_negated, plain
from core.conversation.rules.vocabulary.pattern import Pattern
from core.conversation.rules.when import When, find_when

__all__ = ["Understood", "understand"]

_ASKED: Final = re.compile(
    r"^(?:and |so |well |then |ok |okay |sorry |but |yes |no )*(?:what|why|how|when|where|which|who|whose|do i|did i|have i|am i|"
    r"should i|must i|"
    r"is it|is this|is that|is there|are there|are you|do you|does|did|will you|would you|have you|has|was|were|"
    r"(?:can|could) you (?:please )?(?:tell|send|give|explain|show|email|text|check|help)|"
    r"may i know|can i know|tell me|i (?:want|would like) to know|kya|kab|kaise|kyu|kyun|kitna|kitne|kahan)\b"
)
_SORRY: Final = re.compile(r"(?:i am )?sorry[?.! ]*")  # alone it asks us to repeat; before other words it is only polite
_CHANGE: Final = re.compile(r"\bhow (?:do|can|could|would|may) (?:i|we)\b")
_DATED: Final = {Intent.PROMISE: Intent.PROMISE_DATED, Intent.CALLBACK: Intent.CALLBACK_TIMED, Intent.RESCHEDULE: Intent.RESCHEDULE_DATED}
_MAY_ACCOMPANY_A_QUESTION: Final = frozenset({Intent.YES, Intent.NO, Intent.GREETING, Intent.THANKS, Intent.UNSURE, Intent.ABUSE})
_GIVES_WAY_TO_A_TIME: Final = frozenset(
    {Intent.YES, Intent.NO, Intent.UNSURE, Intent.THANKS, Intent.GREETING, Intent.GOODBYE, Intent.IDENTITY, Intent.UNCLEAR}
)
_LONGEST_HEARD: Final = 2000  # characters: longer text is a story, or an attempt to exhaust the matcher
_STORY_WORDS: Final = 60  # in a longer story a "yes", a "when" or a question is not meant for us
_ORDER: Final = {intent: number for number, intent in enumerate(Intent)}


@dataclass(frozen=True)
class Understood:
    """The meaning of an utterance: the one to act on, every meaning found, the time it names, and its plain form."""

    intent: Intent
    all: frozenset[Intent]
    when: When | None
    said: str
    heard: str


def understand(heard: str, now: datetime, vocabulary: Collection[Pattern], *, day_first: bool = True) -> Understood:
    """What the callee means.

    Args:
        heard: what was said.
        now: the bot's local time, without zone; dates are relative to it.
        vocabulary: the patterns that apply in this conversation.
        day_first: whether 5/3 is the fifth of March.
    """
    said = plain(heard[:_LONGEST_HEARD])
    found: dict[Intent, list[str]] = {}  # meaning -> the clauses that contain it
    late: set[Intent] = set()  # outcomes found after a "but"
    asked = heard.rstrip().endswith("?")
    if _SORRY.fullmatch(said):
        found[Intent.REPEAT] = [said]
    for clause, after_contrast in clauses(said):
        question = _ASKED.match(clause) is not None
        asked = asked or question
        for intent in _meanings(clause, vocabulary, question=question):
            found.setdefault(intent, []).append(clause)
            if after_contrast and intent in OUTCOMES:
                late.add(intent)
    if late:
        found = {intent: where for intent, where in found.items() if intent not in OUTCOMES or intent in late}
    if wants_no_calls(heard[:_LONGEST_HEARD]):
        found[Intent.STOP_CALLING] = [said]
    when = whole = find_when(said, now, day_first=day_first)
    for intent, dated in _DATED.items():
        if intent in found:
            times = [find_when(clause, now, day_first=day_first) for clause in found[intent]] + [whole]
            own = next((time for time in times if time is not None and _is_exact(time, promise=intent is Intent.PROMISE)), None)
            if own is not None:
                found[dated], when = found.pop(intent), own
    words = len(said.split())
    if words > _STORY_WORDS:
        found = {intent: where for intent, where in found.items() if intent not in _GIVES_WAY_TO_A_TIME}
    elif asked and not found.keys() - _MAY_ACCOMPANY_A_QUESTION and (words > 2 or (words and not found)):
        found[Intent.QUESTION] = [said]
    if words <= _STORY_WORDS and when is not None and not when.immediate and not found.keys() - _GIVES_WAY_TO_A_TIME:
        found[Intent.WHEN] = [said]
    intent = min(found, key=_ORDER.__getitem__, default=Intent.UNCLEAR)
    return Understood(_yes_or_no(intent, found), frozenset(found), when, said, heard)


def _meanings(clause: str, vocabulary: Collection[Pattern], *, question: bool) -> list[Intent]:
    found = []
    skips_statements = question and not _CHANGE.search(clause)
    for pattern in vocabulary:
        if skips_statements and not pattern.even_asked:
            continue
        for match in pattern.regex.finditer(clause):
            if not pattern.minds_negation or not is_negated(clause, match.start(), match.end()):
                found.append(pattern.intent)
                break
            if pattern.negated is not None:
                found.append(pattern.negated)
                break
    return found


def _is_exact(when: When, *, promise: bool) -> bool:
    """Whether a promise, or a callback, can be kept on this date."""
    if when.vague:
        return False
    return promise or not when.immediate


def _yes_or_no(intent: Intent, found: dict[Intent, list[str]]) -> Intent:
    """Of a yes and a no, the first one said counts."""
    if intent is Intent.NO and Intent.YES in found and list(found).index(Intent.YES) < list(found).index(Intent.NO):
        return Intent.YES
    return intent
