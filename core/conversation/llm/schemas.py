"""Checks values against JSON schemas (draft 2020-12), worded for the model or the person who has to fix them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

__all__ = ["schema_problems"]

_MOST: Final = 10
_LONGEST: Final = 300
_NOTHING_REMOTE: Final[Registry[Any]] = Registry()  # by default the library would fetch references over the network


def schema_problems(value: Any, schema: Mapping[str, Any]) -> list[str]:
    """Problems with a value, at most ten; empty if it fits the schema."""
    validator = Draft202012Validator(schema, registry=_NOTHING_REMOTE, format_checker=Draft202012Validator.FORMAT_CHECKER)
    try:
        errors = sorted(validator.iter_errors(value), key=lambda error: [str(part) for part in error.absolute_path])
    except Unresolvable as error:
        return [f"the schema refers to something that it does not hold: {error}"]
    return [_words(error) for error in errors[:_MOST]]


def _words(error: ValidationError) -> str:
    where = ".".join(map(str, error.absolute_path))
    message = error.message if len(error.message) <= _LONGEST else f"{error.message[:_LONGEST]}…"
    return f"{where}: {message}" if where else message
