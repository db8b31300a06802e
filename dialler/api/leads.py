"""Leads and attempts of a campaign over HTTP: lists, one lead with its history, held leads, CSV exports."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import Connection, Row
from starlette.exceptions import HTTPException

from core.kernel.cursors import make_cursor
from dialler.api.bodies import StrictBody, body_schema, read_model
from dialler.api.shared import CampaignId, Cursor, Limit, TheDialler, answers, errors_of_the_dialler, moment_of, position_of, require
from dialler.imports.exported import as_text
from dialler.imports.queries import variable_names
from dialler.leads.export import ATTEMPT_COLUMNS, attempt_pages, csv_text, lead_columns, lead_pages
from dialler.leads.held import resolve
from dialler.leads.queries import AttemptFilter, LeadFilter, attempts_of, evidence_of, find_leads, history_of, list_attempts, list_leads
from dialler.leads.states import STATES
from dialler.leads.tables import ATTEMPT_STATES

__all__ = ["router"]

View = TypeVar("View", bound=BaseModel)

router = APIRouter(prefix="/api/v1/campaigns/{campaign_id}", tags=["campaigns"])

_LARGEST = 2**63 - 1
LeadId = Annotated[int, Path(ge=1, le=_LARGEST)]
Word = Annotated[str | None, Query(max_length=200)]


def _one_of(what: str, known: Sequence[str]) -> AfterValidator:
    """Refuse unknown values: a typo must not look like a campaign without such leads."""

    def check(value: str | None) -> str | None:
        if value is not None and value not in known:
            raise ValueError(f"there is no such {what}; they are {', '.join(known)}")
        return value

    return AfterValidator(check)


LeadState = Annotated[str | None, _one_of("state", STATES), Query(max_length=200)]
AttemptState = Annotated[str | None, _one_of("state", ATTEMPT_STATES), Query(max_length=200)]
Excel = Annotated[bool, Query(description="For a spreadsheet: with a byte order mark, and as text what a spreadsheet would change.")]
_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


class LeadView(BaseModel):
    """A lead. `line` is its line in the file; `attempts` are those that could have rung."""

    id: int
    line: int
    phone: str
    numbers: list[dict[str, Any]] | None = Field(
        default=None,
        description="All numbers of a person who has several, in the order in which they are tried; `closed` says why one is not.",
    )
    variables: dict[str, Any]
    state: str
    disposition: str | None
    outcome: str | None
    attempts: int
    uncharged: int = Field(description="Attempts that failed before the phone could ring.")
    due_at: datetime | None
    not_before: datetime | None = Field(default=None, description="It is not dialled before this.")
    expires_at: datetime | None = Field(default=None, description="It is not dialled from this on: then it ends as `expired`.")
    note: str | None
    updated_at: datetime


class AttemptView(BaseModel):
    """One try at a lead; its id is the Idempotency-Key of its dialout."""

    id: str
    lead_id: int
    phone: str | None = Field(default=None, description="The number that was dialled.")
    number: int
    kind: str
    state: str
    call_id: str | None
    created_at: datetime
    placed_at: datetime | None
    ended_at: datetime | None
    charged: bool | None
    disconnected_by: str | None
    outcome: str | None
    disposition: str | None
    sip_status: int | None
    phone_rang: bool | None
    fault: str | None
    call_duration_seconds: float | None
    last_refusal: str | None = Field(description="Why its dialout was refused last, with the name of the rule if one forbade it.")
    evidence: dict[str, Any] | None = Field(
        description="What the rules decided when it was dialled (docs/rule-packs.md); null before its result."
    )


class LeadEvent(BaseModel):
    """A change of a lead's state."""

    at: datetime
    from_state: str
    event: str
    to_state: str
    attempt_id: str | None
    note: str | None


class LeadDetail(LeadView):
    """A lead with every attempt and everything that happened to it."""

    attempt_list: list[AttemptView]
    history: list[LeadEvent]


class LeadPage(BaseModel):
    """A page of leads in the order of the files; `next_cursor` is null on the last one."""

    leads: list[LeadView]
    next_cursor: str | None


class AttemptPage(BaseModel):
    """A page of attempts, newest first; `next_cursor` is null on the last one."""

    attempts: list[AttemptView]
    next_cursor: str | None


class ResolveBody(StrictBody):
    """Whether a held lead was dialled: find out first, from the callee or from the carrier."""

    dialled: bool = Field(description="Whether the callee's phone was dialled. If not, the lead waits to be dialled again.")


@router.get("/leads", summary="List leads", responses=answers(404))
async def get_leads(
    campaign_id: CampaignId,
    dialler: TheDialler,
    state: LeadState = None,
    disposition: Word = None,
    outcome: Word = None,
    phone: Annotated[str | None, Query(max_length=64, description="As lists show it: E.164.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> LeadPage:
    """The leads of a campaign, in the order of the files."""
    which = LeadFilter(campaign_id, state, disposition, outcome, phone.replace(" ", "+", 1) if phone and phone[0] == " " else phone)
    after = position_of(cursor)
    with dialler.db.read() as connection:
        require(connection, campaign_id)
        rows = list_leads(connection, which, limit=limit + 1, after=after)
    page, more = rows[:limit], len(rows) > limit
    return LeadPage(leads=_views(LeadView, page), next_cursor=make_cursor(page[-1].id) if more else None)


@router.get("/leads/{lead_id}", summary="Read a lead with its history", responses=answers(404))
async def get_lead(campaign_id: CampaignId, lead_id: LeadId, dialler: TheDialler) -> LeadDetail:
    """One lead: its variables, every attempt, everything that happened to it."""
    with dialler.db.read() as connection:
        return _detail(connection, campaign_id, lead_id)


@router.post(
    "/leads/{lead_id}/resolve",
    summary="Resolve a held lead",
    responses=answers(404, 409, 413),
    openapi_extra=body_schema(ResolveBody, {"dialled": False}),
)
async def post_resolve(campaign_id: CampaignId, lead_id: LeadId, request: Request, dialler: TheDialler) -> LeadDetail:
    """A held lead may have been dialled: it is not dialled again until a person decides.

    One that was not dialled waits again; start the campaign again if it is over.
    """
    body = await read_model(request, ResolveBody)
    with errors_of_the_dialler(), dialler.db.write() as connection:
        _detail(connection, campaign_id, lead_id)
        resolve(connection, lead_id, dialled=body.dialled, now=dialler.parts.clock.now())
        shown = _detail(connection, campaign_id, lead_id)
    dialler.wake(campaign_id)
    return shown


@router.get("/attempts", summary="List attempts", responses=answers(404))
async def get_attempts(
    campaign_id: CampaignId,
    dialler: TheDialler,
    state: AttemptState = None,
    outcome: Word = None,
    disposition: Word = None,
    lead_id: Annotated[int | None, Query(ge=1, le=_LARGEST)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> AttemptPage:
    """The attempts of a campaign, newest first."""
    before = moment_of(cursor)
    with dialler.db.read() as connection:
        require(connection, campaign_id)
        which = AttemptFilter(campaign_id, state, outcome, disposition, lead_id)
        rows = list_attempts(connection, which, limit=limit + 1, before=before)
    page, more = rows[:limit], len(rows) > limit
    return AttemptPage(attempts=_attempts(page), next_cursor=make_cursor(page[-1].created_at, page[-1].id) if more else None)


@router.get("/leads.csv", summary="Export the leads", response_class=StreamingResponse, responses={**_CSV, **answers(404)})
async def export_leads(campaign_id: CampaignId, dialler: TheDialler, excel: Excel = False) -> StreamingResponse:
    """Every lead with its state and its variables (`crm.NAME`). Cells that a spreadsheet would run are defused with a '.

    The file can be sent back as a lead file: the columns that are not the leads' own are left out then.
    """
    with dialler.db.read() as connection:
        name = require(connection, campaign_id).name
        names = variable_names(connection, campaign_id)
    return _csv(f"{name} leads", lead_columns(names), lead_pages(dialler.db, campaign_id, names), excel=excel)


@router.get("/attempts.csv", summary="Export the attempts", response_class=StreamingResponse, responses={**_CSV, **answers(404)})
async def export_attempts(campaign_id: CampaignId, dialler: TheDialler, excel: Excel = False) -> StreamingResponse:
    """Every attempt, in the order of the leads."""
    with dialler.db.read() as connection:
        name = require(connection, campaign_id).name
    return _csv(f"{name} attempts", ATTEMPT_COLUMNS, attempt_pages(dialler.db, campaign_id), excel=excel)


def _csv(name: str, header: Sequence[str], pages: Iterator[list[list[str]]], *, excel: bool) -> StreamingResponse:
    """A CSV file, sent page by page: no transaction is open while a page is on its way."""
    plain = "".join(ch if ch.isascii() and (ch.isalnum() or ch in "-_") else "-" for ch in name)

    async def parts() -> AsyncIterator[str]:  # async: a plain iterator would be run in other threads
        if excel:
            yield "\ufeff"
        for page in chain([[list(header)]], pages):
            yield csv_text([list(map(as_text, row)) for row in page] if excel else page)

    return StreamingResponse(
        parts(), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{plain}.csv"'}
    )


def _detail(connection: Connection, campaign_id: str, lead_id: int) -> LeadDetail:
    found = find_leads(connection, str(lead_id), campaign_id)
    if not found:
        raise HTTPException(404, "There is no such lead in this campaign.")
    attempts, history = attempts_of(connection, lead_id), history_of(connection, lead_id)
    [lead] = _views(LeadView, found)
    return LeadDetail(**lead.model_dump(), attempt_list=_attempts(attempts), history=_views(LeadEvent, history))


def _attempts(rows: Iterable[Row[Any]]) -> list[AttemptView]:
    names = [name for name in AttemptView.model_fields if name != "evidence"]
    return [AttemptView(**{name: row._mapping[name] for name in names}, evidence=evidence_of(row)) for row in rows]


def _views(view: type[View], rows: Iterable[Row[Any]]) -> list[View]:
    return [view.model_validate({name: row._mapping[name] for name in view.model_fields}) for row in rows]
