"""Measures how implausible a decoded text is: a text in the wrong encoding has many impossible places.

Pure functions of text. They look only at characters beyond ASCII: letters of another script, capitals within a word, signs where none can
be, characters so rare that no list of people has many of them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from dialler.imports.code_pages import CodePage, Script

__all__ = ["examples", "strangeness"]

_HIGH = re.compile(r"[^\x00-\x7f]")
_RUN = re.compile(r"[^\W\d_a-zA-Z]+")
_WORD = re.compile(r"[^\W\d_]*[^\W\d_\x00-\x7f][^\W\d_]*")
_PREFIX: dict[Script, tuple[str, ...]] = {
    "cyrillic": ("CYRILLIC",),
    "greek": ("GREEK",),
    "hebrew": ("HEBREW",),
    "arabic": ("ARABIC",),
    "thai": ("THAI",),
    "japanese": ("HIRAGANA", "KATAKANA", "HALFWIDTH", "CJK", "IDEOGRAPHIC", "FULLWIDTH"),
    "chinese": ("CJK", "IDEOGRAPHIC", "FULLWIDTH", "BOPOMOFO"),
    "korean": ("HANGUL", "CJK", "FULLWIDTH"),
}
_COMMON: dict[Script, tuple[str, int, int]] = {  # signs and common characters of the standard: its encoding, first and last lead byte
    "japanese": ("shift_jis", 0x81, 0x98),
    "chinese": ("gb2312", 0xA1, 0xD7),
    "korean": ("euc_kr", 0xA1, 0xC8),
}
_BIG5_COMMON = ("big5", 0xA1, 0xC6)
_CASED = ("cyrillic", "greek")  # their names begin with capitals
_FOREIGN, _RARE, _SMALL_INITIAL, _HALF_WIDTH = 0.4, 0.5, 0.5, 0.15
_OPENING, _CLOSING = frozenset("\u201c\u2018\u00ab\u201e\u00bf\u00a1"), frozenset("\u00ba\u00aa\u201d\u00bb\u2026\u2122\u00ae\u00a9")
_ANYWHERE = frozenset("\u00a0\u00b0\u00b4\u2116\u0e3f\u060c\u061b\u061f\u0640\u20aa")
_BESIDE_NUMBERS = frozenset("\u20ac\u00a3\u00a5\u00a2\u00a7\u00bd\u00bc\u00be\u00b2\u00b3\u00b1\u00d7")


def strangeness(text: str, page: CodePage, letters: frozenset[str] = frozenset()) -> tuple[float, int]:
    """The weight of the misplaced characters beyond ASCII, and the number of all characters beyond ASCII.

    Args:
        text: decoded as `page`; U+FFFD where decoding failed.
        page: the encoding, for its script.
        letters: the lower-case letters of the country's names; any of the script if empty.
    """
    weight, count = 0.0, 0
    for match in _HIGH.finditer(text):
        at = match.start()
        count += 1
        before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
        weight += _weight(match[0], before, after, page, letters)
    if page.script == "latin":
        weight += sum(len(run) for run in map(re.Match.group, _RUN.finditer(text)) if len(run) > page.longest_run)
    return weight, count


def examples(text: str, most: int = 3) -> list[str]:
    """The first words of the text with a letter beyond ASCII, all different and short enough to show."""
    return list(dict.fromkeys(word[:20] for word in _WORD.findall(text) if len(word) > 1))[:most]


def _weight(char: str, before: str, after: str, page: CodePage, letters: frozenset[str]) -> float:
    kind = unicodedata.category(char)
    if kind[0] == "C":
        return 0.0 if kind == "Cf" else 1.0
    if char == "\ufffd":
        return 1.0
    if kind[0] in "LM" and page.script != "latin" and (_is_ascii_letter(before) or _is_ascii_letter(after)):
        return 1.0  # two scripts in one word
    if page.script in _COMMON:
        if _is_ascii_letter(before) and _is_ascii_letter(after):
            return 1.0
        if "\uff61" <= char <= "\uff9f":
            return _HALF_WIDTH
        return 0.0 if _is_common(char, page) else _RARE if _of_script(char, page.script) else 1.0
    if kind[0] not in "LM" or char in _CLOSING:  # the ordinal indicators count as letters
        return 0.0 if _may_stand(char, before, after) else 1.0
    if kind == "Mn" and page.name == "cp1258":
        return 0.0
    belongs = _is_latin(char) if page.script == "latin" else _of_script(char, page.script)
    if not belongs or (char.isupper() and (before.islower() or (before.isalpha() and after.islower()))) or char == "\u0192":
        return 1.0
    if page.script in _CASED and char.islower() and not (before.isalpha() or before in {"\u2019", "'"}):
        return _SMALL_INITIAL
    return _FOREIGN if letters and char.lower()[0] not in letters else 0.0


def _may_stand(char: str, before: str, after: str) -> bool:
    """Whether a sign can be between these two neighbours (empty at the ends of the text)."""
    if char in _ANYWHERE:
        return True
    if char == "\u2019":
        return before.isalnum() and not _is_high_sign(after)
    if char in _OPENING:
        return not before.isalnum() and not _is_high_sign(before)
    if char in _CLOSING:
        return not after.isalpha() and not _is_high_sign(after)
    if char in "\u2013\u2014\u00b7":
        return before.isalnum() == after.isalnum()
    if char in _BESIDE_NUMBERS:
        return not any(side.isalpha() or _is_high_sign(side) for side in (before, after))
    return False


def _is_high_sign(char: str) -> bool:
    return char > "\x7f" and not char.isalnum() and not char.isspace()


def _is_ascii_letter(char: str) -> bool:
    return char.isascii() and char.isalpha()


@lru_cache(maxsize=8192)
def _is_latin(char: str) -> bool:
    return unicodedata.name(char, "").startswith("LATIN")


@lru_cache(maxsize=65536)
def _of_script(char: str, script: Script) -> bool:
    return unicodedata.name(char, "").startswith(_PREFIX[script])


@lru_cache(maxsize=65536)
def _is_common(char: str, page: CodePage) -> bool:
    encoding, first, last = _BIG5_COMMON if "Big5" in page.label else _COMMON[page.script]
    try:
        return first <= char.encode(encoding)[0] <= last
    except UnicodeEncodeError:
        return False
