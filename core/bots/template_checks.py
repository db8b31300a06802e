"""Checks the templates of a bot: problems with them, and which variables of a lead they need."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from core.bots.loading import Complaint
from core.bots.private_fields import private_in_the_open
from core.bots.sample_crm import SAMPLE_CRM
from core.contracts.call_result import CallResult
from core.contracts.dispositions import RULES_ANALYSIS
from core.kernel.config_problems import KeyPath
from core.templates import problems, render
from core.templates.fields import CALL_FIELDS, CALL_FIELDS_AT_THE_END
from core.templates.problems import ClosedFields, Known, OpenFields, doubts
from core.templates.syntax import Reference, parse

__all__ = ["doubtful_fields", "missing_variables", "stands_in_an_address", "template_complaints", "warnings_about"]

_TALKING: Final[Known] = {"crm": None, "call": OpenFields(CALL_FIELDS, later=CALL_FIELDS_AT_THE_END)}
_LINES: Final[Known] = {**_TALKING, "lead": None}
_CALLED: Final[Known] = {**_TALKING, "arguments": None}
_OVER: Final[Known] = {"crm": None, "call": OpenFields((*CALL_FIELDS, *CALL_FIELDS_AT_THE_END))}
_RESULT: Final = ClosedFields(
    tuple(CallResult.model_fields), objects=("post_call_analysis", "variables", "connected_event", "prefetched", "transcript")
)
_BY_RULES: Final = ClosedFields(RULES_ANALYSIS, objects=("answers", "questions"))
"""The fields of an analysis by the rules brain."""
_OF_ANY_MODEL: Final = (
    "DISPOSITION", "SUB_DISPOSITION", "CALLING_REMARKS", "callback_requested", "callback_at", "callback_preferred_time_text",
    "do_not_call", "wants_person", "quality", "analysis_valid", "analysis_errors", "analysis_raw",
)  # fmt: skip
"""What a model's analysis can have besides the fields of the bot's own schema."""
_PLACES: Final[tuple[tuple[KeyPath, Known], ...]] = (
    (("system_prompt",), _TALKING),
    (("opening_message",), _TALKING),
    (("voicemail_message",), _TALKING),
    (("first_words", "texts"), _TALKING),
    (("silence", "lines"), _TALKING),
    (("silence", "goodbye"), _TALKING),
    (("desk", "hold_lines"), _TALKING),
    (("desk", "nobody_line"), _TALKING),
    (("brain", "lines"), _LINES),
    (("brain", "questions"), _LINES),
    (("prefetch", "url"), _TALKING),
    (("prefetch", "headers"), _TALKING),
    (("prefetch", "body"), _TALKING),
)
"""Where templates may be used, and the namespaces available there."""
_PLACES_AT_THE_END: Final[tuple[KeyPath, ...]] = (
    ("post_call_push", "key_mapper"),
    ("post_call_push", "url"),
    ("results_webhook", "url"),
)
"""Where templates are filled from the result of the call."""
_TOOL_PLACES: Final[tuple[tuple[str, Known], ...]] = (("url", _CALLED), ("headers", _CALLED), ("body", _CALLED), ("say", _TALKING))
"""The same within each tool of the brain."""
_NOT_OURS: Final = frozenset({"schema", "arguments", "options"})
"""Keys whose values are a language of their own, in which braces may mean anything."""
_ADDRESSES: Final = ("prefetch.url", "post_call_push.url", "results_webhook.url")


def template_complaints(data: Mapping[str, Any]) -> list[Complaint]:
    """Problems with the templates of a bot's configuration, whose other keys may also be wrong."""
    filled = list(_templates(data))
    places = {path for path, _, _ in filled}
    return [
        *(
            (path, problem.rstrip("."), "Templates are explained in docs/templates.md.")
            for path, text, known in filled
            for problem in problems(text, known)
        ),
        *_unfilled(data, (), places),
    ]


def doubtful_fields(data: Mapping[str, Any]) -> list[str]:
    """Sentences about fields that templates use and that only others can send: the `connected` message of a WebSocket call, or a model."""
    found: dict[str, list[str]] = {}
    for path, text, known in _templates(data):
        for name in doubts(text, known):
            places = found.setdefault(name, [])
            if (place := _place(path)) not in places:
                places.append(place)
    return [
        f"{' and '.join(places)} use {{{{{name}}}}}, which "
        + (
            "is no field of a call: it is empty unless the connected message of a WebSocket call has it. "
            f"Fields of a call are {', '.join((*CALL_FIELDS, *CALL_FIELDS_AT_THE_END))}."
            if name.startswith("call.")
            else "the bot's analysis.schema does not name: it is empty unless the model returns it anyway."
        )
        for name, places in found.items()
    ]


def warnings_about(data: Mapping[str, Any]) -> list[str]:
    """Sentences about what a bot's templates may lack, or would say to others than the person."""
    return [*doubtful_fields(data), *private_in_the_open(data)]


def missing_variables(data: Mapping[str, Any], variables: Collection[str]) -> dict[str, list[str]]:
    """Variables that templates need and the lead file lacks, each with the keys that use it.

    A reference with a default (`{{crm.name|there}}`) needs none. For a bot with a pre-fetch only the variables of that request are known to
    be needed: the rest may come with its answer.
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
                if (place := _place(path)) not in places:
                    places.append(place)
    return found


def stands_in_an_address(places: Collection[str]) -> bool:
    """Whether one of these keys, as returned by `missing_variables`, is the URL of a request."""
    return any(place in _ADDRESSES for place in places)


def _place(path: KeyPath) -> str:
    return ".".join(map(str, path[:2]))


def _templates(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str, Known]]:
    analysis = _analysis_of(data)
    over: Known = {**_OVER, "analysis": analysis, "result": replace(_RESULT, inner={"post_call_analysis": analysis})}
    for path, known in (*_PLACES, *((place, over) for place in _PLACES_AT_THE_END)):
        value: Any = data
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value != SAMPLE_CRM:
            yield from ((where, text, known) for where, text in _texts(value, path))
    yield from _of_tools(data.get("brain"))


def _analysis_of(data: Mapping[str, Any]) -> ClosedFields | OpenFields:
    """The fields of the bot's `post_call_analysis`: known for the rules brain, open for a model."""
    brain, analysis = data.get("brain"), data.get("analysis")
    if not isinstance(brain, Mapping) or brain.get("kind", "rules") == "rules":
        return _BY_RULES
    schema = analysis.get("schema") if isinstance(analysis, Mapping) else None
    named = schema.get("properties") if isinstance(schema, Mapping) else None
    own = [str(name) for name in named] if isinstance(named, Mapping) else ["wrong_number"]
    return OpenFields(tuple(dict.fromkeys((*_OF_ANY_MODEL, *own))))


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


def _unfilled(value: Any, path: KeyPath, filled: Collection[KeyPath]) -> Iterator[Complaint]:
    """References in keys that take no templates: they would be sent, dialled or spoken unchanged."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if _refers(key):
                yield (*path, str(key)), "a name contains a template, but names are sent unchanged", "Write the name out."
            if str(key) not in _NOT_OURS:
                yield from _unfilled(inner, (*path, str(key)), filled)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _unfilled(inner, (*path, number), filled)
    elif _refers(value) and path not in filled:
        yield (
            path,
            "templates are not filled in here, and {{ }} would stay unchanged",
            "docs/templates.md says where templates are allowed.",
        )


def _refers(value: Any) -> bool:
    return isinstance(value, str) and any(isinstance(part, Reference) for part in parse(value))
