"""Finds a file's delimiter: the one that splits its first rows most evenly and keeps phone numbers whole."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dialler.imports.errors import LeadFileError
from dialler.imports.phones import looks_like_phone
from dialler.imports.rows import Row, RowStream
from dialler.imports.values import strip_invisible

__all__ = ["DELIMITERS", "Dialect", "find_dialect", "refuse_unsplit"]

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
"""The delimiters to look for, and their names."""

_SEP_LINE = re.compile(r"\ufeff?\"?sep=(.)\"?\s*", re.IGNORECASE | re.DOTALL)
_BLANKS = r" {2,}"
_OTHER_SEPARATORS = (r"\^", "~", "\x1f", "\x01", "\u00a6", "!", ":", "/", r"\*", _BLANKS)
_DECORATION = "'\"=+ \u00a0"


@dataclass(frozen=True)
class Dialect:
    """How to split rows. `skip`: the number of lines at the top that are meant for a spreadsheet (`sep=;`)."""

    delimiter: str
    skip: int = 0

    @property
    def label(self) -> str:
        """The delimiter's name."""
        return DELIMITERS.get(self.delimiter, repr(self.delimiter))


def find_dialect(lines: Sequence[str], delimiter: str | None = None) -> Dialect:
    """The dialect of a file that begins with `lines`.

    A delimiter scores the share of rows that have the most frequent number of cells (at least two), plus the share of rows with a cell
    that looks like a phone number; in a tie, more cells win. A file of one column counts as comma.

    Args:
        lines: the first physical lines.
        delimiter: the user's choice: a character or a name from DELIMITERS; then nothing is guessed.

    Raises:
        LeadFileError: `delimiter` is neither.
    """
    skip = 0
    declared = None
    if lines and (match := _SEP_LINE.fullmatch(lines[0])):
        skip, declared = 1, match[1]
    if delimiter is not None:
        return Dialect(_named(delimiter), skip)
    if declared in DELIMITERS:
        return Dialect(str(declared), skip)
    scored = {candidate: _score([row for row in RowStream(lines[skip:], candidate) if not row.is_blank]) for candidate in DELIMITERS}
    best = max(DELIMITERS, key=lambda candidate: scored[candidate])
    return Dialect(best if scored[best][0] > 0 else ",", skip)


def refuse_unsplit(rows: Sequence[Row]) -> None:
    """Raise LeadFileError if each row is one cell that is not a number but clearly holds several values."""
    texts = [strip_invisible(row.cells[0]) for row in rows if not row.is_blank]
    if any(len(row.cells) > 1 for row in rows) or any(looks_like_phone(text.strip(_DECORATION)) for text in texts):
        return
    looked_at = [f"a row: {text[:80]}" for text in texts[:3]]
    for delimiter, name in DELIMITERS.items():
        if sum(delimiter in text for text in texts) * 10 >= len(texts) * 9:
            raise LeadFileError(
                f"Each row is one quoted cell with {name}s in it: the file was saved as CSV twice.",
                "Open it, split that column (Text to Columns), and save it as CSV (UTF-8); or export the leads again.",
                looked_at,
            )
    for separator in _OTHER_SEPARATORS:
        counts = Counter(len(re.findall(separator, text)) for text in texts)
        usual, rows_of_it = max(((count, number) for count, number in counts.items() if count), key=lambda item: item[1], default=(0, 0))
        if usual and rows_of_it * 10 >= len(texts) * 9:
            if separator == _BLANKS:
                advice = "Export the leads with commas between the columns."
                raise LeadFileError("The columns of the file are aligned with blanks, not separated.", advice, looked_at)
            shown = re.search(separator, texts[0])
            raise LeadFileError(
                "The columns of the file are separated by none of comma, semicolon, tab and pipe.",
                f"Put the delimiter into campaign.yaml, as in `delimiter: {json.dumps(shown[0] if shown else separator)}`.",
                looked_at,
            )


def _named(delimiter: str) -> str:
    names = {name: character for character, name in DELIMITERS.items()}
    found = names.get(delimiter.lower(), delimiter)
    if len(found) != 1 or found in '"\r\n':
        raise LeadFileError(f"The delimiter {delimiter!r} is not one character.", f"Use one of {', '.join(names)}.")
    return found


def _score(rows: Sequence[Row]) -> tuple[float, int]:
    widths = Counter(len(row.cells) for row in rows if row.problem is None)
    widest = max(((count, width) for width, count in widths.items() if width > 1), default=(0, 0))
    if not widest[0]:
        return 0.0, 0
    phones = sum(any(looks_like_phone(strip_invisible(cell).strip(_DECORATION)) for cell in row.cells) for row in rows)
    return (widest[0] + phones) / len(rows), widest[1]
