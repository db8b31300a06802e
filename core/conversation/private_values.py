"""Whether a sentence holds one of a call's private values, in whatever form it is said. Pure.

Amounts count by their number, in digits or in words; long numbers also by four digits in a row; dates in any way of writing them;
other values by their words.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz

from core.conversation.phrases.normal import SENTENCE_END, TRANSLITERATED, tokens
from core.conversation.spoken_forms import Day, days_in, numbers_in, runs_of_digits, times_in

__all__ = ["PrivateValues"]

_LEAST_LETTERS: Final = 4
_LEAST_NUMBER: Final = 10
_IDENTIFIER: Final = 6
"""Digits from which a number tells somebody even by a part of it."""
_PART: Final = 4
_ALIKE: Final = 90.0
_SAID_ANYWAY: Final = frozenset(
    {"yes", "no", "true", "false", "none", "null", "n a", "na", "active", "open", "new", "email", "phone", "mobile", "male", "female"}
)


@dataclass(frozen=True)
class _Forms:
    """A value in the forms in which it can be said."""

    number: float | None
    digits: str
    days: frozenset[Day]
    times: frozenset[tuple[int, int]]
    words: tuple[str, ...]


class PrivateValues:
    """The private values of one call.

    Args:
        values: the fields that are private, with their values.
        known: words that are not private although a private value has them: names.
    """

    def __init__(self, values: Mapping[str, str], known: Collection[str] = ()) -> None:
        self._known = frozenset(known)
        self._forms = {name: forms for name, value in values.items() if (forms := self._forms_of(value)) is not None}

    def __bool__(self) -> bool:
        return bool(self._forms)

    @property
    def names(self) -> tuple[str, ...]:
        """The fields with a value that can be told by words."""
        return tuple(self._forms)

    def said_in(self, sentence: str) -> list[str]:
        """The names of the private fields whose value, or a part that tells it, stands in this sentence."""
        if not self._forms or not sentence.strip():
            return []
        numbers, runs = numbers_in(sentence), runs_of_digits(sentence)
        days, times, words = days_in(sentence), times_in(sentence), _words(sentence)
        return [name for name, forms in self._forms.items() if _tells(forms, numbers, runs, days, times, words)]

    def _forms_of(self, value: str) -> _Forms | None:
        text = value.strip()
        if not text or text.casefold() in _SAID_ANYWAY:
            return None
        days, times = frozenset(days_in(text)), frozenset(times_in(text))
        numbers = numbers_in(text) if not days else set()
        letters = re.sub(r"[\d\W_]+", "", text)
        digits = re.sub(r"\D", "", text)
        number = next(iter(numbers)) if len(numbers) == 1 and len(letters) <= _LEAST_LETTERS else None
        if number is not None and number < _LEAST_NUMBER and number == int(number):  # "three questions" tells nothing
            number = None
        words = tuple(word for word in _words(text) if word not in self._known)
        told_by_words = sum(map(len, words)) >= _LEAST_LETTERS and any(character.isalpha() for word in words for character in word)
        identifier = digits if len(digits) >= _IDENTIFIER and not days else ""
        if number is None and not identifier and not days and not times and not told_by_words:
            return None
        return _Forms(number, identifier, days, times, words if told_by_words and not days else ())


def _tells(
    forms: _Forms,
    numbers: Collection[float],
    runs: Collection[str],
    days: Collection[Day],
    times: Collection[tuple[int, int]],
    said: list[str],
) -> bool:
    if forms.number is not None and any(abs(number - forms.number) < 0.005 or int(number) == int(forms.number) > 99 for number in numbers):
        return True
    if forms.digits and any(len(run) >= _PART and (run in forms.digits or forms.digits in run) for run in runs):
        return True
    if not forms.days.isdisjoint(days) or not forms.times.isdisjoint(times):
        return True
    return bool(forms.words) and _words_tell(forms.words, said)


def _words_tell(words: tuple[str, ...], said: list[str]) -> bool:
    """Whether the words of a value were said: all of a short one, three in a row of a long one."""
    wanted = min(len(words), 3)
    if wanted < 3:
        text, value = " ".join(said), " ".join(words)
        return f" {value} " in f" {text} " or (len(value) >= 8 and fuzz.partial_ratio(value, text) >= _ALIKE)
    runs = {tuple(said[at : at + wanted]) for at in range(len(said) - wanted + 1)}
    return any(tuple(words[at : at + wanted]) in runs for at in range(len(words) - wanted + 1))


def _words(text: str) -> list[str]:
    return [word.removeprefix(TRANSLITERATED) for word in tokens(text.replace("_", " ").replace(".", " ")) if word != SENTENCE_END]
