"""Merges the fields of a pre-fetch with the variables of the dialout. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from core.templates.lookup import normalised

__all__ = ["merged"]


def merged(
    variables: Mapping[str, Any], prefetched: Mapping[str, Any] | None, precedence: Literal["variables", "response"]
) -> dict[str, Any]:
    """The fields of `{{crm.*}}`.

    Two names are the same field if templates treat them so (`Customer Name` and `customer_name`). Of two such fields the one that
    `precedence` names wins, unless it is null or blank and the other is not. Types are kept.
    """
    if not prefetched:
        return dict(variables)
    first, second = (variables, prefetched) if precedence == "variables" else (prefetched, variables)
    says_something = {_key(name) for name, value in first.items() if not _blank(value)}
    others = {_key(name) for name, value in second.items() if not _blank(value)}
    kept = {name: value for name, value in first.items() if _key(name) in says_something or _key(name) not in others}
    taken = {_key(name) for name in kept}
    return kept | {name: value for name, value in second.items() if _key(name) not in taken}


def _key(name: str) -> str:
    return normalised(name) or name


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
