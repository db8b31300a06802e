"""Cursors: where the next page of a list begins, as an opaque text for whoever asked for the one before."""

from __future__ import annotations

import base64
import json
from datetime import datetime

__all__ = ["BadCursor", "make_cursor", "read_cursor", "read_moment_cursor"]


class BadCursor(ValueError):
    """The cursor is not one that a page of this list gave."""

    def __init__(self) -> None:
        super().__init__("cursor: is not one that a page of this list gave; start again without it")


def make_cursor(*parts: datetime | str | int) -> str:
    """The cursor of a position: what the list is ordered by, at the last item of the page."""
    plain = [part.isoformat() if isinstance(part, datetime) else part for part in parts]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> int:
    """The position in a list ordered by a number.

    Raises:
        BadCursor: see there.
    """
    match _parts(cursor):
        case [int(number)] if abs(number) < 2**63:
            return number
    raise BadCursor


def read_moment_cursor(cursor: str) -> tuple[datetime, str]:
    """The position in a list ordered by a moment and an id.

    Raises:
        BadCursor: see there.
    """
    match _parts(cursor):
        case [str(at), str(last)] if "\x00" not in last:  # PostgreSQL knows no NUL
            try:
                moment = datetime.fromisoformat(at)
            except ValueError:
                raise BadCursor from None
            if moment.tzinfo is not None:
                return moment, last
    raise BadCursor


def _parts(cursor: str) -> object:
    try:
        return json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        raise BadCursor from None
