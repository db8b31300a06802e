"""POST /api/v1/sip/dialout: the integration guide's request, answer and statuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, Field, ValidationError

from core.api.auth import KeyToDial, TheEngine, read_key_anew
from core.api.json_body import complaint_about, kind_of, read_object
from core.api.openapi import answers
from core.calls.dialout import dialout
from core.calls.refusals import FieldProblem
from core.calls.request import DialoutRequest
from core.kernel.hours import Constraint, HoursConfig, check_time_zone
from core.kernel.purposes import PURPOSES, Purpose

__all__ = ["read_request", "router"]

router = APIRouter(prefix="/api/v1", tags=["calls"])

_LONGEST_ID = 200
_LONGEST_NUMBER = 64
_LONGEST_KEY = 200


class DialoutBody(BaseModel):
    """Body of a dialout; fields that are not named here are ignored. For the OpenAPI document: `read_request` reads it."""

    bot_id: str = Field(description="Bot ID.", max_length=_LONGEST_ID)
    to_number: str = Field(
        description="Customer phone number; E.164, or national with the bot's default region.", max_length=_LONGEST_NUMBER
    )
    from_number: str | None = Field(
        default=None, description="Caller ID / DID, one of ours; the trunk's default number if left out.", max_length=_LONGEST_NUMBER
    )
    variables: dict[str, Any] | None = Field(default=None, description="CRM data, in prompts as `{{crm.field_name}}`.")
    purpose: Purpose | None = Field(default=None, description="What the call is for; the bot's `purpose` if left out.")
    promised_callback: bool = Field(default=False, description="Whether the callee asked to be called back about now.")
    calling_window: dict[str, Any] | None = Field(
        default=None,
        description="When you call: opening hours with a `time_zone`, as `calling_window` in campaign.yaml. A callback that is promised in "
        "the call falls within it, and within the bot's and the callee's hours.",
    )


class DialoutAnswer(BaseModel):
    """The call has left for the network."""

    status: Literal["ok"] = "ok"
    call_id: str = Field(description="The call's id: `session_id` in its result.", examples=["abc123-def456"])


_EXAMPLE: Final = {
    "bot_id": "your-bot-id",
    "to_number": "+12025550143",
    "from_number": "+12025550100",
    "variables": {"customer_name": "Rahul Sharma", "loan_number": "LN123456", "amount_due": "15000", "due_date": "2026-05-01"},
}
_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": DialoutBody.model_json_schema(), "example": _EXAMPLE}},
    }
}


@router.post("/sip/dialout", summary="Trigger an outbound call", responses=answers(401, 404, 413, 422, 503), openapi_extra=_BODY)
async def post_dialout(
    request: Request,
    key: KeyToDial,
    engine: TheEngine,
    idempotency_key: Annotated[
        str | None, Header(description="Makes it safe to repeat the request: the same key and body give the same call, once.")
    ] = None,
) -> DialoutAnswer:
    """Place a call now. There is no queue: without a free seat the answer is 503 with `Retry-After`."""
    wanted = read_request(await read_object(request), idempotency_key)
    return DialoutAnswer(call_id=await dialout(engine, key, wanted, renew=lambda: read_key_anew(engine, request)))


def read_request(body: Mapping[str, Any], idempotency_key: str | None) -> DialoutRequest:
    """A dialout from its body, with everything that is wrong with the single fields. Pure.

    Null stands for a field that is left out; so does an empty `from_number`, as an export of an empty cell gives it.
    """
    problems: list[FieldProblem] = []
    bot_id = _text(body, "bot_id", _LONGEST_ID, problems)
    to_number = _text(body, "to_number", _LONGEST_NUMBER, problems)
    from_number = _text(body, "from_number", _LONGEST_NUMBER, problems, required=False)
    variables = body.get("variables")
    if variables is None:
        variables = {}
    elif not isinstance(variables, dict):
        problems.append(FieldProblem("variables", f"it must be an object, not {kind_of(variables)}", "not_an_object"))
        variables = {}
    elif complaint := complaint_about(variables):
        problems.append(FieldProblem("variables", complaint, "not_text"))
        variables = {}
    if idempotency_key is not None and not 0 < len(idempotency_key.strip()) <= len(idempotency_key) <= _LONGEST_KEY:
        problems.append(FieldProblem("Idempotency-Key", f"it must have 1 to {_LONGEST_KEY} characters", "wrong_length"))
        idempotency_key = None
    purpose, promised = _purpose(body, problems), _yes_or_no(body, "promised_callback", problems)
    window = _window(body, problems)
    return DialoutRequest(bot_id, to_number, from_number or None, variables, idempotency_key, purpose, promised, window, tuple(problems))


def _purpose(body: Mapping[str, Any], problems: list[FieldProblem]) -> Purpose | None:
    """The purpose; None if it is left out or cannot be used."""
    value = body.get("purpose")
    known = next((purpose for purpose in PURPOSES if purpose == value), None)
    if value is not None and known is None:
        problems.append(FieldProblem("purpose", f"it must be one of {', '.join(PURPOSES)}", "unknown_purpose"))
    return known


def _window(body: Mapping[str, Any], problems: list[FieldProblem]) -> Constraint | None:
    """The calling window; None if it is left out or cannot be used."""
    value = body.get("calling_window")
    if value is None:
        return None
    try:
        if not isinstance(value, dict):
            raise ValueError(f"it must be an object, not {kind_of(value)}")
        hours = dict(value)
        zone = check_time_zone(str(hours.pop("time_zone", "")))
        return Constraint(HoursConfig.model_validate_json(json.dumps(hours)), zone)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        detail = f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg'].removeprefix('Value error, ')}"
    except (ValueError, TypeError) as error:
        detail = str(error)
    problems.append(FieldProblem("calling_window", detail, "not_hours"))
    return None


def _yes_or_no(body: Mapping[str, Any], field: str, problems: list[FieldProblem]) -> bool:
    value = body.get(field)
    if value is not None and not isinstance(value, bool):
        problems.append(FieldProblem(field, f"it must be true or false, not {kind_of(value)}", "not_a_boolean"))
    return value is True


def _text(body: Mapping[str, Any], field: str, longest: int, problems: list[FieldProblem], *, required: bool = True) -> str:
    """The text of a field, without outer blanks; empty if it is missing or cannot be used."""
    value = body.get(field)
    if isinstance(value, str) and (complaint := complaint_about(value)):
        problems.append(FieldProblem(field, complaint, "not_text"))
    elif isinstance(value, str) and len(value) > longest:
        problems.append(FieldProblem(field, f"it is longer than {longest} characters", "too_long"))
    elif isinstance(value, str) and value.strip():
        return value.strip()
    elif value is not None and not isinstance(value, str):
        problems.append(FieldProblem(field, f"it must be a text, not {kind_of(value)}: put it in quotation marks", "not_text"))
    elif required:
        problems.append(FieldProblem(field, "it is missing" if value is None else "it is empty", "missing"))
    return ""
