"""Why a campaign, or one of its leads, is not dialled, over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from dialler.api.shared import CampaignId, TheDialler, answers, require
from dialler.leads.queries import find_leads
from dialler.why.reading import explain, explain_one

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/campaigns/{campaign_id}", tags=["campaigns"])


class StepView(BaseModel):
    """Leads that are at the same point."""

    name: str = Field(description="`ready` for those that are due; the others say what they wait for, or how they ended.")
    count: int
    words: str = Field(description="What holds them, for people.")
    clears_at: datetime | None = Field(description="When the first of them moves on by itself; null: not known, or never.")
    remedy: str = Field(description="What would move them on; empty if nothing has to be done.")
    reason: str = Field(description="Of `ready`: what the whole campaign waits for, such as `paused` or `on_hold`; else empty.")


class WhyView(BaseModel):
    """Every row of the campaign's lead files: the counts of the steps add up to `rows`."""

    rows: int
    leads: int = Field(description="Rows that were imported.")
    steps: list[StepView]
    blocked_by: str | None = Field(description="What leads that are due wait for; null if they are being dialled, or none is due.")
    at: datetime = Field(description="The time by the campaign's clock.")


class LeadWhyView(StepView):
    """The step of one lead."""

    lead_id: int


@router.get("/why", summary="Why it is not dialling", responses=answers(404))
async def get_why(campaign_id: CampaignId, dialler: TheDialler) -> WhyView:
    """Account for every lead: how many are where, until when, and what would move them on."""
    now = dialler.parts.clock.now()
    with dialler.db.read() as connection:
        account = explain(connection, require(connection, campaign_id), now, dialler.wall())
    steps = [StepView(**asdict(step)) for step in account.steps]
    return WhyView(
        rows=account.rows, leads=account.leads, steps=steps, blocked_by=account.blocker.name if account.blocker else None, at=now
    )


@router.get("/leads/{lead}/why", summary="Why a lead is not dialled", responses=answers(404))
async def get_lead_why(
    campaign_id: CampaignId, lead: Annotated[str, Path(max_length=40, description="Its id, or its number in E.164.")], dialler: TheDialler
) -> LeadWhyView:
    """The binding reason for one lead, when it clears, and what would clear it."""
    with dialler.db.read() as connection:
        campaign = require(connection, campaign_id)
        found = find_leads(connection, lead, campaign_id)
        if not found:
            raise HTTPException(404, "The campaign has no such lead.")
        step = explain_one(connection, campaign, found[0], dialler.parts.clock.now(), dialler.wall())
    return LeadWhyView(lead_id=found[0].id, **asdict(step))
