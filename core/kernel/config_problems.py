"""Configuration problems, worded for the person who wrote it: where, what is wrong, what to do.

`problems_of` translates pydantic's errors for a model; it serves files and API requests alike.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

__all__ = ["ConfigError", "ConfigProblem", "KeyPath", "key_text", "problems_of"]

KeyPath = tuple[str | int, ...]
"""Path of a value: keys, and list positions from 0."""


@dataclass(frozen=True)
class ConfigProblem:
    """One problem: the file, its line (from 1; None if there is none), the key, the problem, the advice."""

    file: str
    line: int | None
    key: str
    problem: str
    advice: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        what = f"{self.key}: {self.problem}" if self.key else self.problem
        return f"{where}: {what}. {self.advice}".rstrip()


class ConfigError(Exception):
    """Configuration that cannot be used. `problems` lists every problem, in the order of the file."""

    def __init__(self, problems: Iterable[ConfigProblem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.file, problem.line or 0))
        super().__init__("\n".join(map(str, self.problems)))


def key_text(path: KeyPath) -> str:
    """A path as people write it: `exceptions[2].windows[1].start`, lists counted from 1."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def problems_of(error: ValidationError, model: type[BaseModel], file: str, line_of: Callable[[KeyPath], int | None]) -> list[ConfigProblem]:
    """Every problem that pydantic found.

    Args:
        error: pydantic's error for `model`.
        model: the model that failed to validate.
        file: the name of the file, for the problems.
        line_of: maps a path to its line, or to that of the nearest key above it in the file.
    """
    found: dict[tuple[str, str], ConfigProblem] = {}
    for details in error.errors(include_url=False):
        path, fields, field = _locate(model, details["loc"])
        if details["type"] == "union_tag_invalid":  # our unions are discriminated by `kind`
            path = (*path, "kind")
        problem, advice = _words(details, path, fields, field)
        found.setdefault((key_text(path), problem), ConfigProblem(file, line_of(path), key_text(path), problem, advice))
    return list(found.values())


def _locate(model: type[BaseModel], loc: tuple[str | int, ...]) -> tuple[KeyPath, Mapping[str, FieldInfo], FieldInfo | None]:
    """The path of an error without pydantic's own markers, the fields of the model there, and the field itself if it exists."""
    here: Any = model
    fields: Mapping[str, FieldInfo] = _keys_of(model)
    field: FieldInfo | None = None
    path: list[str | int] = []
    for part in loc:
        inner = _model_in(here)
        if inner is not None:
            fields, field = _keys_of(inner), None
            path.append(part)
            if part not in fields:
                break
            field = fields[str(part)]
            here = field.annotation
        elif (chosen := _tagged(here, part)) is not None:
            here = chosen
        elif isinstance(part, int) or get_origin(_plain(here)) is dict:
            path.append(part)
            here = (get_args(_plain(here)) or (Any,))[-1 if isinstance(part, str) else 0]
    return tuple(path), fields, field


def _plain(annotation: Any) -> Any:
    """The annotation without Annotated and None."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        choices = [choice for choice in get_args(annotation) if choice is not type(None)]
        return _plain(choices[0]) if len(choices) == 1 else annotation
    return annotation


def _tagged(annotation: Any, tag: str | int) -> Any:
    """The member of a union that pydantic calls `tag`; None if there is none."""
    for choice in get_args(_plain(annotation)):
        if get_origin(choice) is Annotated and any(isinstance(mark, Tag) and mark.tag == tag for mark in get_args(choice)):
            return choice
    return None


def _keys_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields by the names that people write."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    plain = _plain(annotation)
    return plain if isinstance(plain, type) and issubclass(plain, BaseModel) else None


_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "string": "a text: put it in quotes",
    "bool": "true or false",
    "dict": "a group of keys, each with its value",
    "model": "a group of keys, each with its value",
    "list": "a list",
    "tuple": "a list",
    "date": "a date, such as 2026-12-25",
}
_BOUNDS = {"greater_than": "above", "greater_than_equal": "at least", "less_than": "below", "less_than_equal": "at most"}
_BOUND_NAMES = {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}


def _words(details: ErrorDetails, path: KeyPath, fields: Mapping[str, FieldInfo], field: FieldInfo | None) -> tuple[str, str]:
    """The problem and the advice."""
    kind, context = details["type"], details.get("ctx", {})
    about = field.description if field is not None and field.description else ""
    stem = kind.removesuffix("_type").removesuffix("_parsing").removesuffix("_from_date").removesuffix("_from_datetime")
    if kind == "extra_forbidden":
        return "there is no such key", _suggestion(str(path[-1]), fields)
    if kind == "missing":
        return "it is missing", about or "Write it."
    if kind == "union_tag_invalid":
        kinds = str(context.get("expected_tags", ""))
        return f"it must be {' or '.join(kinds.split(', '))}", _nearest(context.get("tag"), kinds.replace("'", "").split(", "))
    if kind == "union_tag_not_found":
        return f"it must be {_TYPES['model']}", about
    if kind == "literal_error":
        choices = _choices(field)
        return f"it must be {context.get('expected', 'something else')}", _nearest(details.get("input"), choices)
    if kind == "value_error":
        text = str(context.get("error", details["msg"]))
        return text.rstrip("."), ""  # our own validators say what to do
    if kind in _BOUNDS:
        return f"it must be {_BOUNDS[kind]} {context[_BOUND_NAMES[kind]]:g}", about
    if kind in ("too_short", "string_too_short", "too_long", "string_too_long"):
        return f"it is {'empty or ' if 'short' in kind else ''}{kind.removeprefix('string_').replace('_', ' ')}", about
    if kind == "string_pattern_mismatch":
        return "it does not have the right form", about
    if stem in _TYPES:
        return f"it must be {_TYPES[stem]}", about
    return details["msg"][:1].lower() + details["msg"][1:], about


def _choices(field: FieldInfo | None) -> list[str]:
    plain = _plain(field.annotation) if field is not None else None
    return [str(choice) for choice in get_args(plain)] if get_origin(plain) is Literal else []


def _nearest(written: object, choices: list[str]) -> str:
    near = difflib.get_close_matches(str(written).lower(), choices, n=1)
    return f"Did you mean {near[0]}?" if near else ""


def _suggestion(written: str, fields: Mapping[str, FieldInfo]) -> str:
    known = list(fields)
    wanted = written.lower().replace("-", "_").replace(" ", "_")
    near = difflib.get_close_matches(wanted, known, n=1, cutoff=0.6) or [
        key for key in known if wanted in key.split("_") or key in wanted.split("_")
    ]
    return f"Did you mean {near[0]}?" if near else f"Known keys here: {', '.join(known)}."
