"""Splits a template into literals and references."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Reference", "parse"]

_REFERENCE = re.compile(r"\{\{([^{}]*)\}\}")


@dataclass(frozen=True)
class Reference:
    """`{{namespace.field|default}}`; `default` is None when none is given, `source` is the text between the braces."""

    source: str
    namespace: str
    field: str
    default: str | None


def parse(template: str) -> tuple[str | Reference, ...]:
    """The parts of a template in order; braces that form no reference stay literal text."""
    parts: list[str | Reference] = []
    end = 0
    for match in _REFERENCE.finditer(template):
        if match.start() > end:
            parts.append(template[end : match.start()])
        parts.append(_reference(match.group(1)))
        end = match.end()
    if end < len(template):
        parts.append(template[end:])
    return tuple(parts)


def _reference(source: str) -> Reference:
    path, bar, default = source.partition("|")
    namespace, _, field = path.partition(".")
    return Reference(source.strip(), namespace.strip(), field.strip(), default.strip() if bar else None)
