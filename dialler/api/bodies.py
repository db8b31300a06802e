"""JSON bodies of the dialler's endpoints: reports every problem at once, and describes the bodies in the OpenAPI document."""

from __future__ import annotations

import json
from typing import Any, Final, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.exceptions import HTTPException

from core.kernel.config_problems import ConfigError, problems_of
from core.kernel.json_schema import schema_of
from core.kernel.json_values import complaint_about
from dialler.api.shared import bad_fields, fields_of

__all__ = ["StrictBody", "body_schema", "read_model", "read_object"]

M = TypeVar("M", bound=BaseModel)

_MOST_BYTES: Final = 1_000_000


class StrictBody(BaseModel):
    """A body that refuses unknown keys: a misspelt one is an error that suggests the right one."""

    model_config = ConfigDict(extra="forbid")


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object in a body; empty if there is no body. 413 or 422 if it cannot be used."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > _MOST_BYTES:
            raise HTTPException(413, f"The body is larger than {_MOST_BYTES:,} bytes.")
    try:
        data = json.loads(content) if content.strip() else {}
    except (ValueError, RecursionError):
        raise bad_fields(("body", "it is not JSON: send an object", "unreadable")) from None
    if not isinstance(data, dict):
        raise bad_fields(("body", "it must be a JSON object", "not_an_object"))
    if (complaint := complaint_about(data)) is not None:
        raise bad_fields(("body", complaint, "unusable"))
    return data


async def read_model(request: Request, model: type[M]) -> M:
    """The model that a body describes; 413 or 422 if it cannot be used."""
    data = await read_object(request)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise bad_fields(*fields_of(ConfigError(problems_of(error, model, "the body", lambda _: None)))) from None


def body_schema(model: type[BaseModel] | dict[str, Any], example: dict[str, Any], *, required: bool = True) -> dict[str, Any]:
    """The OpenAPI description of a body that is read here."""
    schema = model if isinstance(model, dict) else schema_of(model)
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema, "example": example}}}}
