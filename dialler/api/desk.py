"""The work list at the agent desk: the leads of all campaigns whose callee asked for a person, for agents with keys of their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from sqlalchemy import Connection, Row
from sqlalchemy.exc import NoResultFound
from starlette.exceptions import HTTPException

from core.kernel.cursors import make_cursor
from core.kernel.lines import Lines
from dialler.api.bodies import body_schema, read_model
from dialler.api.handoffs import DoneNote, LeadHandoffView, LeadId, claimed
from dialler.api.shared import Cursor, Limit, TheDialler, answers, bad_fields, errors_of_the_dialler, position_of
from dialler.leads.handoffs import NotOnTheList, finish_handoff, lines_to_call, list_handoffs, newest_handoff

__all__ = ["desk_router"]


class DeskLeadView(LeadHandoffView):
    """A lead that wants a person, with its campaign."""

    campaign_id: str
    campaign: str


class DeskLeadPage(BaseModel):
    """A page of the work list, the longest wait first; `next_cursor` is null on the last one."""

    leads: list[DeskLeadView]
    next_cursor: str | None


def desk_router(agent: Callable[..., Awaitable[str | None]]) -> APIRouter:
    """The endpoints.

    Args:
        agent: a dependency that refuses keys that may not use the desk, and gives the name of the agent who asks; None for an
            admin who acts for no agent.
    """
    router = APIRouter(prefix="/api/v1/desk/leads", tags=["agent desk"], dependencies=[Depends(agent)])

    @router.get("", summary="List leads that want a person", responses=answers())
    async def get_leads(
        dialler: TheDialler,
        lines: Annotated[
            Lines | None, Query(description="Only of campaigns on these lines. If left out: `real`, once a campaign was dialled on those.")
        ] = None,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> DeskLeadPage:
        """Leads of all campaigns that wait for a call by a person, or that somebody has claimed. The bot does not call them again."""
        after = position_of(cursor)
        with dialler.db.read() as connection:
            rows = list_handoffs(connection, lines=lines or lines_to_call(connection), limit=limit + 1, after=after)
        page, more = rows[:limit], len(rows) > limit
        views = [DeskLeadView.model_validate(dict(row._mapping)) for row in page]
        return DeskLeadPage(leads=views, next_cursor=make_cursor(page[-1].id) if more else None)

    @router.post("/{lead_id}/claim", summary="Claim a lead that wants a person", responses=answers(404, 409))
    async def post_claim(lead_id: LeadId, dialler: TheDialler, name: str | None = Depends(agent)) -> DeskLeadView:
        """It is yours to call, so that no two call. 409 if somebody else has it, it is not on the list, or it is suppressed."""
        with errors_of_the_dialler(), dialler.db.write() as connection:
            _entry(connection, lead_id)
            return DeskLeadView.model_validate(claimed(connection, dialler, lead_id, _acting(name)))

    @router.post(
        "/{lead_id}/done",
        summary="Say that you have called a lead",
        responses=answers(404, 409, 413),
        openapi_extra=body_schema(DoneNote, {"note": "paid by card"}),
    )
    async def post_done(lead_id: LeadId, request: Request, dialler: TheDialler, name: str | None = Depends(agent)) -> DeskLeadView:
        """The lead leaves the list. 409 if somebody else has it, or it is not on the list."""
        body = await read_model(request, DoneNote)
        with errors_of_the_dialler(), dialler.db.write() as connection:
            entry, who = _entry(connection, lead_id), _acting(name)
            if entry.state == "claimed" and entry.claimed_by != who:
                raise NotOnTheList(f"Lead {lead_id} was claimed by {entry.claimed_by}.")
            finish_handoff(connection, lead_id, who, body.note, dialler.parts.clock.now())
            return DeskLeadView.model_validate(dict(newest_handoff(connection, lead_id)._mapping))

    return router


def _entry(connection: Connection, lead_id: int) -> Row[Any]:
    """The newest entry of a lead; 404 if there is no such lead, or it never was on the list."""
    try:
        return newest_handoff(connection, lead_id)
    except NoResultFound:
        raise HTTPException(404, "There is no such lead on the work list.") from None


def _acting(name: str | None) -> str:
    """The agent who acts; 422 for an admin who did not say for whom."""
    if name is None:
        raise bad_fields(("agent_id", "say which agent you act for, or use the key of an agent", "missing"))
    return name
