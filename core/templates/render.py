"""Fills values into templates. Values are data: one that looks like a template is left unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.templates.lookup import MISSING, find
from core.templates.syntax import Reference, parse
from core.templates.values import stringify

__all__ = ["Namespaces", "Rendered", "render", "render_mapping"]

Namespaces = Mapping[str, Mapping[str, Any]]
"""Name of a namespace (`crm`, `call`, `result`, `analysis`) -> its fields."""


@dataclass(frozen=True)
class Rendered:
    """A rendered text. `missing`: references to fields that do not exist; `empty`: to fields without content; both as `namespace.field`,
    in order, only if no default applied."""

    text: str
    missing: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every reference had a value."""
        return not self.missing and not self.empty


def render(template: str, namespaces: Namespaces) -> Rendered:
    """The template with its references replaced by the text of their values.

    A missing or empty field is replaced by its default, or by nothing. Literal text is never changed.

    Raises:
        TypeError: if a value cannot be shown as text.
    """
    texts: list[str] = []
    missing: list[str] = []
    empty: list[str] = []
    for part in parse(template):
        if isinstance(part, str):
            texts.append(part)
            continue
        value = _value(part, namespaces)
        text = "" if value is MISSING else stringify(value)
        if not text.strip():
            if part.default is not None:
                text = part.default
            else:
                (missing if value is MISSING else empty).append(f"{part.namespace}.{part.field}")
        texts.append(text)
    return Rendered("".join(texts), tuple(missing), tuple(empty))


def render_mapping(mapper: Any, namespaces: Namespaces) -> Any:
    """A key mapper with its templates replaced, in the same shape.

    Objects and lists are walked; keys and anything that is not text are left unchanged. A text that is one single reference
    keeps the type of its value (a number stays a number, an object stays an object); a missing field gives "".

    Raises:
        TypeError: if a value inside a longer text cannot be shown as text.
    """
    if isinstance(mapper, Mapping):
        return {key: render_mapping(value, namespaces) for key, value in mapper.items()}
    if isinstance(mapper, list | tuple):
        return [render_mapping(value, namespaces) for value in mapper]
    if not isinstance(mapper, str):
        return mapper
    parts = parse(mapper)
    if len(parts) == 1 and isinstance(parts[0], Reference):
        value = _value(parts[0], namespaces)
        if value is not MISSING and not (isinstance(value, str) or value is None):
            return value
        if value is None and parts[0].default is None:
            return None
    return render(mapper, namespaces).text


def _value(reference: Reference, namespaces: Namespaces) -> Any:
    fields = namespaces.get(reference.namespace)
    if fields is None or not reference.field:
        return MISSING
    return find(fields, reference.field)
