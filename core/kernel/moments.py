"""Timestamps as the API writes them. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["moment_text"]


def moment_text(at: datetime, timespec: str = "auto") -> str:
    """ISO 8601 in UTC with Z, the format of every timestamp in the API.

    Args:
        at: the time, with its offset.
        timespec: as of `datetime.isoformat`.
    """
    return at.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")
