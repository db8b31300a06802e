"""Finds the encoding of a file in one pass over its bytes, without keeping them.

In this order: a byte order mark; NUL bytes at every second position (UTF-16 without a mark); valid UTF-8; damaged UTF-8, if it has more
valid characters than broken ones; else a legacy encoding of the campaign's country (`legacy`). Bytes that cannot be decoded become
`DAMAGED`, so that only their row is rejected.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from dialler.imports.errors import LeadFileError
from dialler.imports.kinds import refuse_binary, refuse_other_kinds
from dialler.imports.legacy import LegacySample

__all__ = ["CUT", "DAMAGED", "FileFacts", "inspect_file", "physical_lines"]

DAMAGED = "\udfff"
"""Replaces undecodable bytes in decoded text; no real text can contain it."""
CUT = "\udffe"
"""Marks the end of a line that was cut because it is too long to be a row."""

_BLOCK = 1 << 20
_LONGEST_LINE = 1_000_000
_HANDLER = "dialler-damaged"
_MARKS = (  # the longer ones first: UTF-32's begins like UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)

_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_TRAIL = r"[\u0080-\u00bf\u0152-\u0178\u017d\u017e\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"  # 80 to BF as shown in Windows-1252
_TWICE = re.compile(rf"[^\W\d_]*(?:[\u00c3\u00c2]{_TRAIL}|\u00e2\u20ac[\u0153\u2122\u009d\u201c])[^\W\d_]*")
"""UTF-8 that was read as Windows-1252 and written as UTF-8 once more."""

codecs.register_error(_HANDLER, lambda error: (DAMAGED, error.end) if isinstance(error, UnicodeDecodeError) else ("", error.end))  # type: ignore[attr-defined]


@dataclass(frozen=True)
class FileFacts:
    """The result of the pass. `encoding` is Python's name, `label` the name for people; `size` is in bytes."""

    size: int
    sha256: str
    encoding: str
    label: str
    warning: str | None = None


def inspect_file(handle: BinaryIO, encoding: str | None = None, region: str | None = None) -> FileFacts:
    """Read the whole file once and determine how to decode it.

    Args:
        handle: the file, open for reading bytes, at any position.
        encoding: the user's choice of encoding; then nothing is guessed.
        region: the country of the leads (ISO 3166), if known: its legacy encodings are tried first.

    Raises:
        LeadFileError: it is empty or not a text file, `encoding` is unknown, or no encoding fits.
    """
    handle.seek(0)
    head = handle.read(_BLOCK)
    if not head:
        raise LeadFileError("The file is empty (0 bytes).", "Export the leads again.")
    refuse_other_kinds(head)
    if encoding is not None:
        return _facts(handle, _known(encoding), f"{encoding} (as configured)")
    for mark, name, label in _MARKS:
        if head.startswith(mark):
            return _facts(handle, name, label)
    if utf16 := _utf16_without_mark(head):
        return _facts(handle, utf16, "UTF-16 without a byte order mark")
    refuse_binary(head)
    return _utf8_or_older(handle, region)


def _known(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)
    except (LookupError, ValueError) as error:
        raise LeadFileError(f"The encoding {encoding!r} is not known.", "Use for example utf-8, utf-16, cp1252 or cp1251.") from error
    return "utf-8-sig" if name == "utf-8" else name


def _blocks(handle: BinaryIO) -> Iterator[bytes]:
    handle.seek(0)
    while block := handle.read(_BLOCK):
        yield block


def _facts(handle: BinaryIO, encoding: str, label: str, warning: str | None = None) -> FileFacts:
    size, digest = 0, hashlib.sha256()
    for block in _blocks(handle):
        size += len(block)
        digest.update(block)
    return FileFacts(size, digest.hexdigest(), encoding, label, warning)


def _utf16_without_mark(head: bytes) -> str | None:
    """UTF-16 if NULs are (nearly) only at even or only at odd positions, and frequent: digits and delimiters contain one each."""
    sample = head[: 1 << 14]
    sample = sample[: len(sample) & ~1]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    most, name = (odd, "utf-16-le") if odd >= even else (even, "utf-16-be")
    often = most >= 3 and most * 10 >= len(sample) // 2
    return name if often and most >= 20 * min(even, odd) and "\n" in sample.decode(name, "replace").replace("\r", "\n") else None


def _utf8_or_older(handle: BinaryIO, region: str | None) -> FileFacts:
    size, digest, legacy = 0, hashlib.sha256(), LegacySample()
    decoder = codecs.getincrementaldecoder("utf-8")(_HANDLER)
    whole = damaged = 0
    twice: str | None = None
    for block in _blocks(handle):
        size += len(block)
        digest.update(block)
        if block.isascii() and not decoder.getstate()[0]:
            continue
        legacy.add(block)
        text = decoder.decode(block)
        twice = twice or _written_twice(text)
        bad = text.count(DAMAGED)
        damaged += bad
        whole += sum(map(len, _NOT_ASCII.findall(text))) - bad
    damaged += decoder.decode(b"", final=True).count(DAMAGED)
    if not damaged:
        return FileFacts(size, digest.hexdigest(), "utf-8", "UTF-8" if whole else "ASCII", twice)
    if whole > damaged:
        warning = f"The file is UTF-8 but broken in {damaged} place(s); the rows with broken characters are rejected."
        return FileFacts(size, digest.hexdigest(), "utf-8", "UTF-8, damaged", warning)
    guess = legacy.guess(region)
    words = f" It reads, for example: {', '.join(guess.words)}." if guess.words else ""
    warning = (
        f"The file does not declare its encoding; it was read as {guess.page.label}.{words} "
        f"If that looks wrong, save it again as CSV (UTF-8), or set `encoding` in campaign.yaml (now: {guess.page.name})."
    )
    return FileFacts(size, digest.hexdigest(), guess.page.name, guess.page.label, warning)


def _written_twice(text: str) -> str | None:
    """A warning if letters of the text were encoded twice."""
    match = _TWICE.search(text)
    return match and (
        f"Letters of the file were damaged earlier (it contains {match[0][:20]!r}), and would be spoken like that. "
        "Export it again from where the leads are kept, as CSV (UTF-8)."
    )


def physical_lines(handle: BinaryIO, encoding: str) -> Generator[str, None, None]:
    """The file's raw lines, including line ends (LF, CRLF or CR). The handle stays open.

    A line longer than a million characters is cut and marked with `CUT`, so that no line can fill the memory.
    """
    handle.seek(0)
    text = io.TextIOWrapper(handle, encoding=encoding, errors=_HANDLER, newline="")
    try:
        while line := text.readline(_LONGEST_LINE):
            if len(line) == _LONGEST_LINE and line[-1] not in "\r\n":
                while (more := text.readline(_LONGEST_LINE)) and more[-1] not in "\r\n":
                    pass
                line = line[:200] + CUT + "\n"
            yield line
    finally:
        if not handle.closed:
            text.detach()
