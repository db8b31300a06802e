"""The work list of a campaign over HTTP: leads whose callee asked for a person, who claimed them, and the result."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from core.kernel.cursors import make_cursor
from core.kernel.lines import REAL, SANDBOX, Lines
from dialler.api.bodies import StrictBody, body_schema, read_model
from dialler.api.shared import CampaignId, Cursor, Dialler, Limit, TheDialler, answers, errors_of_the_dialler, position_of, require
from dialler.leads.handoffs import NotOnTheList, claim_handoff, finish_handoff, list_handoffs, newest_handoff
from dialler.leads.queries import find_leads

__all__ = ["DoneNote", "LeadHandoffView", "LeadId", "claimed", "router"]

router = APIRouter(prefix="/api/v1/campaigns/{campaign_id}", tags=["campaigns"])

LeadId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class LeadHandoffView(BaseModel):
    """An entry of the work list. `wanted_at` is when the callee wants to be called; null if no time was named."""

    id: int
    lead_id: int
    line: int
    phone: str
    variables: dict[str, Any]
    lines: str | None = Field(
        description="Where the campaign was dialled: on `real` lines, or on the `sandbox`, whose callees are simulated: call nobody for it."
    )
    state: str = Field(description="`waiting`, `claimed` or `done`.")
    reason: str | None
    asked_at: datetime
    wanted_at: datetime | None
    call_id: str | None
    claimed_by: str | None
    claimed_at: datetime | None
    done_by: str | None
    done_at: datetime | None
    note: str | None


class LeadHandoffPage(BaseModel):
    """A page of the work list, the longest wait first; `next_cursor` is null on the last one."""

    handoffs: list[LeadHandoffView]
    next_cursor: str | None


class ClaimBody(StrictBody):
    """Who will call."""

    by: str = Field(min_length=1, max_length=200, description="Who, in a word for people.")


class DoneNote(StrictBody):
    """What came of it."""

    note: str | None = Field(default=None, max_length=2000, description="The result.")


class DoneBody(ClaimBody, DoneNote):
    """Who called, or decided that nobody needs to."""


@router.get("/handoffs", summary="List leads that want a person", responses=answers(404))
async def get_handoffs(
    campaign_id: CampaignId,
    dialler: TheDialler,
    done: Annotated[bool, Query(description="With those that are done, and those whose number is suppressed.")] = False,
    lines: Annotated[
        Lines | None, Query(description="Only if the campaign was dialled on these lines; a rehearsal is on `sandbox`.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> LeadHandoffPage:
    """Leads whose callee asked for a person and was not transferred. The bot does not call them again."""
    after = position_of(cursor)
    with dialler.db.read() as connection:
        require(connection, campaign_id)
        rows = list_handoffs(connection, campaign_id, lines=lines, all_=done, limit=limit + 1, after=after)
    page, more = rows[:limit], len(rows) > limit
    views = [LeadHandoffView.model_validate(dict(row._mapping)) for row in page]
    return LeadHandoffPage(handoffs=views, next_cursor=make_cursor(page[-1].id) if more else None)


@router.post(
    "/leads/{lead_id}/handoff/claim",
    summary="Claim a lead on the work list",
    responses=answers(404, 409, 413),
    openapi_extra=body_schema(ClaimBody, {"by": "Mira"}),
)
async def post_claim(campaign_id: CampaignId, lead_id: LeadId, request: Request, dialler: TheDialler) -> LeadHandoffView:
    """The entry is theirs, so that no two call. 409 if somebody else has it, the lead is not on the list, or it is suppressed."""
    body = await read_model(request, ClaimBody)
    with errors_of_the_dialler(), dialler.db.write() as connection:
        _require_lead(connection, campaign_id, lead_id)
        return LeadHandoffView.model_validate(claimed(connection, dialler, lead_id, body.by))


@router.post(
    "/leads/{lead_id}/handoff/done",
    summary="Mark a lead as called by a person",
    responses=answers(404, 409, 413),
    openapi_extra=body_schema(DoneBody, {"by": "Mira", "note": "paid by card"}),
)
async def post_done(campaign_id: CampaignId, lead_id: LeadId, request: Request, dialler: TheDialler) -> LeadHandoffView:
    """The entry leaves the list. 409 if the lead is not on it."""
    body = await read_model(request, DoneBody)
    with errors_of_the_dialler(), dialler.db.write() as connection:
        _require_lead(connection, campaign_id, lead_id)
        finish_handoff(connection, lead_id, body.by, body.note, dialler.parts.clock.now())
        return LeadHandoffView.model_validate(dict(newest_handoff(connection, lead_id)._mapping))


def claimed(connection: Connection, dialler: Dialler, lead_id: int, by: str) -> dict[str, Any]:
    """Claim a lead in the caller's transaction; returns its entry.

    Raises:
        NotOnTheList: it cannot be claimed, or its number must not be called. The transaction is to be rolled back.
    """
    claim_handoff(connection, lead_id, by, dialler.parts.clock.now())
    entry = newest_handoff(connection, lead_id)
    lines: Lines = SANDBOX if entry.lines == SANDBOX else REAL
    if dialler.suppressed is not None and dialler.suppressed(connection, entry.phone, lines):
        raise NotOnTheList(f"Lead {lead_id} must not be called: its number is on the suppression list.")
    return dict(entry._mapping)


def _require_lead(connection: Connection, campaign_id: str, lead_id: int) -> None:
    require(connection, campaign_id)
    if not find_leads(connection, str(lead_id), campaign_id):
        raise HTTPException(404, "There is no such lead in this campaign.")
