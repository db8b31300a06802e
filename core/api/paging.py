"""Cursors: where a list goes on, by what sorts it. Newer entries come before the cursor, so none is missed or repeated. Pure."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

from core.calls.refusals import FieldProblem, InvalidRequest

__all__ = ["make_cursor", "read_cursor"]


def make_cursor(at: datetime, name: str) -> str:
    """The cursor after the entry of this moment and name."""
    return base64.urlsafe_b64encode(json.dumps([at.astimezone(UTC).isoformat(), name]).encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, str]:
    """The moment and name that a cursor was made of.

    Raises:
        InvalidRequest: nobody made this one.
    """
    try:
        at, name = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        moment = datetime.fromisoformat(at)
        if not isinstance(name, str) or make_cursor(moment, name) != cursor:
            raise ValueError(cursor)
    except (ValueError, TypeError, OverflowError, RecursionError):
        detail = "it is not one that a page of this list gave: begin again without it"
        raise InvalidRequest([FieldProblem("cursor", detail, "unknown_cursor")]) from None
    return moment, name
