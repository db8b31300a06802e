"""A person over HTTP: what there is of them, all of it to hand out, and its erasure; and the deletion of a campaign. For admin keys."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from core.api.auth import AdminKey
from core.api.filters import number_from_query
from core.api.openapi import answers
from core.calls.refusals import FieldProblem, InvalidRequest
from core.kernel.clock import WallTime
from core.kernel.erasure import NotErasable
from core.kernel.numbers import NumberError
from core.storage.base import StorageError
from dialler.api.shared import require
from web.console.audit.log import Actor
from web.people.campaigns import delete_campaign
from web.people.whole import Place, erase, export, show

__all__ = ["people_router"]


class LeadOfPerson(BaseModel):
    """A lead of the person."""

    campaign: str
    id: int
    state: str
    disposition: str | None
    attempts: int


class SuppressionOfPerson(BaseModel):
    """Why one of their numbers is not dialled; `list` is the named list that holds it, null if it was said of the number itself."""

    number: str
    lines: str
    source: str
    since: datetime | None
    list: str | None


class PersonView(BaseModel):
    """What there is of a person. `numbers` are all that are known to be theirs."""

    numbers: list[str]
    counts: dict[str, int] = Field(description="How many records of each kind tell of them.")
    leads: list[LeadOfPerson]
    suppressions: list[SuppressionOfPerson]


class DeletedView(BaseModel):
    """What a campaign had when it was deleted."""

    leads: int
    calls: int
    recordings: int


class ErasureView(BaseModel):
    """What was erased. Everything in `not_reached` is left to be done elsewhere."""

    erased: dict[str, int] = Field(description="How many records of each kind were about them.")
    suppressed: bool = Field(description="Whether one of their numbers is suppressed: that stays.")
    not_reached: list[str]


def people_router(place: Place, now: WallTime, wall: WallTime) -> APIRouter:
    """The endpoints.

    Args:
        place: where people are erased.
        now: gives the current time.
        wall: gives the real time.
    """
    router = APIRouter(prefix="/api/v1")

    @router.get("/people/{number}", tags=["people"], summary="What there is of a person", responses=answers(401, 403, 422))
    async def get_person(number: str, _: AdminKey) -> PersonView:
        """How many records tell of the person with this number (E.164), on all their numbers, in all campaigns."""
        return PersonView(**await asyncio.to_thread(show, place.db, _key(number)))

    @router.get("/people/{number}/export", tags=["people"], summary="All that there is of a person", responses=answers(401, 403, 422))
    async def get_export(number: str, _: AdminKey) -> dict[str, Any]:
        """Leads, attempts, calls with their transcripts, events, pushes, hand-offs: to hand out to the person."""
        found: dict[str, Any] = jsonable_encoder(await asyncio.to_thread(export, place.db, _key(number)))
        return found

    @router.delete("/people/{number}", tags=["people"], summary="Erase a person", responses=answers(401, 403, 409, 422, 503))
    async def delete_person(
        number: str,
        request: Request,
        key: AdminKey,
        suppress: Annotated[bool, Query(description="Also never dial their numbers again.")] = False,
    ) -> ErasureView:
        """Take the person out of everything; rows stay without them, so that figures add up. It can be sent again.

        Refused with 409 while they are in a call, about to be called, or imported.
        """
        actor = Actor(None, f"API key {key.name}", key.role, request.client.host if request.client else None)
        try:
            done = await erase(place, _key(number), actor, now(), suppress=suppress)
        except NotErasable as error:
            raise HTTPException(409, str(error)) from None
        except StorageError as error:
            detail = f"A recording could not be deleted ({error}). Nothing else of its call was erased: send the request again."
            raise HTTPException(503, detail) from None
        return ErasureView(erased=done.counts(), suppressed=done.suppressed, not_reached=done.not_reached)

    @router.delete(
        "/campaigns/{campaign_id}",
        tags=["campaigns"],
        summary="Delete a campaign",
        responses=answers(401, 403, 404, 409, 503),
    )
    async def delete_one(campaign_id: Annotated[str, Path(max_length=100)], request: Request, key: AdminKey) -> DeletedView:
        """Delete a campaign that is over: its leads, and what its calls say of people. It can be sent again if it was interrupted."""
        with place.db.read() as connection:
            require(connection, campaign_id)
        actor = Actor(None, f"API key {key.name}", key.role, request.client.host if request.client else None)
        try:
            return DeletedView(**await delete_campaign(place, campaign_id, actor, now(), wall()))
        except NotErasable as error:
            raise HTTPException(409, str(error)) from None
        except StorageError as error:
            raise HTTPException(503, f"A recording could not be deleted ({error}): send the request again.") from None

    return router


def _key(number: str) -> str:
    try:
        return number_from_query(number)
    except NumberError as error:
        raise InvalidRequest([FieldProblem("number", str(error), "not_a_number")]) from None
