"""Words in the form in which they are compared. Pure."""

from __future__ import annotations

import functools
import re
from typing import Final, Literal

from anyascii import anyascii

__all__ = ["SENTENCE_END", "TRANSLITERATED", "Apostrophes", "Script", "skeleton", "tokens"]

Apostrophes = Literal["join", "split"]
Script = Literal["letters", "skeleton"]

SENTENCE_END: Final = "|"
"""The token for the end of a sentence: no phrase reaches over it."""
TRANSLITERATED: Final = "~"
_LONGEST: Final = 2000  # characters; a longer text is a story, or an attempt to exhaust the matcher
_END: Final = re.compile(r"[.!?;।\n]+")
_APOSTROPHE: Final = re.compile(r"[\u2019\u2018'`\u00b4]")
_WORD: Final = re.compile(r"[a-z0-9]+")
_INDIC: Final = re.compile(r"[\u0900-\u097f]")
_SAME: Final = (
    (re.compile(r"ph"), "f"),
    (re.compile(r"sh"), "s"),
    (re.compile(r"ch+"), "C"),
    (re.compile(r"[qc]"), "k"),
    (re.compile(r"w"), "v"),
    (re.compile(r"z"), "j"),
    (re.compile(r"x"), "ks"),
    (re.compile(r"([dfgjkpt])h"), r"\1"),
    (re.compile(r"(?<=.)m(?=[bCdfgjklnprstv])"), "n"),
    (re.compile(r"m$"), "n"),
    (re.compile(r"(.)\1+"), r"\1"),
)
_VOWELS: Final = re.compile(r"(?<=.)[aeiou]+")


def tokens(text: str, *, apostrophes: Apostrophes = "join") -> list[str]:
    """The words of a text, in order, with `SENTENCE_END` between sentences (none at either end).

    Args:
        text: as heard or written, in any script.
        apostrophes: whether they join (`don't` is `dont`) or split (`n'appelez` is `n appelez`).

    A word of Devanagari is transliterated, which leaves its unwritten vowels out, and begins with `TRANSLITERATED`.
    """
    found: list[str] = []
    for sentence in _END.split(text[:_LONGEST].replace("\u0964", ".").casefold()):
        plain = _APOSTROPHE.sub("" if apostrophes == "join" else " ", sentence)
        words = [part for word in plain.split() for part in _parts(word)]
        if words:
            found += [SENTENCE_END, *words]
    return found[1:]


def _parts(word: str) -> list[str]:
    """The words in a blank-free text, in Latin letters. Marks that the transliteration adds within an Indic word do not split it."""
    if not _INDIC.search(word):
        return _WORD.findall(anyascii(word).casefold())
    letters = "".join(_WORD.findall(anyascii(word).casefold())).replace("c", "ch")  # its c is what Latin letters write as ch
    return [TRANSLITERATED + letters] if letters else []


@functools.lru_cache(maxsize=20_000)
def skeleton(word: str) -> str:
    """The consonants of a word, and its first letter if that is a vowel: `karo`, `kro` and `करो` are the same."""
    for pattern, meaning in _SAME:
        word = pattern.sub(meaning, word)
    return _VOWELS.sub("", word)
