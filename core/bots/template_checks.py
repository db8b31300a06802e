"""The templates of a bot: what is wrong with them, and which variables of a lead they need."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from core.bots.loading import Complaint
from core.calls.result import CallResult
from core.kernel.config_problems import KeyPath
from core.templates import problems, render
from core.templates.fields import CALL_FIELDS, CALL_FIELDS_AT_THE_END
from core.templates.problems import Known, OpenFields

__all__ = ["missing_variables", "template_complaints"]

_TALKING: Known = {"crm": None, "call": OpenFields(CALL_FIELDS, later=CALL_FIELDS_AT_THE_END)}
_LINES: Known = {**_TALKING, "lead": None}
_OVER: Known = {
    "crm": None,
    "call": OpenFields((*CALL_FIELDS, *CALL_FIELDS_AT_THE_END)),
    "result": tuple(CallResult.model_fields),
    "analysis": None,
}
_PLACES: tuple[tuple[KeyPath, Known], ...] = (
    (("system_prompt",), _TALKING),
    (("opening_message",), _TALKING),
    (("voicemail_message",), _TALKING),
    (("silence", "lines"), _TALKING),
    (("silence", "goodbye"), _TALKING),
    (("desk", "hold_lines"), _TALKING),
    (("desk", "nobody_line"), _TALKING),
    (("brain", "lines"), _LINES),
    (("brain", "questions"), _LINES),
    (("prefetch", "url"), _TALKING),
    (("prefetch", "headers"), _TALKING),
    (("prefetch", "body"), _TALKING),
    (("post_call_push", "key_mapper"), _OVER),
)
"""Where templates stand, and the namespaces that are filled there."""
_CALLED: Known = {**_TALKING, "arguments": None}
_TOOL_PLACES: tuple[tuple[str, Known], ...] = (("url", _CALLED), ("headers", _CALLED), ("body", _CALLED), ("say", _TALKING))
"""The same within each tool of the brain."""


def template_complaints(data: Mapping[str, Any]) -> list[Complaint]:
    """What is wrong with the templates of a bot's configuration, whose other keys may be wrong as well."""
    return [
        (path, problem.rstrip("."), "Templates are explained in docs/templates.md.")
        for path, text, known in _templates(data)
        for problem in problems(text, known)
    ]


def missing_variables(data: Mapping[str, Any], variables: Collection[str]) -> dict[str, list[str]]:
    """Variables of a lead that templates need and the lead file has not: each with the keys that use it.

    A reference with a default (`{{crm.name|there}}`) needs none. Of a bot with a pre-fetch only what that request itself
    needs is known: everything else may come with its answer.
    """
    prefetches = isinstance(data.get("prefetch"), Mapping)
    filled = {"crm": dict.fromkeys(variables, "x")}
    found: dict[str, list[str]] = {}
    for path, text, _ in _templates(data):
        if prefetches and path[0] != "prefetch":
            continue
        for missing in render(text, filled).missing:
            namespace, _, name = missing.partition(".")
            if namespace == "crm" and name:
                places = found.setdefault(name, [])
                if (place := ".".join(map(str, path[:2]))) not in places:
                    places.append(place)
    return found


def _templates(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str, Known]]:
    for path, known in _PLACES:
        value: Any = data
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        yield from ((where, text, known) for where, text in _texts(value, path))
    yield from _of_tools(data.get("brain"))


def _of_tools(brain: Any) -> Iterator[tuple[KeyPath, str, Known]]:
    tools = brain.get("tools") if isinstance(brain, Mapping) else None
    for number, tool in enumerate(tools if isinstance(tools, list) else []):
        for key, known in _TOOL_PLACES if isinstance(tool, Mapping) else ():
            yield from ((where, text, known) for where, text in _texts(tool.get(key), ("brain", "tools", number, key)))


def _texts(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _texts(inner, (*path, number))
