"""The self-contained JSON schema of a model, for an OpenAPI document, where references inside a schema do not resolve."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

__all__ = ["schema_of"]


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of the model's input, with every reference replaced by its target.

    The model must not be recursive.
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
