"""Who is on the line, by what the callee said: the person who was asked for, or somebody else. Pure.

The phrasings are data, a file a language: `core/conversation/phrases/party.*.yaml`.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Iterable
from typing import Final

from rapidfuzz import fuzz

from core.conversation.phrases import Found, book, find, languages_of
from core.conversation.phrases.normal import TRANSLITERATED, tokens

__all__ = ["Party", "asks_who_it_is", "name_words", "who_speaks"]

_SUBJECT: Final = "party"
_SENTENCE_END: Final = re.compile(r"[.!?;।]+\s+")
_ASKING_YES: Final = re.compile(r"\s*[^\W\d]+(?: [^\W\d]+)?\s*\?")
_ALIKE: Final = 80.0
"""How alike a spoken name and the lead's must be, of 100: recognition writes Meyer for Maier."""
_TITLES: Final = frozenset(
    {"mr", "mrs", "ms", "miss", "dr", "mister", "herr", "frau", "senor", "senora", "monsieur", "madame", "shri", "smt", "kumari"}
)


class Party(enum.Enum):
    """Who is on the line."""

    CONFIRMED = "the person who was asked for"
    DENIED = "not the person who was asked for"
    THIRD_PARTY = "a relative, a colleague, or somebody of another name"
    COMPANY = "a firm's switchboard or reception"
    UNCLEAR = "nobody can tell"


def name_words(names: Iterable[str]) -> tuple[str, ...]:
    """The words of names, as they are compared: without titles and initials."""
    found = (word.removeprefix(TRANSLITERATED) for name in names for word in tokens(name))
    return tuple(dict.fromkeys(word for word in found if len(word) > 1 and word not in _TITLES and not word.isdigit()))


@functools.lru_cache(maxsize=4096)
def who_speaks(said: str, names: tuple[str, ...], *, asked: bool) -> Party:
    """Who is on the line.

    Args:
        said: the callee's words.
        names: the words of the person's names, of `name_words`; may be empty.
        asked: whether the bot had just asked whether it speaks with the person; else a mere "yes" or "speaking" says nothing.
    """
    verdicts = [_in_language(language, said, names, asked=asked) for language in languages_of(_SUBJECT)]
    for party in (Party.DENIED, Party.COMPANY, Party.THIRD_PARTY):
        if party in verdicts:
            return party
    if _UNCLEAR in verdicts:
        return Party.UNCLEAR
    return Party.CONFIRMED if Party.CONFIRMED in verdicts else Party.UNCLEAR


_UNCLEAR: Final = "asks back"


def _in_language(language: str, said: str, names: tuple[str, ...], *, asked: bool) -> Party | str | None:
    book_ = book(_SUBJECT, language)
    found = find(book_, said)
    sections = {one.section for one in found if not one.names or _is_one_of(one.names, names)}
    no_names = {phrase.written for phrase in book_.sections["not_names"]}
    theirs, another = _of_names([one for one in found if one.section == "named"], names, no_names, book_.fillers)
    also_theirs, _ = _of_names([one for one in found if one.section == "i_am"], names, no_names, book_.fillers)
    if "third_party" in sections:
        return Party.THIRD_PARTY
    if "company" in sections:
        return Party.COMPANY
    if "denied" in sections:
        return Party.DENIED
    if theirs or also_theirs:
        return Party.CONFIRMED
    if another:
        return Party.THIRD_PARTY
    if "unclear" in sections:
        return _UNCLEAR
    if "help" in sections:
        return Party.COMPANY
    if asked and ("self" in sections or ("yes" in sections and not _only_answers_the_phone(said, sections))):
        return Party.CONFIRMED
    return None


def _only_answers_the_phone(said: str, sections: set[str]) -> bool:
    """Whether a yes only says that somebody is there: "Yes, hello?", "Yes? Who is this?" """
    return _ASKING_YES.match(said) is not None or ("greeting" in sections and "wants" not in sections and len(said.split()) <= 5)


def _of_names(found: list[Found], names: tuple[str, ...], no_names: set[str], fillers: frozenset[str]) -> tuple[bool, bool]:
    """Whether a name that was said is theirs; and whether one is surely another's."""
    theirs = another = False
    for one in found:
        said = [word for word in one.names if word not in fillers]
        if not said or not no_names.isdisjoint(said):
            continue
        if _is_one_of(said, names):
            theirs = True
        elif names:
            another = True
    return theirs, another


def _is_one_of(said: Iterable[str], names: tuple[str, ...]) -> bool:
    """Whether one of these words is a word of the person's name, perhaps with the s of a possessive."""
    return any(fuzz.ratio(word, name) >= _ALIKE for word in said for name in names)


@functools.lru_cache(maxsize=4096)
def asks_who_it_is(said: str, names: tuple[str, ...]) -> bool:
    """Whether the bot's words end in a question for the person: "Am I speaking with Ann Archer?" """
    if not said.rstrip().endswith("?"):
        return False
    question = _SENTENCE_END.split(said.rstrip().rstrip("?"))[-1]
    if any("asks" in {one.section for one in find(book(_SUBJECT, language), question)} for language in languages_of(_SUBJECT)):
        return True
    words = name_words([question])
    return 0 < len(words) <= 4 and any(fuzz.ratio(word, name) >= _ALIKE for word in words for name in names)
