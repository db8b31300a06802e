"""Numbers as people say them."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["amount_in", "digits", "rating_in"]

_UNITS: Final = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS: Final = {
    word: 10 * value for value, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
_ORDINALS: Final = {
    word: value
    for value, word in enumerate(
        [
            "first",
            "second",
            "third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
            "eleventh",
            "twelfth",
            "thirteenth",
            "fourteenth",
            "fifteenth",
            "sixteenth",
            "seventeenth",
            "eighteenth",
            "nineteenth",
            "twentieth",
        ],
        1,
    )
} | {"thirtieth": 30}
_HINDI: Final = {
    "ek": 1, "do": 2, "teen": 3, "char": 4, "chaar": 4, "paanch": 5, "panch": 5, "che": 6, "chhe": 6, "saat": 7, "aath": 8, "nau": 9,
    "das": 10, "gyarah": 11, "barah": 12,
}  # fmt: skip
_HINDI_UNITS: Final = r"(?:baje|ghante|ghanta|din|minute|hafte|mahine|tarikh|hazar|hazaar|lakh)"
_WORDS: Final = re.compile(
    rf"\b(?:({'|'.join(_TENS)})(?:[ -]({'|'.join(list(_UNITS)[1:10])}|{'|'.join(list(_ORDINALS)[:9])}))?|({'|'.join(_UNITS)})|"
    rf"({'|'.join(_ORDINALS)}))\b"
)
_HINDI_WORD: Final = re.compile(rf"\b({'|'.join(_HINDI)})(?= {_HINDI_UNITS}\b)")
_NOT_A_NUMBER: Final = re.compile(
    r"\b(?:no one|this one|that one|one moment|one second|one minute|just a second|second thoughts?|first of all|at first)\b"
)

_SCALES: Final = {
    "k": 1e3,
    "thousand": 1e3,
    "hazar": 1e3,
    "hazaar": 1e3,
    "hundred": 1e2,
    "lakh": 1e5,
    "lakhs": 1e5,
    "lac": 1e5,
    "million": 1e6,
}
_CURRENCY: Final = r"(?:rs\.?|inr|rupees?|rupaye|₹|\$|usd|dollars?|bucks|£|gbp|pounds?|quid|€|eur|euros?|naira|shillings?|pesos?|reais)"
_NUMBER: Final = r"(\d{1,3}(?:,\d{2,3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
_SCALED: Final = re.compile(rf"{_NUMBER} ?({'|'.join(sorted(_SCALES, key=len, reverse=True))})\b")
_WITH_CURRENCY: Final = re.compile(rf"{_CURRENCY} ?{_NUMBER}|{_NUMBER} ?{_CURRENCY}(?!\w)")
_BARE: Final = re.compile(rf"(?<![\w:/.-]){_NUMBER}(?![\w:/-])")
_LEAST_BARE_AMOUNT: Final = 50


def digits(said: str) -> str:
    """The text with its number words as digits: "twenty fifth" is "25th", "half past five" is "half past 5"."""
    masked = _NOT_A_NUMBER.sub(lambda match: match.group(0).replace("one", "a").replace("second", "moment").replace("first", "begin"), said)
    return _HINDI_WORD.sub(lambda match: str(_HINDI[match.group(1)]), _WORDS.sub(_digit, masked))


def _digit(match: re.Match[str]) -> str:
    tens, after_tens, unit, ordinal = match.groups()
    if (ordinal or after_tens in _ORDINALS) and not _is_date(match):
        return match.group(0)
    if tens:
        value = _TENS[tens]
        if after_tens in _UNITS:
            return str(value + _UNITS[after_tens])
        return _ordinal(value + _ORDINALS[after_tens]) if after_tens else str(value)
    return str(_UNITS[unit]) if unit else _ordinal(_ORDINALS[ordinal])


def _is_date(match: re.Match[str]) -> bool:
    """Whether an ordinal is a day of the month: "the fifth", "fifth of May", or alone."""
    before, after = match.string[: match.start()].split(), match.string[match.end() :].split()
    return bool(before and before[-1] in {"the", "on"}) or bool(after and after[0] == "of") or len(before) + len(after) == 0


def _ordinal(number: int) -> str:
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def amount_in(said: str) -> float | None:
    """The sum of money in a plain text, else None: "5,000", "rs 5000", "five thousand", "2 lakh", "$49.50".

    A bare number counts only from 50 up: smaller ones are hours and days.
    """
    text = digits(said)
    if match := _SCALED.search(text):
        return _float(match.group(1)) * _SCALES[match.group(2)]
    if match := _WITH_CURRENCY.search(text):
        return _float(match.group(1) or match.group(2))
    for match in _BARE.finditer(text):
        value = _float(match.group(1))
        if value >= _LEAST_BARE_AMOUNT and not 1900 <= value <= 2100:
            return value
    return None


def rating_in(said: str, lowest: int, highest: int) -> int | None:
    """The first number of the scale in a plain text that is not negated, else None: "not a ten, a six" is 6."""
    for match in re.finditer(r"(?<![\w.])(\d+)(?:\.\d+)?(?!\w)", digits(said)):
        value = int(match.group(1))
        before = digits(said)[: match.start()]
        if lowest <= value <= highest and not re.search(r"(?:\bnot (?:an? )?|\bout of |/ ?)$", before):
            return value
    return None


def _float(number: str) -> float:
    return float(number.replace(",", ""))
