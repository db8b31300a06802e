"""Numbers of a long list without the parser, which takes 50 microseconds a number: ten million would take it eight minutes. Pure.

Rows of a list are alike. The first number of each shape (its length and its first digits) is read by the parser; numbers of the same shape
are turned into E.164 in the same way: so many digits off the front, this country code before the rest. On a list of numbers that are not to
be called, one that does not exist does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

__all__ = ["QuickReader"]

_KEY: Final = 4
"""Leading digits by which shapes are told apart: as long as a trunk prefix or most country codes with one digit of the number."""
_MOST_SHAPES: Final = 50_000
_NORTH_AMERICAN: Final = re.compile(r"(?:\+?1)?([2-9]\d\d[2-9]\d{6})")
"""Every number of +1 has this form; in a list of one of its countries, ten digits of this form are such a number."""
_COUNTRIES_OF_1: Final = frozenset({"US", "CA"})


class QuickReader:
    """Reads numbers, and remembers how.

    Args:
        read: the parser: a cell's text to E.164; raises for a text that is no number.
        region: the country of numbers written without a country code.
    """

    def __init__(self, read: Callable[[str], str], region: str | None) -> None:
        self._read, self._north_american = read, region in _COUNTRIES_OF_1
        self._shapes: dict[tuple[int, str], tuple[int, str]] = {}

    def __call__(self, text: str) -> str:
        """The number (E.164). Raises what the parser raises."""
        if (self._north_american or text[:2] == "+1") and (match := _NORTH_AMERICAN.fullmatch(text)):
            return f"+1{match[1]}"
        digits = text[1:] if text[:1] == "+" else text
        if not (digits.isascii() and digits.isdigit() and 9 <= len(digits) <= 15):
            return self._read(text)
        key = (len(text), text[:_KEY])
        known = self._shapes.get(key)
        if known is not None:
            cut, country = known
            return country + text[cut:]
        e164 = self._read(text)
        for cut in range(5):
            rest = text[cut:]
            if e164.endswith(rest) and len(e164) - len(rest) <= 5:  # "+" and a country code of up to three digits, or the whole
                if len(self._shapes) < _MOST_SHAPES and cut < _KEY:
                    self._shapes[key] = (cut, e164[: len(e164) - len(rest)])
                break
        return e164
