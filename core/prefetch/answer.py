"""Reads the fields from a CRM's reply. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from core.kernel.json_values import complaint_about, parse_json
from core.templates.lookup import MISSING, find

__all__ = ["NoFields", "fields_in"]

_MOST_FIELDS: Final = 500


class NoFields(ValueError):
    """The reply has no usable fields; the text says why, without any value from it."""


def fields_in(text: str, path: str) -> dict[str, Any]:
    """The object in a JSON text at `path` (`data.customer`, `items.0`; empty for the whole).

    Raises:
        NoFields: see there.
    """
    try:
        document = parse_json(text)
    except ValueError as error:
        raise NoFields("the answer is not JSON") from error
    found = find({"answer": document}, f"answer.{path}") if path else document
    if found is MISSING or found is None:
        raise NoFields(f"the answer has nothing at {path}" if path else "the answer is null")
    if not isinstance(found, dict):
        kind = "a list" if isinstance(found, Sequence) and not isinstance(found, str) else "a single value"
        raise NoFields(f"the answer has {kind} {f'at {path} ' if path else ''}where an object with fields is needed")
    if len(found) > _MOST_FIELDS:
        raise NoFields(f"the answer has more than {_MOST_FIELDS} fields")
    if (complaint := complaint_about(found)) is not None:
        raise NoFields(f"the answer cannot be kept: {complaint}")
    return found
