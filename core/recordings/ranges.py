"""The part of a file that a request asks for (RFC 9110, section 14). Pure."""

from __future__ import annotations

import re

__all__ = ["RangeNotSatisfiable", "parse_range"]

_ONE = re.compile(r"bytes[ \t]*=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE | re.ASCII)


class RangeNotSatisfiable(Exception):
    """The part begins beyond the end of the file."""


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First byte (included) and end (excluded) of the requested part of a file of `size` bytes; None: the whole file.

    Anything but a single byte range is ignored, as the standard allows: the reply is then the whole file.

    Raises:
        RangeNotSatisfiable: see there.
    """
    match = _ONE.fullmatch(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:  # the last N bytes
        start, stop = max(size - int(last), 0), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < int(first):
            return None
    if start >= size:
        raise RangeNotSatisfiable(f"the file has {size} bytes")
    return start, stop
