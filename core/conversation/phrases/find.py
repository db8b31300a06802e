"""Finds the phrases of a book in what was said. Pure."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from core.conversation.phrases.book import ANY_WORD, NAME, Book, Choice, Gap, Phrase
from core.conversation.phrases.normal import SENTENCE_END, TRANSLITERATED, skeleton

__all__ = ["Found", "find", "sections_in"]

_FUZZY_FROM: Final = 7
"""Letters from which a word may differ from the book's by one, but not in the first."""
_ALIKE: Final = 76.0
"""How alike words with the same consonants must be, of 100: `karo` and `kro` are, `pulis` and `please` are not."""


@dataclass(frozen=True)
class Found:
    """A phrase that was said: its section, how the book writes it, and where it stands (token numbers, the end not included).

    `names` are the words in the place of a name, in Latin letters.
    """

    section: str
    phrase: str
    begin: int
    end: int
    names: tuple[str, ...] = ()

    def overlaps(self, other: Found) -> bool:
        """Whether the two share a word."""
        return self.begin < other.end and other.begin < self.end


def find(book: Book, text: str) -> list[Found]:
    """Every phrase of the book that was said, in the order of the book; each once, where it stands first."""
    written = book.tokens(text)
    said = [_known(book, word) for word in written]
    present = set(said)
    found = []
    for number in sorted({number for word in (ANY_WORD, *present) for number in book.by_word.get(word, ())}):
        section, phrase = book.ordered[number]
        if _possible(phrase, present) and (span := _first(phrase, said, book.fillers)) is not None:
            found.append(Found(section, phrase.written, *span, _names(phrase, said, written, span)))
    return found


def sections_in(book: Book, text: str) -> set[str]:
    """The sections of which something was said."""
    return {one.section for one in find(book, text)}


@functools.lru_cache(maxsize=20_000)
def _known(book: Book, word: str) -> str:
    """The book's word that was meant, as it is compared; a word that the book does not know stays as it is."""
    plain = word.removeprefix(TRANSLITERATED)
    if book.script == "skeleton":
        compared = skeleton(plain)
        alike = process.extractOne(plain, book.forms.get(compared, ()), scorer=fuzz.ratio, score_cutoff=_ALIKE)
        return compared if alike is not None or (plain != word and compared in book.forms) else f"{TRANSLITERATED}{plain}"
    if plain in book.forms or len(plain) < _FUZZY_FROM:
        return plain
    near = [form for form in book.by_letter.get(plain[0], ()) if len(form) >= _FUZZY_FROM - 1]
    return next((form for form in near if OSA.distance(plain, form, score_cutoff=1) <= 1), plain)


def _possible(phrase: Phrase, present: set[str]) -> bool:
    """Whether every part can be there at all: most phrases are ruled out by this."""
    return all(isinstance(part, Gap) or part.optional or any(present.issuperset(one) for one in part.any_of) for part in phrase.parts)


def _first(phrase: Phrase, said: Sequence[str], fillers: frozenset[str]) -> tuple[int, int] | None:
    starts = range(len(said)) if not phrase.begins else range(min(_after_fillers(said, 0, fillers) + 1, len(said)))
    for start in starts:
        if phrase.begins and any(word not in fillers and word != SENTENCE_END for word in said[:start]):
            break
        for end in _ends(phrase.parts, 0, said, start, fillers, first=True):
            if not phrase.ends or all(word in fillers or word == SENTENCE_END for word in said[end:]):
                return start, end
    return None


def _names(phrase: Phrase, said: Sequence[str], written: Sequence[str], span: tuple[int, int]) -> tuple[str, ...]:
    """The words in the place of a name: the words that are none of the phrase's own."""
    if NAME not in phrase.parts:
        return ()
    own = {word for part in phrase.parts if isinstance(part, Choice) for one in part.any_of for word in one}
    return tuple(written[at].removeprefix(TRANSLITERATED) for at in range(*span) if said[at] not in own and said[at] != SENTENCE_END)


def _after_fillers(said: Sequence[str], at: int, fillers: frozenset[str]) -> int:
    while at < len(said) and (said[at] in fillers or said[at] == SENTENCE_END):
        at += 1
    return at


def _ends(
    parts: tuple[Choice | Gap, ...], number: int, said: Sequence[str], at: int, fillers: frozenset[str], *, first: bool = False
) -> Iterator[int]:
    """Where the parts from `number` on can end, if they begin at `at`; fillers may stand between two parts."""
    if number == len(parts):
        yield at
        return
    part = parts[number]
    if isinstance(part, Gap):
        left = part.most
        for here in range(at, len(said) + 1):
            if here - at >= part.least:
                yield from _ends(parts, number + 1, said, here, fillers, first=first and here == at)
            if here == len(said) or said[here] == SENTENCE_END:
                return
            if said[here] not in fillers:
                left -= 1
                if left < 0:
                    return
        return
    if part.optional:
        yield from _ends(parts, number + 1, said, at, fillers, first=first)
    here = at
    while True:
        for one in part.any_of:
            if tuple(said[here : here + len(one)]) == one:
                yield from _ends(parts, number + 1, said, here + len(one), fillers)
        if first or here >= len(said) or said[here] not in fillers:
            return
        here += 1
