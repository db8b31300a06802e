"""Bodies of the management endpoints: a JSON object into a model, every problem at once, in words."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request

from core.api.json_body import complaint_about, read_object
from core.calls.refusals import FieldProblem, InvalidRequest
from core.kernel.config_problems import ConfigError, problems_of
from core.kernel.json_schema import schema_of

__all__ = ["StrictBody", "body_schema", "read_model", "refusal_of"]

M = TypeVar("M", bound=BaseModel)


class StrictBody(BaseModel):
    """A body whose keys are all known: one that is misspelt is an error that suggests the right one."""

    model_config = ConfigDict(extra="forbid")


async def read_model(request: Request, model: type[M], *, may_be_empty: bool = False) -> M:
    """The model that the body of a request describes; where it `may_be_empty`, no body is an object without anything in it.

    Raises:
        core.api.json_body.BodyTooLarge: see there.
        InvalidRequest: with every problem of the body.
    """
    data = await read_object(request, may_be_empty=may_be_empty)
    complaints = [(key, complaint_about([key, value])) for key, value in data.items()]
    if found := [FieldProblem(key if complaint_about(key) is None else "body", said, "unusable") for key, said in complaints if said]:
        raise InvalidRequest(found)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise refusal_of(ConfigError(problems_of(error, model, "the body", lambda _: None))) from None


def refusal_of(error: ConfigError) -> InvalidRequest:
    """The problems of a configuration as the problems of a request."""
    return InvalidRequest([FieldProblem(p.key or "body", _detail(p.line, p.problem, p.advice), "invalid") for p in error.problems])


def _detail(line: int | None, problem: str, advice: str) -> str:
    where = "" if line is None else f"line {line}: "
    return f"{where}{problem}. {advice}".rstrip().removesuffix(".")


def body_schema(model: type[BaseModel], example: dict[str, Any], *more_types: str, required: bool = True) -> dict[str, Any]:
    """What the OpenAPI document says of a body that `read_model` reads.

    Args:
        model: the model.
        example: a body that is taken.
        more_types: content types beside JSON.
        required: whether there must be a body.
    """
    schema = {"schema": schema_of(model), "example": example}
    others: dict[str, dict[str, Any]] = {name: {} for name in more_types}
    return {"requestBody": {"required": required, "content": {"application/json": schema, **others}}}
