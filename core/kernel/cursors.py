"""Page cursors: an opaque text that says where the next page of a list begins."""

from __future__ import annotations

import base64
import json
from datetime import datetime

__all__ = ["BadCursor", "make_cursor", "read_cursor", "read_moment_cursor"]


class BadCursor(ValueError):
    """The cursor does not come from a page of this list."""

    def __init__(self) -> None:
        super().__init__("cursor: is not one that a page of this list gave; start again without it")


def make_cursor(*parts: datetime | str | int) -> str:
    """The cursor of a position: the sort key of the last item on the page."""
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
    """The position in a list ordered by a timestamp and an id.

    Raises:
        BadCursor: see there.
    """
    match _parts(cursor):
        case [str(at), str(last)] if "\x00" not in last:  # PostgreSQL cannot store NUL
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
