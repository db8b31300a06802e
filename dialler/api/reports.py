"""Reports of a campaign over HTTP: the catalogue with the definitions, and each report as JSON, CSV or XLSX."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from dialler.api.shared import CampaignId, TheDialler, answers, bad_fields, require
from dialler.reports.catalogue import REPORTS
from dialler.reports.definitions import DEFINITIONS, VERSION
from dialler.reports.maker import MEDIA_TYPES, ReportFailed, ReportMaker
from dialler.reports.spec import FILTERS, BadSpec, make_spec

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/campaigns/{campaign_id}/reports", tags=["campaigns"])

_CHUNK = 1 << 16


class ColumnView(BaseModel):
    """A column; `metric` names the definition of its figure, `of` the column that a share is of."""

    key: str
    title: str
    kind: str
    metric: str | None
    of: str | None


class ReportView(BaseModel):
    """A report of the catalogue. `personal`: it has a row for each lead or call, with the number."""

    name: str
    title: str
    about: str
    columns: list[ColumnView]
    personal: bool
    filters: bool = Field(description="Whether the filters on attempts apply.")


class DefinitionView(BaseModel):
    """What a figure means."""

    name: str
    title: str
    formula: str
    base: str
    unit: str
    remark: str


class Catalogue(BaseModel):
    """All reports, the filters on attempts with what each is, and the definitions of all figures."""

    definitions_version: int
    zone: str = Field(description="The time zone unless another is asked for: that of the calling window, else the bot's.")
    reports: list[ReportView]
    filters: dict[str, str]
    definitions: list[DefinitionView]


@router.get("", summary="List the reports and the definitions of their figures", responses=answers(404, 503))
async def get_catalogue(campaign_id: CampaignId, dialler: TheDialler) -> Catalogue:
    """Which reports there are, their columns, and what each figure means."""
    maker = _maker(dialler.reports)
    with dialler.db.read() as connection:
        zone = maker.zone_of(connection, require(connection, campaign_id))
    return Catalogue(
        definitions_version=VERSION,
        zone=zone,
        reports=[ReportView(**asdict(report)) for report in REPORTS.values()],
        filters=dict(FILTERS),
        definitions=[DefinitionView(**asdict(one)) for one in DEFINITIONS.values()],
    )


@router.get(
    "/{name}",
    summary="Make a report",
    response_class=StreamingResponse,
    responses={200: {"content": {kind.partition(";")[0]: {} for kind in MEDIA_TYPES.values()}}, **answers(404, 503)},
)
async def get_report(
    campaign_id: CampaignId,
    name: str,
    dialler: TheDialler,
    start: Annotated[str | None, Query(alias="from", max_length=40, description="Attempts placed from this date or time on.")] = None,
    end: Annotated[
        str | None, Query(alias="to", max_length=40, description="Until this date, its whole day included, or before this time.")
    ] = None,
    zone: Annotated[str | None, Query(max_length=64, description="Time zone (IANA) of days, hours and times.")] = None,
    interval: Annotated[Literal["hour", "day"], Query(description="Of reports by interval.")] = "hour",
    conversion: Annotated[
        list[str] | None, Query(max_length=50, description="Dispositions that count as conversions, instead of the default.")
    ] = None,
    where: Annotated[list[str] | None, Query(max_length=10, description="`NAME=VALUE`: a filter on attempts. Can be repeated.")] = None,
    mask: Annotated[bool, Query(description="Show only the country code and the last digits of callees' numbers.")] = False,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int | None, Query(ge=1, le=1_000_000, description="Rows at most; without it all.")] = None,
    format: Annotated[Literal["json", "csv", "xlsx"], Query()] = "json",
    excel: Annotated[bool, Query(description="Of CSV: with a byte order mark, and as text what a spreadsheet would change.")] = False,
) -> StreamingResponse:
    """A report as the campaign stands now; `live` says how many calls were still in progress. It is computed in a process of its own."""
    maker = _maker(dialler.reports)
    if name not in REPORTS:
        raise HTTPException(404, f"There is no report {name!r}; they are {', '.join(REPORTS)}.")
    with dialler.db.read() as connection:
        campaign = require(connection, campaign_id)
        own_zone = maker.zone_of(connection, campaign)
    filters = dict(_pair(text) for text in where or ())
    async with contextlib.AsyncExitStack() as stack:
        try:
            spec = make_spec(
                campaign.id,
                name,
                zone=zone or own_zone,
                start=start,
                end=end,
                interval=interval,
                conversions=tuple(conversion or ()),
                where=filters,
                mask=mask,
                offset=offset,
                limit=limit,
            )
            path = await stack.enter_async_context(maker.made(spec, format, excel=excel))
        except BadSpec as error:
            raise bad_fields((error.parameter, error.problem, "invalid")) from None
        except ReportFailed as error:
            raise HTTPException(503, str(error)) from None
        file = path.open("rb")  # stays open when the file is deleted

    async def parts() -> AsyncIterator[bytes]:  # async: a plain iterator would be run in other threads
        with file:
            while part := file.read(_CHUNK):
                yield part

    plain = "".join(ch if ch.isascii() and (ch.isalnum() or ch in "-_") else "-" for ch in f"{campaign.name} {name}")
    headers = {} if format == "json" else {"Content-Disposition": f'attachment; filename="{plain}.{format}"'}
    return StreamingResponse(parts(), media_type=MEDIA_TYPES[format], headers=headers)


def _maker(maker: ReportMaker | None) -> ReportMaker:
    if maker is None:
        raise HTTPException(503, "This process makes no reports.")
    return maker


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise bad_fields(("where", f"{text!r} is not of the form NAME=VALUE", "invalid"))
    return name.strip(), value.strip()
