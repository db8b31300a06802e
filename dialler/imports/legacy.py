"""Legacy single-country encodings: guesses which one, if a file is not UTF-8 and does not say.

Tries the likely encodings of the campaign's country and those used everywhere; the one whose text has the smallest share of implausible
places wins, the earlier one in a tie. If all have many, the encodings of other scripts are tried; one of them must be clearly better than
the others, or charset-normalizer must agree (alone it needs more text than a list of ten names has). Otherwise nothing is guessed: names in
the wrong letters would be spoken to people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from charset_normalizer import from_bytes

from dialler.imports.code_pages import EVERYWHERE, PAGES, CodePage, letters_of, pages_of
from dialler.imports.errors import LeadFileError
from dialler.imports.plausibility import examples, strangeness

__all__ = ["Guess", "LegacySample"]

_KEEP = 32_000
_HIGH_LINE = re.compile(rb"[^\r\n]*[\x80-\xff][^\r\n]*")
_LONG_NUMBER = re.compile(rb"[\d+]{3,}")  # they say nothing about letters; a GB18030 character may contain single digits
_SHARE, _SMALL_SHARE, _MARGIN = 0.2, 0.05, 0.1
_ENOUGH = 8
"""Characters beyond ASCII needed before a Macintosh or DOS encoding is accepted."""
_LINES_OF_A_STRAY = 50
"""One implausible place in this many lines is a typing error, whatever the encoding."""
_SAME_LETTERS = ("cyrillic", "greek", "arabic")  # the encodings of one of these scripts may score alike


@dataclass(frozen=True)
class Guess:
    """An encoding, and words of the file decoded with it, for a person to judge."""

    page: CodePage
    words: tuple[str, ...]


class LegacySample:
    """Collects a bounded number of distinct lines with non-ASCII bytes, and guesses their encoding."""

    def __init__(self) -> None:
        self._lines: dict[bytes, None] = {}
        self._size = 0
        self._ends = 0

    def add(self, block: bytes) -> None:
        """Take one more block of the file."""
        self._ends += block.count(b"\n") or block.count(b"\r")
        if self._size >= _KEEP:
            return
        for match in _HIGH_LINE.finditer(block):
            line = _LONG_NUMBER.sub(b"", match.group()[:1000])
            if line not in self._lines:
                self._lines[line] = None
                self._size += len(line)
                if self._size >= _KEEP:
                    return

    def guess(self, region: str | None = None) -> Guess:
        """The most likely encoding of a file from this country (ISO 3166), or from anywhere.

        Raises:
            LeadFileError: no encoding fits, or several do.
        """
        sample = b"\n".join(self._lines)
        likely = [_tried(sample, page, region) for page in pages_of(region)]
        best = min(likely, key=lambda tried: tried.share)
        strays = self._ends // _LINES_OF_A_STRAY
        if not best.is_accepted and min(likely[0].strange, likely[-len(EVERYWHERE)].strange) <= strays:
            best = min((likely[0], likely[-len(EVERYWHERE)]), key=lambda tried: tried.strange)
        elif not best.is_accepted:
            others = [_tried(sample, page, None) for page in PAGES.values() if page.name not in {one.page.name for one in likely}]
            best = _clearly_best(sample, [other for other in others if other.page.script != "latin"]) or _fail([*likely, *others])
        return Guess(best.page, tuple(examples(best.text)))


@dataclass(frozen=True)
class _Tried:
    """`strange` of `count` characters beyond ASCII are out of place; `share` is larger if letters are not the country's."""

    page: CodePage
    text: str
    strange: float
    count: int
    share: float

    @property
    def is_accepted(self) -> bool:
        if self.page.name in EVERYWHERE[1:]:
            return self.count >= _ENOUGH and self.strange <= self.count * _SMALL_SHARE
        return self.strange <= self.count * _SHARE


def _tried(sample: bytes, page: CodePage, region: str | None) -> _Tried:
    text = sample.decode(page.name, "replace")
    strange, count = strangeness(text, page)
    letters = letters_of(region)
    weight = strangeness(text, page, letters)[0] if letters else strange
    return _Tried(page, text, strange, count, round(weight / max(count, 1), 3))


def _clearly_best(sample: bytes, tried: list[_Tried]) -> _Tried | None:
    ranked = sorted(tried, key=lambda one: one.share)
    best = ranked[0]
    if not best.is_accepted:
        return None
    same_letters = best.page.script in _SAME_LETTERS
    rivals = [one for one in ranked[1:] if one.text != best.text and not (same_letters and one.page.script == best.page.script)]
    if all(one.share >= best.share + _MARGIN for one in rivals):
        return best
    detected = from_bytes(sample, cp_isolation=[one.page.name for one in ranked]).best()
    return best if detected is not None and str(detected) == best.text else None


def _fail(tried: list[_Tried]) -> NoReturn:
    """Raise the error, showing how the file would read in the encodings that fit best."""
    ranked = sorted(tried, key=lambda one: one.share)[:5]
    raise LeadFileError(
        "The file is not UTF-8, and its encoding cannot be determined.",
        "Save it again as CSV (UTF-8). Or set `default_region` in campaign.yaml, which gives the country, or choose the encoding "
        f"whose words look right below and set it there, as in `encoding: {ranked[0].page.name}`.",
        [f"`encoding: {one.page.name}` ({one.page.label}): {', '.join(examples(one.text, 5)) or 'no words'}" for one in ranked],
    )
