"""Problems with a template, worded for the person who wrote it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from core.templates.lookup import normalised
from core.templates.syntax import Reference, parse

__all__ = ["NAMESPACES", "ClosedFields", "Known", "OpenFields", "doubts", "problems"]


@dataclass(frozen=True)
class OpenFields:
    """A namespace in which any field may come, besides our own: a name that is nearly one of ours is a typo.

    `later` are fields of ours that are not known yet where the template is used.
    """

    ours: Collection[str]
    later: Collection[str] = ()


@dataclass(frozen=True)
class ClosedFields:
    """A namespace of which every field is known; a dot leads into those of `objects` only.

    `inner` are those of `objects` whose own fields are known, with them.
    """

    ours: Collection[str]
    objects: Collection[str] = ()
    inner: Mapping[str, ClosedFields | OpenFields] = field(default_factory=dict)


Known = Mapping[str, Collection[str] | ClosedFields | OpenFields | None]
"""The namespaces available where a template is used -> their fields; None where any field may come. In a plain collection of names, each
may be an object."""

NAMESPACES: Final[Known] = {"crm": None, "call": None, "result": None, "analysis": None}
"""The namespaces that templates know, without their fields."""

_SINGLE_BRACES = re.compile(r"(?<!\{)\{\s*(\w+\.[^{}]+?)\s*\}(?!\})")


def problems(template: Any, known: Known = NAMESPACES) -> list[str]:
    """Problems with a template, or with the templates of a key mapper; empty if there are none.

    Args:
        template: a text, or an object or list of texts at any depth.
        known: the namespaces available where the template is used, each with its fields (None: any).
    """
    if isinstance(template, Mapping):
        return [f"{key}: {problem}" for key, value in template.items() for problem in problems(value, known)]
    if isinstance(template, list | tuple):
        return [f"item {number}: {problem}" for number, value in enumerate(template, 1) for problem in problems(value, known)]
    if not isinstance(template, str):
        return []
    found: list[str] = []
    for part in parse(template):
        found += _of_reference(part, known) if isinstance(part, Reference) else _of_literal(part)
    return found


def doubts(template: Any, known: Known) -> list[str]:
    """References to fields that an open namespace does not list, each as written: they show something only if somebody else sends such a
    field. For a template without `problems`; references with a default are left out.
    """
    if isinstance(template, Mapping):
        return [found for value in template.values() for found in doubts(value, known)]
    if isinstance(template, list | tuple):
        return [found for value in template for found in doubts(value, known)]
    references = [_inside(part, known) for part in parse(template) if isinstance(part, Reference)] if isinstance(template, str) else []
    known = {**known, **_objects(known)}
    return [
        f"{reference.namespace}.{reference.field}"
        for reference in references
        if isinstance(fields := known.get(reference.namespace), OpenFields)
        and reference.default is None
        and normalised(reference.field) not in map(normalised, (*fields.ours, *fields.later))
        and normalised(reference.field.partition(".")[0]) not in map(normalised, fields.ours)
    ]


def _objects(known: Known) -> dict[str, ClosedFields | OpenFields]:
    """The objects whose fields are known, by their names with their namespaces."""
    closed = {name: fields.inner for name, fields in known.items() if isinstance(fields, ClosedFields)}
    return {f"{name}.{head}": of for name, inner in closed.items() for head, of in inner.items()}


def _inside(reference: Reference, known: Known) -> Reference:
    """The reference as one to a field of the object that it leads into, where the fields of that are known."""
    fields, (head, dot, rest) = known.get(reference.namespace), reference.field.partition(".")
    inner = fields.inner if isinstance(fields, ClosedFields) and dot else {}
    found = next((name for name in inner if normalised(name) == normalised(head)), None)
    return reference if found is None else replace(reference, namespace=f"{reference.namespace}.{found}", field=rest)


def _of_literal(text: str) -> list[str]:
    found = []
    if "{{" in text:
        found.append(f"'{_excerpt(text, text.index('{{'))}' opens with {{{{ but is not closed with }}}}")
    elif "}}" in text:
        found.append(f"'{_excerpt(text, max(text.index('}}') - 20, 0))}' closes with }}}} but was not opened with {{{{")
    found += [
        f"'{match.group(0)}' has single braces and would be read out as it stands; write {{{{{match.group(1)}}}}}"
        for match in _SINGLE_BRACES.finditer(text)
    ]
    return found


def _of_reference(reference: Reference, known: Known) -> list[str]:
    shown = f"'{{{{{reference.source}}}}}'"
    if not reference.field:
        if not reference.namespace:
            return [f"{shown} names no field; write for example {{{{crm.customer_name}}}}"]
        if reference.namespace in known:
            return [f"{shown} names no field of '{reference.namespace}'; write for example {{{{{reference.namespace}.customer_name}}}}"]
        return [f"{shown} has no namespace; did you mean {{{{crm.{reference.namespace}}}}}?"]
    if reference.namespace not in known:
        nearest = difflib.get_close_matches(reference.namespace.casefold(), list(known), n=1, cutoff=0.5)
        hint = f"; did you mean {{{{{nearest[0]}.{reference.field}}}}}?" if nearest else f"; known are: {', '.join(known)}"
        return [f"{shown} has the unknown namespace '{reference.namespace}'{hint}"]
    fields = known[reference.namespace]
    if fields is None:
        return []
    if isinstance(fields, OpenFields):
        return _of_open(reference, fields, shown)
    if not isinstance(fields, ClosedFields):
        fields = ClosedFields(fields, objects=fields)
    by_name = {normalised(field): field for field in fields.ours}
    if (inside := _inside(reference, known)) is not reference:
        return _of_reference(inside, {inside.namespace: fields.inner[inside.namespace.removeprefix(f"{reference.namespace}.")]})
    wanted, (head, dot, _) = normalised(reference.field), reference.field.partition(".")
    if wanted in by_name or (dot and by_name.get(normalised(head)) in fields.objects):
        return []
    if dot and (found := by_name.get(normalised(head))):
        return [f"{shown}: '{found}' of '{reference.namespace}' is one value, in which there is nothing to name"]
    nearest = difflib.get_close_matches(wanted, list(by_name), n=1, cutoff=0.6)
    hint = f"; did you mean {{{{{reference.namespace}.{by_name[nearest[0]]}}}}}?" if nearest else ""
    return [f"{shown}: '{reference.namespace}' has no field '{reference.field}'{hint}"]


def _of_open(reference: Reference, fields: OpenFields, shown: str) -> list[str]:
    by_name = {normalised(field): field for field in (*fields.ours, *fields.later)}
    wanted = normalised(reference.field)
    if by_name.get(wanted) in fields.later:
        return [f"{shown}: '{reference.field}' is known only once the call is over, so in a key mapper"]
    nearest = [] if wanted in by_name else difflib.get_close_matches(wanted, list(by_name), n=1, cutoff=0.85)
    return [f"{shown}: did you mean {{{{{reference.namespace}.{by_name[nearest[0]]}}}}}?"] if nearest else []


def _excerpt(text: str, start: int) -> str:
    return " ".join(text[start : start + 40].split())
