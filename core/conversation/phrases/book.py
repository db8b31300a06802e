"""Reads a file of phrases, and compiles them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import yaml

from core.conversation.phrases.normal import TRANSLITERATED, Apostrophes, Script, skeleton, tokens

__all__ = ["ANY_WORD", "NAME", "Book", "Choice", "Gap", "Phrase", "book", "languages_of", "load_all"]

_HERE: Final = files("core.conversation.phrases")
_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_NAMES: Final = frozenset({"apostrophes", "script", "fillers", "words"})


@dataclass(frozen=True)
class Choice:
    """One of several sequences of words; `optional`: or none."""

    any_of: tuple[tuple[str, ...], ...]
    optional: bool = False


@dataclass(frozen=True)
class Gap:
    """Up to so many words of any kind, besides fillers."""

    most: int
    least: int = 0


ANY_WORD: Final = ""
"""The key in `Book.by_word` of phrases that need no certain word."""
NAME: Final = Gap(2, least=1)
"""The place of a name."""
_GAPS: Final = {"*": Gap(3), "**": Gap(10), "<name>": NAME}


@dataclass(frozen=True)
class Phrase:
    """A compiled phrase: its parts, whether it must stand at the beginning or the end of what was said, and how it is written."""

    parts: tuple[Choice | Gap, ...]
    begins: bool
    ends: bool
    written: str


@dataclass(frozen=True, eq=False)
class Book:
    """The phrases of one subject in one language.

    Attributes:
        language: its code.
        apostrophes, script: how words are brought into the form in which they are compared.
        fillers: words that may stand anywhere.
        sections: phrases by the name of their section.
        forms: every word of the phrases and fillers, as compared, with the ways in which the file writes it.
        ordered: every phrase with its section.
        by_word: the phrases (numbers in `ordered`) that need one of a few words, by each of these: the others need not be looked at.
        by_letter: the words by their first letter.
    """

    language: str
    apostrophes: Apostrophes
    script: Script
    fillers: frozenset[str]
    sections: Mapping[str, tuple[Phrase, ...]]
    forms: Mapping[str, tuple[str, ...]]
    by_word: Mapping[str, tuple[int, ...]]
    ordered: tuple[tuple[str, Phrase], ...]
    by_letter: Mapping[str, tuple[str, ...]]

    def tokens(self, text: str) -> list[str]:
        """The words of a text as they are written there, in Latin letters."""
        return tokens(text, apostrophes=self.apostrophes)


@functools.cache
def languages_of(subject: str) -> tuple[str, ...]:
    """The languages that have a file on this subject."""
    names = (entry.name.split(".") for entry in _HERE.iterdir())
    return tuple(sorted(parts[1] for parts in names if len(parts) == 3 and parts[0] == subject and parts[2] == "yaml"))


@functools.cache
def book(subject: str, language: str) -> Book:
    """The phrases on a subject in a language.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a phrase uses a name that its file does not define, or has no words.
    """
    name = f"{subject}.{language}.yaml"
    written: dict[str, Any] = yaml.load((_HERE / name).read_text("utf-8"), Loader=_Loader)  # noqa: S506 - makes strings only: `no` is a word
    apostrophes: Apostrophes = written.get("apostrophes", "join")
    script: Script = written.get("script", "letters")

    forms: dict[str, dict[str, None]] = {}

    def words(text: object) -> tuple[str, ...]:
        written_as = [word.removeprefix(TRANSLITERATED) for word in tokens(str(text), apostrophes=apostrophes)]
        if not written_as:
            raise ValueError(f"{name}: {text!r} has no words")
        compared = tuple(skeleton(word) if script == "skeleton" else word for word in written_as)
        for word, form in zip(compared, written_as, strict=True):
            forms.setdefault(word, {})[form] = None
        return compared

    groups = {group: tuple(dict.fromkeys(words(one) for one in ones)) for group, ones in written.get("words", {}).items()}
    fillers = frozenset(word for one in written.get("fillers", []) for word in words(one))

    def compiled(line: str) -> Phrase:
        pieces = line.split()
        begins, ends = pieces[0] == "^", pieces[-1] == "$"
        parts: list[Choice | Gap] = []
        for piece in pieces[begins : len(pieces) - ends]:
            if piece in _GAPS:
                parts.append(_GAPS[piece])
                continue
            plain, optional = piece.removesuffix("?"), piece.endswith("?")
            if plain.startswith("<"):
                if (group := plain.strip("<>")) not in groups:
                    raise ValueError(f"{name}: {line!r} uses <{group}>, which is not among its words")
                parts.append(Choice(groups[group], optional))
            else:
                parts.append(Choice((words(plain),), optional))
        return Phrase(tuple(parts), begins, ends, line)

    sections = {section: tuple(compiled(str(line)) for line in lines) for section, lines in written.items() if section not in _NAMES}
    ordered = tuple((section, phrase) for section, phrases in sections.items() for phrase in phrases)
    by_word: dict[str, list[int]] = {}
    for number, (_, phrase) in enumerate(ordered):
        for word in _needed(phrase):
            by_word.setdefault(word, []).append(number)
    by_letter: dict[str, list[str]] = {}
    for word in forms:
        by_letter.setdefault(word[0], []).append(word)
    return Book(
        language,
        apostrophes,
        script,
        fillers,
        sections,
        {word: tuple(ones) for word, ones in forms.items()},
        {word: tuple(numbers) for word, numbers in by_word.items()},
        ordered,
        {letter: tuple(words_) for letter, words_ in by_letter.items()},
    )


def load_all() -> None:
    """Read every file now, in a fraction of a second, so that no call has to wait for it."""
    for entry in _HERE.iterdir():
        if entry.name.endswith(".yaml"):
            subject, language, _ = entry.name.split(".")
            book(subject, language)


def _needed(phrase: Phrase) -> set[str]:
    """Words of which one must have been said: of the part with the fewest alternatives."""
    choices = [part for part in phrase.parts if isinstance(part, Choice) and not part.optional]
    if not choices:
        return {ANY_WORD}
    fewest = min(choices, key=lambda part: len(part.any_of))
    return {one[0] for one in fewest.any_of}
