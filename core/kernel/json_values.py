"""What a database can keep of a JSON value. Pure."""

from __future__ import annotations

import math

__all__ = ["complaint_about"]

_DEEPEST = 32


def complaint_about(value: object, depth: int = 0) -> str | None:
    """Why a JSON value cannot be kept in a database; None if it can."""
    match value:
        case str():
            if "\x00" in value:
                return "it has a NUL character in it"
            if any("\ud800" <= ch <= "\udfff" for ch in value):
                return "it has half of a surrogate pair in it, which is not a character"
        case float() if not math.isfinite(value):
            return "it has a number in it that is too large"
        case dict() | list():
            if depth >= _DEEPEST:
                return f"it is nested more than {_DEEPEST} deep"
            parts = [*value, *value.values()] if isinstance(value, dict) else value
            return next((found for part in parts if (found := complaint_about(part, depth + 1))), None)
    return None
