"""JSON values: strict parsing, and whether a database can store them. Pure."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, NoReturn

__all__ = ["clean", "complaint_about", "parse_json"]

_DEEPEST = 32
_UNUSABLE: Final = re.compile(r"[\x00\ud800-\udfff]")  # PostgreSQL cannot store NUL, UTF-8 cannot encode lone surrogates


def complaint_about(value: object, depth: int = 0) -> str | None:
    """Why a JSON value cannot be stored in a database; None if it can."""
    match value:
        case str():
            if "\x00" in value:
                return "it contains a NUL character"
            if any("\ud800" <= ch <= "\udfff" for ch in value):
                return "it contains half of a surrogate pair, which is not a character"
        case float() if not math.isfinite(value):
            return "it contains a number that is too large"
        case dict() | list():
            if depth >= _DEEPEST:
                return f"it is nested more than {_DEEPEST} deep"
            parts = [*value, *value.values()] if isinstance(value, dict) else value
            return next((found for part in parts if (found := complaint_about(part, depth + 1))), None)
    return None


def parse_json(text: str) -> Any:
    """Parse a JSON text strictly (no NaN, no infinities, no numbers that overflow a float), and clean it.

    Raises:
        ValueError: it is not JSON, or nested too deeply.
    """
    try:
        return clean(json.loads(text, parse_constant=_refuse, parse_float=_finite))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def clean(value: Any) -> Any:
    """The value without characters that cannot be stored."""
    if isinstance(value, str):
        return _UNUSABLE.sub("\N{REPLACEMENT CHARACTER}", value) if _UNUSABLE.search(value) else value
    if isinstance(value, dict):
        return {clean(key): clean(inner) for key, inner in value.items()}
    return [clean(inner) for inner in value] if isinstance(value, list) else value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not valid JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number
