"""The parity ledger of a campaign over HTTP: whether the CRM has each lead's last disposition, and replaying what it lacks."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from core.kernel.cursors import make_cursor
from dialler.api.shared import CampaignId, Cursor, Limit, TheDialler, answers, errors_of_the_dialler, position_of, require
from dialler.leads.ledger import MISSING, Verdict, count_verdicts, ledger_page, replay_missing

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/campaigns/{campaign_id}/ledger", tags=["campaigns"])


class LedgerView(BaseModel):
    """What the CRM has of one lead's last call; `delivery_id` identifies the delivery with every try and its answer."""

    lead_id: int
    line: int
    phone: str
    lead_state: str
    disposition: str | None
    verdict: Verdict = Field(
        description="`accepted`: the CRM answered 2xx. `pending`: still tried. `dead`: given up, can be replayed. `not_pushed`: the bot "
        "had no push. `not_wanted`: its push leaves such outcomes out. `in_progress`: the call goes on. `not_called`: no call yet."
    )
    call_id: str | None
    delivery_id: str | None
    delivered_at: datetime | None
    last_status: int | None = Field(description="The CRM's last answer.")
    last_error: str | None


class LedgerPage(BaseModel):
    """A page of the ledger. With `missing` it may hold fewer than `limit`: go on until `next_cursor` is null."""

    counts: dict[Verdict, int] | None = Field(description="Leads of each verdict in the whole campaign; on the first page.")
    missing: int | None = Field(description="How many of these the CRM should have and has not; on the first page.")
    entries: list[LedgerView]
    next_cursor: str | None


class ReplayedView(BaseModel):
    """The result of a replay. `pending` pushes are sent without it; `not_pushed` calls have nothing to send."""

    replayed: int
    pending: int
    not_pushed: int


@router.get("", summary="The parity ledger of a campaign", responses=answers(404, 503))
async def get_ledger(
    campaign_id: CampaignId,
    dialler: TheDialler,
    missing: Annotated[bool, Query(description="Only leads whose disposition the CRM should have and has not.")] = False,
    counts: Annotated[bool, Query(description="Also count the whole campaign, on the first page.")] = True,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> LedgerPage:
    """For each lead, in the order of the files: was its last disposition accepted by the CRM, when, with what answer."""
    after = position_of(cursor)
    with dialler.db.read() as connection:
        require(connection, campaign_id)
    with errors_of_the_dialler():
        entries = await ledger_page(dialler.db, dialler.parts.core, campaign_id, after=after, limit=limit + 1)
        counted = await count_verdicts(dialler.db, dialler.parts.core, campaign_id) if counts and cursor is None else None
    page, more = entries[:limit], len(entries) > limit
    return LedgerPage(
        counts=counted,
        missing=None if counted is None else sum(counted[verdict] for verdict in MISSING),
        entries=[LedgerView(**asdict(entry)) for entry in page if entry.missing or not missing],
        next_cursor=make_cursor(page[-1].lead_id) if more else None,
    )


@router.post("/replay", summary="Send again what the CRM has not", responses=answers(404, 503))
async def post_replay(campaign_id: CampaignId, dialler: TheDialler) -> ReplayedView:
    """Every push of the campaign's leads that was given up is made pending again, due at once, under its own `webhook-id`."""
    with dialler.db.read() as connection:
        require(connection, campaign_id)
    with errors_of_the_dialler():
        return ReplayedView(**asdict(await replay_missing(dialler.db, dialler.parts.core, campaign_id)))
