"""Normalizes what was heard, and splits it into clauses."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["clauses", "is_negated", "plain"]

_WHOLE: Final = {
    "can't": "can not",
    "cant": "can not",
    "cannot": "can not",
    "won't": "will not",
    "wont": "will not",
    "shan't": "shall not",
    "ain't": "is not",
    "dont": "do not",
    "doesnt": "does not",
    "didnt": "did not",
    "isnt": "is not",
    "wasnt": "was not",
    "havent": "have not",
    "hasnt": "has not",
    "couldnt": "could not",
    "wouldnt": "would not",
    "im": "i am",
    "ive": "i have",
    "ill": "i will",
    "id": "id",
    "gonna": "going to",
    "wanna": "want to",
    "gotta": "have to",
    "lemme": "let me",
    "let's": "let us",
    "o'clock": "oclock",
    "u": "you",
    "ya": "you",
    "pls": "please",
    "plz": "please",
    "tmrw": "tomorrow",
    "tomorow": "tomorrow",
    "nahin": "nahi",
    "nahee": "nahi",
    "nai": "nahi",
    "nhi": "nahi",
    "fone": "phone",
}
_ENDINGS: Final = (("n't", " not"), ("'ll", " will"), ("'re", " are"), ("'ve", " have"), ("'m", " am"), ("'d", " would"))
_IS: Final = {"he", "she", "it", "that", "this", "there", "here", "who", "what", "where", "when", "how", "name", "everything", "everyone"}

# Contains a negative word, but means yes, or nothing at all.
_IDIOMS: Final = tuple(
    (re.compile(rf"\b{pattern}\b"), meaning)
    for pattern, meaning in (
        (r"(no|not a|not any) (problem|worries|worry|issues?|trouble|bother)( at all)?", "okay"),
        (r"do not (you )?worry( about (it|that))?", "okay"),
        (r"no doubt( about it)?", "surely"),
        (r"why not", "yes"),
        (r"can not complain", "good"),
        (r"not (too )?bad", "okay"),
        (r"if not", "otherwise"),
        (r"(whether )?or not", ""),
        (r"not only", "only"),
        (r"koi (baat|dikkat) nahi", "okay"),
        (r"i (do not|would not) mind", "okay"),
    )
)
_SPLIT: Final = re.compile(r"[!?;।\n]+|\.(?!\d)|,(?!\d)|\s[-\u2013\u2014]+\s")
_CONJUNCTION: Final = re.compile(r"\b(?:but|however|although|though|because|since|and then|and|lekin|magar|kyunki)\b")
_CONTRAST: Final = re.compile(r"\b(?:but|however|lekin|magar)\b")
_SUBORDINATE: Final = re.compile(r"\b(?:until|till|unless|if|when|that)\b")  # a negation before these words does not reach past them
_NEGATORS: Final = frozenset(["not", "no", "never", "nobody", "none", "neither", "nor", "without", "nahi", "mat", "hardly"])


def plain(text: str) -> str:
    """The text in lower case, without contractions and idioms; commas, full stops and question marks stay."""
    said = unicodedata.normalize("NFKC", text).casefold()
    said = said.replace("\u2019", "'").replace("\u2018", "'").replace("`", "'")
    said = re.sub(r"\b([ap])\.\s?m\b\.?", r"\1m", said)
    words = " ".join(_expanded(word) for word in said.split())
    for pattern, meaning in _IDIOMS:
        words = pattern.sub(meaning, words)
    return " ".join(words.split())


def _expanded(word: str) -> str:
    core = word.strip('.,;:!?"()')
    head, _, tail = word.partition(core) if core else (word, "", "")
    if core in _WHOLE:
        return head + _WHOLE[core] + tail
    for ending, full in _ENDINGS:
        if core.endswith(ending):
            return head + core.removesuffix(ending) + full + tail
    if core.endswith("'s"):
        owner = core.removesuffix("'s")
        return head + owner + (" is" if owner in _IS else "") + tail
    return word


def clauses(said: str) -> list[tuple[str, bool]]:
    """The clauses of a plain text, without punctuation, each with whether a contrast ("but") precedes it.

    What follows a "but" is what counts: "I would pay, but I lost my job".
    """
    found: list[tuple[str, bool]] = []
    for number, part in enumerate(_CONTRAST.split(said)):
        for sentence in _SPLIT.split(part):
            for clause in _CONJUNCTION.split(sentence):
                words = " ".join(re.findall(r"[^\W_]+(?:[:/.,-][^\W_]+)*|[$£€₹]", clause))
                if words:
                    found.append((words, number > 0))
    return found


def is_negated(clause: str, start: int, end: int, reach: int = 4) -> bool:
    """Whether a negative word is in clause[start:end] or among the `reach` words before it."""
    before = _SUBORDINATE.split(clause[:start])[-1].split()[-reach:]
    return not _NEGATORS.isdisjoint(before) or not _NEGATORS.isdisjoint(clause[start:end].split())
