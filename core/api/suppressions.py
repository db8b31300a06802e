"""Suppressions over HTTP: the numbers that are never dialled."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from core.api.auth import AdminKey, TheEngine
from core.calls.refusals import FieldProblem, InvalidRequest
from core.kernel.numbers import NumberError, parse_number
from core.suppressions import store

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/suppressions", tags=["suppressions"])


class SuppressionBody(BaseModel):
    """A number to suppress (E.164) and why."""

    number: str = Field(examples=["+12025550199"])
    reason: str = Field(default="added by an operator", max_length=500)


class SuppressionView(BaseModel):
    """A suppressed number."""

    number: str
    reason: str
    source: str
    created_at: datetime


@router.get("", summary="List suppressed numbers")
async def get_suppressions(
    _: AdminKey, engine: TheEngine, search: str = "", limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> list[SuppressionView]:
    """Suppressed numbers, newest first."""
    with engine.db.read() as connection:
        rows = store.list_suppressions(connection, search=search, limit=limit)
    return [SuppressionView(number=r.number, reason=r.reason, source=r.source, created_at=r.created_at) for r in rows]


@router.post("", status_code=201, summary="Suppress a number")
async def post_suppression(body: SuppressionBody, _: AdminKey, engine: TheEngine) -> SuppressionView:
    """From now on the number is not dialled, whoever asks."""
    try:
        number = parse_number(body.number, None).e164
    except NumberError as error:
        raise InvalidRequest([FieldProblem("number", f"{error.reason} {error.advice}", "not_a_number")]) from None
    now = engine.clock.now()
    with engine.db.write() as connection:
        store.add(connection, number, reason=body.reason, source="api", now=now)
    return SuppressionView(number=number, reason=body.reason, source="api", created_at=now)


@router.delete("/{number}", status_code=204, summary="Lift a suppression")
async def delete_suppression(number: str, _: AdminKey, engine: TheEngine) -> None:
    """The number may be dialled again."""
    with engine.db.write() as connection:
        if not store.remove(connection, number):
            raise HTTPException(404, "This number is not suppressed.")
