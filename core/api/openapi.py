"""What the OpenAPI document says beyond the endpoints themselves: every error status that occurs, and the call result.

A stored result is shown as it was written, and not checked again; so its schema is put in here.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

from core.api.problems import MEDIA_TYPE
from core.contracts.call_result import CallResult

__all__ = ["Problem", "answers", "complete_document"]

_REFERENCE: Final = "#/components/schemas/{model}"


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str = Field(description="Its name in the body, the query or the headers; `body` for the body as a whole.")
    detail: str = Field(description="For people.")
    code: str = Field(description="For programs; docs/api.md lists them.")


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = Field(description="Always `about:blank`: the status says what kind of problem it is.")
    title: str
    status: int
    detail: str = Field(description="What is wrong and what to do, for people.")
    errors: list[FieldError] = Field(default=[], description="422: every bad field.")
    reason: str | None = Field(
        default=None,
        description="503: `no_capacity`, `outside_active_hours`, `outside_permitted_hours`, `trunk_unavailable` or `number_busy`; of "
        "`/health/ready`: `database`, `schema`, `draining` or `retired`; of `/health/fleet`: `unavailable`.",
    )
    retry_at: str | None = Field(default=None, description="503: the moment it could work (ISO 8601), as `Retry-After` says in seconds.")
    opens_at: str | None = Field(default=None, description="503, outside_active_hours: when the bot opens.")


_MEANING: Final[dict[int, tuple[str, str, dict[str, Any]]]] = {
    401: ("Missing or invalid API key", "Missing or invalid API key: send a valid one in the X-API-Key header.", {}),
    403: ("The key may not do this", "This needs an admin key; a dialout key cannot do it.", {}),
    404: ("Not found", "There is no bot 'your-bot-id' that this key may use.", {}),
    409: ("Not as things stand", "The delivery is delivered: only a dead one can be replayed.", {}),
    413: ("Body too large", "The body is larger than 1,000,000 bytes.", {}),
    422: (
        "Invalid request: every bad field at once",
        "to_number: it is on the suppression list: it asked not to be called.",
        {"errors": [{"field": "to_number", "detail": "it is on the suppression list: it asked not to be called", "code": "suppressed"}]},
    ),
    429: (
        "The key has used up its requests a minute; `Retry-After` says when the next may come",
        "This API key may send 60 requests a minute. Wait, and send this one again.",
        {},
    ),
    503: (
        "Not now: nothing was placed; `Retry-After` says when it could work",
        "Every seat is taken.",
        {"reason": "no_capacity", "retry_at": "2026-05-01T09:30:05+00:00"},
    ),
}
_TITLES: Final = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    413: "Content Too Large",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    503: "Service Unavailable",
}
_RETRY_AFTER: Final = {
    "description": "Whole seconds until it could work, rounded up; absent if nobody knows.",
    "schema": {"type": "integer"},
}


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an endpoint: these errors, and 429 wherever a key is wanted."""
    return {status: _answer(status) for status in (*statuses, *([429] if 401 in statuses else []))}


def _answer(status: int) -> dict[str, Any]:
    description, detail, members = _MEANING[status]
    example = {"type": "about:blank", "title": _TITLES[status], "status": status, "detail": detail, **members}
    schema = {"$ref": _REFERENCE.format(model="Problem")}
    answer: dict[str, Any] = {"description": description, "content": {MEDIA_TYPE: {"schema": schema, "example": example}}}
    return answer | {"headers": {"Retry-After": _RETRY_AFTER}} if status in {429, 503} else answer


def complete_document(app: FastAPI) -> None:
    """Put the schemas of problems and of call results into the app's OpenAPI document."""
    describe = app.openapi

    def completed() -> dict[str, Any]:
        document = describe()
        _, found = models_json_schema([(Problem, "serialization"), (CallResult, "serialization")], ref_template=_REFERENCE)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(found["$defs"])
        result = schemas["CallView"]["properties"]["result"]
        result["anyOf"] = [{"$ref": _REFERENCE.format(model="CallResult")}, {"type": "null"}]
        _replace_validation_errors(document)
        return document

    app.openapi = completed  # type: ignore[method-assign]


def _replace_validation_errors(document: dict[str, Any]) -> None:
    """Where FastAPI documents its own shape for 422, ours is sent."""
    for methods in document["paths"].values():
        for operation in methods.values():
            if "application/json" in operation["responses"].get("422", {}).get("content", {}):
                operation["responses"]["422"] = _answer(422)
    for model in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(model, None)
