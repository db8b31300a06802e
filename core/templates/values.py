"""Converts a value to text. The integration guide: all values are stringified, nested objects are JSON-encoded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

__all__ = ["stringify", "stringify_fields"]


def stringify(value: object) -> str:
    """The text of a value.

    None is "", booleans are "true" and "false", numbers keep every digit (the shortest text that reads back as the same
    number), dates and times are ISO 8601, objects and lists are JSON with their characters as they are.

    Raises:
        TypeError: for a value that JSON cannot represent either.
    """
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case Decimal() | UUID():
            return str(value)
        case date() | datetime() | time():
            return value.isoformat()
        case Mapping() | list() | tuple():
            return json.dumps(value, ensure_ascii=False, default=_inside_json)
        case _:
            raise TypeError(f"a value of type {type(value).__name__} cannot be used in a template; use text, a number, a list or an object")


def stringify_fields(fields: Mapping[str, object]) -> dict[str, str]:
    """Every value of a mapping as text: `{{crm.*}}` shows the `variables` of a dialout this way."""
    return {name: stringify(value) for name, value in fields.items()}


def _inside_json(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return stringify(value)
