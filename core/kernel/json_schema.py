"""The JSON schema of a model in one piece, for an OpenAPI document: there, references into the schema itself lead nowhere."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

__all__ = ["schema_of"]


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of what the model takes, with every reference replaced by what it refers to.

    The model must not contain itself.
    """
    schema = model.model_json_schema()
    found: dict[str, Any] = _inlined(schema, schema.pop("$defs", {}))
    return found


def _inlined(part: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [_inlined(item, definitions) for item in part]
    if not isinstance(part, dict):
        return part
    if isinstance(reference := part.get("$ref"), str) and reference.startswith("#/$defs/"):
        beside = {key: value for key, value in part.items() if key != "$ref"}
        return _inlined(definitions[reference.removeprefix("#/$defs/")], definitions) | _inlined(beside, definitions)
    return {key: _inlined(value, definitions) for key, value in part.items() if key != "discriminator" or not isinstance(value, dict)}
