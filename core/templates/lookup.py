"""Finds a field by its name, tolerant of how exports write headers."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = ["MISSING", "find", "normalised"]


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final[Any] = _Missing()
"""Returned by `find` if there is no such field; None is a value."""


def normalised(name: str) -> str:
    """A name reduced to its letters, marks and digits, ignoring case: `Customer-Name` and `customer name` are the same."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in folded if unicodedata.category(c)[0] in "LMN")


def find(fields: Mapping[str, Any], name: str) -> Any:
    """The value of the field called `name`, else MISSING.

    In this order: a field of exactly that name; the first whose normalised name is the same; then, for names with dots, a path into
    objects and lists (`answers.q1`, `items.0.price`).
    """
    if name in fields:
        return fields[name]
    if wanted := normalised(name):
        for key, value in fields.items():
            if normalised(str(key)) == wanted:
                return value
    head, dot, tail = name.rpartition(".")
    while dot:
        inner = find(fields, head) if head else MISSING
        if isinstance(inner, Mapping):
            return find(inner, tail)
        if isinstance(inner, Sequence) and not isinstance(inner, str):
            return _item(inner, tail)
        head, dot, more = head.rpartition(".")
        tail = f"{more}.{tail}"
    return MISSING


def _item(items: Sequence[Any], path: str) -> Any:
    index, dot, rest = path.partition(".")
    if not (index.isascii() and index.isdigit()) or int(index) >= len(items):
        return MISSING
    item = items[int(index)]
    if not dot:
        return item
    if isinstance(item, Mapping):
        return find(item, rest)
    return MISSING
