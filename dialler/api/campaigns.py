"""Campaigns over HTTP: create, list, read with live counts, change, control, clone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy import Row

from core.kernel.config_problems import ConfigError
from core.kernel.cursors import make_cursor
from core.kernel.database import Database
from core.kernel.json_schema import schema_of
from core.kernel.json_values import complaint_about
from dialler.api.bodies import StrictBody, body_schema, read_model, read_object
from dialler.api.shared import (
    CampaignId,
    Cursor,
    Dialler,
    Limit,
    TheDialler,
    answers,
    bad_fields,
    errors_of_the_dialler,
    fields_of,
    moment_of,
    require,
)
from dialler.campaigns import control, manage
from dialler.campaigns.config import CampaignConfig
from dialler.campaigns.owner import owner_of
from dialler.leads.progress import progress

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/campaigns", tags=["campaigns"])

State = Literal["draft", "running", "paused", "stopping", "stopped", "completed", "failed"]


class CampaignView(BaseModel):
    """A campaign. `hold_reason` and `hold_until`: why nothing is dialled now though it runs, and until when."""

    id: str
    name: str
    bot_id: str
    state: State
    lines: Literal["sandbox", "real"] | None = Field(description="The lines that its leads were dialled on; null before its first run.")
    reason: str | None = Field(description="Why it is paused, stopped or failed.")
    hold_reason: str | None
    hold_until: datetime | None
    settings: dict[str, Any] = Field(description="As in campaign.yaml, defaults included.")
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, row: Row[Any]) -> CampaignView:
        """The view of a row of `campaigns`."""
        return cls.model_validate({name: row._mapping[name] for name in CampaignView.model_fields})


class Counts(BaseModel):
    """Where the leads are now."""

    leads: int
    done: int = Field(description="Nothing more will be dialled; includes `held` leads.")
    waiting: int
    in_flight: int = Field(description="Being dialled or talked to.")
    held: int = Field(description="May have been dialled: a person must decide.")
    by_state: dict[str, int]
    attempts: int = Field(description="Calls placed.")
    answered: int


class CampaignDetail(CampaignView):
    """A campaign with live counts. `dialling`: a live process dials for it now."""

    counts: Counts
    dialling: bool


class CampaignPage(BaseModel):
    """A page of campaigns, newest first; `next_cursor` is null on the last one."""

    campaigns: list[CampaignView]
    next_cursor: str | None


class OrderBody(StrictBody):
    """How to pause or stop."""

    end_calls: bool = Field(default=False, description="End the calls in progress, too, instead of letting them finish.")


class CloneBody(StrictBody):
    """What to clone. Without a name, one is made from the other's."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    with_leads: bool = Field(default=False, description="Copy the leads, too, as new ones: their numbers and variables.")


class Steered(BaseModel):
    """What an order did. No new call leaves once `dials_on_their_way` is 0; give the order again to wait for them."""

    id: str
    state: State
    calls_in_progress: int
    dials_on_their_way: int


_EXAMPLE: Final = {"name": "May reminders", "bot_id": "loan-reminder", "default_region": "IN", "max_attempts": 3}


def _settings_schema(required: list[str]) -> dict[str, Any]:
    """The schema of a campaign's settings and its bot."""
    schema = schema_of(CampaignConfig)
    properties = {"bot_id": {"type": "string", "description": "The bot that calls."}, **schema["properties"]}
    return {**schema, "properties": properties, "required": required}


_ORDER: Final = body_schema(OrderBody, {"end_calls": False}, required=False)


@router.get("", summary="List campaigns", responses=answers())
async def get_campaigns(dialler: TheDialler, state: State | None = None, cursor: Cursor = None, limit: Limit = 100) -> CampaignPage:
    """Campaigns, newest first. One alone is shown with live counts."""
    before = moment_of(cursor)
    with dialler.db.read() as connection:
        rows = manage.page_of_campaigns(connection, state=state, limit=limit + 1, before=before)
    page, more = rows[:limit], len(rows) > limit
    next_cursor = make_cursor(page[-1].created_at, page[-1].id) if more else None
    return CampaignPage(campaigns=[CampaignView.of(row) for row in page], next_cursor=next_cursor)


@router.post(
    "",
    status_code=201,
    summary="Make a campaign",
    responses=answers(409, 413, 503),
    openapi_extra=body_schema(_settings_schema(["name", "bot_id"]), _EXAMPLE),
)
async def post_campaign(request: Request, dialler: TheDialler) -> CampaignDetail:
    """Make a campaign, in draft: the keys of campaign.yaml, and the bot. Every problem is reported at once."""
    bot_id, config = await _read(dialler, await read_object(request))
    with errors_of_the_dialler(), dialler.db.write() as connection:
        campaign_id = manage.new_campaign(connection, dialler.parts.ids, bot_id, config, dialler.parts.clock.now())
    return _detail(dialler, campaign_id)


@router.get("/{campaign_id}", summary="Read a campaign with live counts", responses=answers(404))
async def get_campaign(campaign_id: CampaignId, dialler: TheDialler) -> CampaignDetail:
    """One campaign: its settings, the states of its leads, why it is on hold."""
    return _detail(dialler, campaign_id)


@router.patch(
    "/{campaign_id}",
    summary="Change a campaign",
    responses=answers(404, 409, 413, 503),
    openapi_extra=body_schema(_settings_schema([]), {"max_attempts": 5, "calling_window": None}),
)
async def patch_campaign(campaign_id: CampaignId, request: Request, dialler: TheDialler) -> CampaignDetail:
    """Change settings while nothing is dialled: in draft, paused or over. What is left out stays; null is the default again.

    They count from the next dial on; how lead files are read counts from the next upload on.
    """
    with dialler.db.read() as connection:
        before = require(connection, campaign_id)
    body = await read_object(request)
    kept = CampaignConfig.model_validate(before.settings).model_dump(mode="json", exclude_defaults=True)
    bot_id, config = await _read(dialler, manage.merged({"bot_id": before.bot_id, **kept}, body))
    with errors_of_the_dialler(), dialler.db.write() as connection:
        manage.change(connection, campaign_id, bot_id, config)
    dialler.wake(campaign_id)
    return _detail(dialler, campaign_id)


@router.post("/{campaign_id}/start", summary="Start a campaign", responses=answers(404, 409))
async def post_start(campaign_id: CampaignId, dialler: TheDialler) -> CampaignDetail:
    """Dial. One that was over goes on with the leads that it has got since. A process of `dialler serve` takes it up within seconds."""
    with errors_of_the_dialler(), dialler.db.write() as connection:
        manage.start(connection, campaign_id, dialler.parts.clock.now())
    dialler.wake(campaign_id)
    return _detail(dialler, campaign_id)


@router.post("/{campaign_id}/pause", summary="Pause a campaign", responses=answers(404, 409, 413), openapi_extra=_ORDER)
async def post_pause(campaign_id: CampaignId, request: Request, dialler: TheDialler) -> Steered:
    """Pause dialling until resumed. Once this has answered, no new call leaves; calls in progress finish, or are ended if requested."""
    body = await read_model(request, OrderBody)
    with _steering(dialler, campaign_id):
        done = await control.pause(dialler.db, campaign_id, dialler.wall, end_calls=body.end_calls)
    return _steered(dialler, campaign_id, done)


@router.post("/{campaign_id}/resume", summary="Resume a campaign", responses=answers(404, 409))
async def post_resume(campaign_id: CampaignId, dialler: TheDialler) -> Steered:
    """Dial again."""
    with _steering(dialler, campaign_id):
        done = await control.resume(dialler.db, campaign_id, dialler.wall)
    return _steered(dialler, campaign_id, done)


@router.post("/{campaign_id}/stop", summary="Stop a campaign", responses=answers(404, 409, 413), openapi_extra=_ORDER)
async def post_stop(campaign_id: CampaignId, request: Request, dialler: TheDialler) -> Steered:
    """End the campaign: waiting leads are not called. Calls in progress finish, or are ended if requested."""
    body = await read_model(request, OrderBody)
    with _steering(dialler, campaign_id):
        done = await control.stop(dialler.db, campaign_id, dialler.wall, end_calls=body.end_calls)
    return _steered(dialler, campaign_id, done)


@router.post(
    "/{campaign_id}/clone",
    status_code=201,
    summary="Clone a campaign",
    responses=answers(404, 409, 413),
    openapi_extra=body_schema(CloneBody, {"name": "June reminders", "with_leads": True}, required=False),
)
async def post_clone(campaign_id: CampaignId, request: Request, dialler: TheDialler) -> CampaignDetail:
    """Create a campaign, in draft, with the settings of this one and, if requested, with its leads, none of them called yet."""
    wanted, now = await read_model(request, CloneBody), dialler.parts.clock.now()

    def clone() -> str:
        db = Database(dialler.db.url)  # its own connection: a million leads take a while, and the event loop goes on meanwhile
        try:
            with db.write() as connection:
                return manage.clone(connection, dialler.parts.ids, campaign_id, wanted.name, with_leads=wanted.with_leads, now=now)
        finally:
            db.close()

    with errors_of_the_dialler():
        new_id = await asyncio.to_thread(clone)
    return _detail(dialler, new_id)


async def _read(dialler: Dialler, body: Mapping[str, Any]) -> tuple[str, CampaignConfig]:
    """The bot and the settings of a body; reports every problem at once."""
    bot_id = body.get("bot_id")
    problems: list[tuple[str, str, str]] = []
    if not isinstance(bot_id, str) or not bot_id or len(bot_id) > 200 or complaint_about(bot_id):
        problems.append(("bot_id", "it is missing, or not a text: name the bot that calls", "missing"))
    else:
        with errors_of_the_dialler():
            if not await dialler.parts.core.knows_bot(bot_id):
                problems.append(("bot_id", f"there is no bot {bot_id!r}", "unknown_bot"))
    config: CampaignConfig | None = None
    try:
        config = manage.settings_from({key: value for key, value in body.items() if key != "bot_id"})
    except ConfigError as error:
        problems += fields_of(error)
    if problems or config is None:
        raise bad_fields(*problems)
    return str(bot_id), config


@contextlib.contextmanager
def _steering(dialler: Dialler, campaign_id: str) -> Iterator[None]:
    with errors_of_the_dialler():
        with dialler.db.read() as connection:
            require(connection, campaign_id)
        yield
    dialler.wake(campaign_id)


def _steered(dialler: Dialler, campaign_id: str, done: control.Steered) -> Steered:
    with dialler.db.read() as connection:
        state = require(connection, campaign_id).state
    return Steered(id=campaign_id, state=state, calls_in_progress=done.in_progress, dials_on_their_way=done.not_waited_for)


def _detail(dialler: Dialler, campaign_id: str) -> CampaignDetail:
    with dialler.db.read() as connection:
        row = require(connection, campaign_id)
        counted, owner = progress(connection, campaign_id), owner_of(connection, campaign_id)
    counts = Counts(
        leads=counted.leads,
        done=counted.done,
        waiting=counted.waiting,
        in_flight=counted.in_flight,
        held=counted.by_state.get("held", 0),
        by_state={state: count for state, count in counted.by_state.items() if state != "staged"},
        attempts=counted.attempts,
        answered=counted.answered,
    )
    alive = owner is not None and owner.alive(dialler.wall())
    return CampaignDetail(**CampaignView.of(row).model_dump(), counts=counts, dialling=alive)
