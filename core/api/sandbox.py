"""The sandbox over HTTP: somebody rings one of our numbers. For admin keys; no real phone is involved."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from core.api.auth import AdminKey, TheEngine
from core.api.bodies import StrictBody, body_schema, read_model
from core.api.openapi import answers
from core.calls.inbound import receive_call
from core.calls.refusals import FieldProblem, InvalidRequest
from core.kernel.numbers import NumberError, parse_number
from core.transports.sandbox import SandboxTransport
from core.trunks.store import choose_trunk

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/sandbox", tags=["sandbox"])

_EXAMPLE: Final = {"from_number": "+12025550119", "to_number": "+12025550100"}


class RingBody(StrictBody):
    """Who rings whom."""

    from_number: Annotated[str, Field(max_length=64, description="The caller (E.164); the last two digits fix how they talk.")]
    to_number: Annotated[str, Field(max_length=64, description="One of our numbers (E.164), on a trunk of the sandbox.")]


class RingView(BaseModel):
    """What the caller got."""

    status: Literal["answered", "refused"] = Field(description="`answered`: the number's bot takes the call.")
    call_id: str | None = Field(description="The call; null if no bot answers the number, which leaves no record.")
    sip_status: int = Field(description="200; 404 no bot answers the number, 480 it is closed, 486 every seat is taken.")
    sip_reason: str


@router.post(
    "/calls",
    status_code=201,
    summary="Let somebody ring one of our numbers",
    responses=answers(401, 403, 404, 413, 422),
    openapi_extra=body_schema(RingBody, _EXAMPLE),
)
async def post_call(request: Request, _: AdminKey, engine: TheEngine) -> RingView:
    """A caller of the sandbox rings one of our numbers (DID), and reaches its bot, or is refused."""
    transport = engine.transports.get("sandbox")
    if not isinstance(transport, SandboxTransport):
        raise HTTPException(404, "The sandbox network does not run here.")
    body = await read_model(request, RingBody)
    problems: list[FieldProblem] = []
    caller, number = _number("from_number", body.from_number, problems), _number("to_number", body.to_number, problems)
    trunk = ""
    if not problems:
        with engine.db.read() as connection:
            trunk = _trunk(connection, number, problems)
    if problems:
        raise InvalidRequest(problems)
    received = await receive_call(engine, transport.network.ring_us(caller, number, trunk), transport.name)
    status: Literal["answered", "refused"] = "answered" if received.answered else "refused"
    return RingView(status=status, call_id=received.call_id, sip_status=received.sip_status, sip_reason=received.sip_reason)


def _number(field: str, written: str, problems: list[FieldProblem]) -> str:
    try:
        return parse_number(written, None).e164
    except NumberError as error:
        problems.append(FieldProblem(field, str(error).rstrip("."), "not_a_number"))
        return ""


def _trunk(connection: Connection, number: str, problems: list[FieldProblem]) -> str:
    trunk = choose_trunk(connection, number, None)
    if trunk is None:
        problems.append(FieldProblem("to_number", "it is not one of our numbers: put it on a trunk first", "unknown_number"))
    elif trunk.transport != "sandbox":
        problems.append(FieldProblem("to_number", "it is on a trunk of the real network, where nobody is simulated", "not_sandbox"))
    return trunk.name if trunk else ""
