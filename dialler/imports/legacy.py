"""Old single-country encodings: which one, when a file is not UTF-8 and does not say.

Latin text has single high bytes between ASCII letters and is read as Windows-1252, the usual one of spreadsheets
(other Latin code pages cannot be told from it by a few names; the user can name one). Other scripts have high bytes
in long runs; for them charset-normalizer is asked, with only the encodings below to choose from.
"""

from __future__ import annotations

import re

from charset_normalizer import from_bytes

__all__ = ["LegacySample"]

_KEEP = 64_000
_LETTER_RUN = re.compile(rb"[\x80-\x84\x86-\x90\x98-\x9f\xa1-\xaa\xac-\xba\xbc-\xff]+")  # not Windows-1252's quotes, dashes and blank
_HIGH_LINE = re.compile(rb"[^\r\n]*[\x80-\xff][^\r\n]*")
_LABELS = {
    "cp1251": "Cyrillic Windows-1251",
    "koi8_r": "Cyrillic KOI8-R",
    "cp866": "Cyrillic DOS 866",
    "cp1253": "Greek Windows-1253",
    "cp1255": "Hebrew Windows-1255",
    "cp1256": "Arabic Windows-1256",
    "cp874": "Thai Windows-874",
    "shift_jis": "Japanese Shift-JIS",
    "cp932": "Japanese Shift-JIS (Windows-31J)",
    "euc_jp": "Japanese EUC",
    "gb18030": "Chinese GB18030",
    "big5": "Chinese Big5",
    "cp949": "Korean Windows-949",
}
_WESTERN = ("cp1252", "Windows-1252")


class LegacySample:
    """Collects distinct lines with high bytes, a bounded amount of them, and guesses their encoding."""

    def __init__(self) -> None:
        self._lines: dict[bytes, None] = {}
        self._size = 0

    def add(self, block: bytes) -> None:
        """Look at one more block of the file."""
        if self._size >= _KEEP:
            return
        for match in _HIGH_LINE.finditer(block):
            line = re.sub(rb"[\d+]+", b"", match.group()[:1000])  # numbers say nothing about letters
            if line not in self._lines:
                self._lines[line] = None
                self._size += len(line)
                if self._size >= _KEEP:
                    return

    def guess(self) -> tuple[str, str]:
        """Python's and people's name of the most likely encoding; Windows-1252 when nothing speaks for another."""
        sample = b"\n".join(self._lines)
        runs = _LETTER_RUN.findall(sample)
        high = sum(map(len, runs))
        if not high or sum(len(run) for run in runs if len(run) >= 3) * 2 < high:
            return _WESTERN
        if all(0xE0 <= byte <= 0xFA for run in runs for byte in run):
            return "cp1255", _LABELS["cp1255"]  # the 27 Hebrew letters; every other script here uses lower codes too
        best = from_bytes(sample, cp_isolation=list(_LABELS)).best()
        return (best.encoding, _LABELS[best.encoding]) if best is not None and best.encoding in _LABELS else _WESTERN
