"""Checks of a bot's brain, tools and analysis that a schema cannot express. Work on raw JSON configuration, valid or not."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from core.bots.analysis_config import AnalysisConfig
from core.bots.brain_config import SCENARIOS
from core.bots.request_checks import IN_THE_OPEN, is_reference, of_headers, of_templated_url, of_url
from core.kernel.config_problems import KeyPath

__all__ = ["BUILT_IN_TOOLS", "brain_complaints", "scenario_complaints"]

BUILT_IN_TOOLS: Final = (
    "end_call",
    "transfer_call",
    "detected_voicemail",
    "schedule_callback",
    "do_not_call",
    "wants_person",
    "person_confirmed",
)
"""Tools that every bot with a model has."""

Complaint = tuple[KeyPath, str, str]

_DEFAULT: Final = AnalysisConfig().model_dump(mode="json")
_EARLIER: Final = copy.deepcopy(_DEFAULT)
del _EARLIER["schema"]["properties"]["wants_person"]
"""The defaults of bots stored before this field became required."""


def brain_complaints(data: Mapping[str, Any]) -> list[Complaint]:
    """Problems with the brain: invalid URLs, plaintext credentials, duplicate tool names, invalid schemas."""
    brain = data.get("brain")
    brain = brain if isinstance(brain, Mapping) else {}
    return [*_of_analysis(data, is_llm=brain.get("kind") == "llm"), *_of_endpoints(brain), *_of_tools(brain)]


def scenario_complaints(data: Mapping[str, Any]) -> Iterator[Complaint]:
    """Problem if a rules bot names no scenario: nobody must be reminded of a debt by mistake.

    Checked only on new configurations: bots that an earlier version stored without a scenario keep working.
    """
    brain = data.get("brain")
    if brain is not None and not isinstance(brain, Mapping):
        return  # a wrong type is reported elsewhere
    if brain and (brain.get("kind", "rules") != "rules" or brain.get("scenario") is not None):
        return
    choices = "; ".join(f"`scenario: {name}` {phrase}" for name, phrase in SCENARIOS.items())
    yield (
        ("brain", "scenario"),
        "it is missing: the bot must know what to talk about",
        f"Write under `brain:` one of these: {choices}. Or let a model talk, with `kind: llm`.",
    )


def _of_analysis(data: Mapping[str, Any], *, is_llm: bool) -> Iterator[Complaint]:
    for name in ("analysis", "quality"):
        part = data.get(name)
        if part is None or (not is_llm and part in (_DEFAULT, _EARLIER)):  # an exported bot may list its defaults
            continue
        if not is_llm:
            yield (name,), "the rules brain makes its own analysis", "Take it out, or use a brain of `kind: llm`."
        elif isinstance(part, Mapping) and "schema" in part:
            yield from _schema((name, "schema"), part["schema"])


def _of_endpoints(brain: Mapping[str, Any]) -> Iterator[Complaint]:
    for path, endpoint in ((("brain",), brain), (("brain", "fallback"), brain.get("fallback"))):
        if not isinstance(endpoint, Mapping):
            continue
        if isinstance(url := endpoint.get("base_url"), str):
            yield from of_url((*path, "base_url"), url)
            if url.rstrip("/").endswith("/chat/completions"):
                yield (*path, "base_url"), "the path of the chat request is added to it", "Leave /chat/completions out."
        key = endpoint.get("key")
        if isinstance(key, str) and key and not is_reference(key):
            yield (*path, "key"), *IN_THE_OPEN


def _of_tools(brain: Mapping[str, Any]) -> Iterator[Complaint]:
    tools = brain.get("tools")
    seen: set[str] = set()
    for number, tool in enumerate(tools if isinstance(tools, list) else []):
        if not isinstance(tool, Mapping):
            continue
        path: KeyPath = ("brain", "tools", number)
        name = tool.get("name")
        if isinstance(name, str):
            if name in BUILT_IN_TOOLS or name in seen:
                yield (*path, "name"), f"there is a tool {name} already", "Give it another name."
            seen.add(name)
        if isinstance(url := tool.get("url"), str):
            yield from of_templated_url((*path, "url"), url)
        if isinstance(headers := tool.get("headers"), Mapping):
            yield from of_headers((*path, "headers"), headers)
        if "arguments" in tool:
            yield from _schema((*path, "arguments"), tool["arguments"])


def _schema(path: KeyPath, schema: Any) -> Iterator[Complaint]:
    if not isinstance(schema, Mapping):
        return  # a wrong type is reported elsewhere
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        where = ".".join(map(str, error.absolute_path))
        yield path, f"it is not a JSON schema{f' at {where}' if where else ''}: {error.message}", "See json-schema.org, draft 2020-12."
        return
    if schema.get("type") != "object":
        yield path, "it does not describe an object", "Begin it with `type: object`."
    for reference in _references(schema):
        if not reference.startswith("#"):
            yield path, f"it refers to another document ({reference})", "Put that into the schema itself, under `$defs`."


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in ("$ref", "$dynamicRef") and isinstance(inner, str):
                yield inner
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
