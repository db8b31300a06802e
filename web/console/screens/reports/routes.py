"""The pages of reports, and the files of them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import Row
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from dialler.campaigns import manage
from dialler.reports.catalogue import REPORTS
from dialler.reports.maker import MEDIA_TYPES, ReportFailed, ReportMaker
from dialler.reports.spec import BadSpec, ReportSpec, make_spec
from web.console.audit.log import Entry
from web.console.i18n import gettext as _
from web.console.i18n import no_op as N_
from web.console.ownership import hidden_from
from web.console.pages import Page, ThePage
from web.console.rights import Right
from web.console.routing import Nav, Screen
from web.console.screens.reports.view import PAGE_ROWS, Asked, asked_from, page_of

__all__ = ["screen"]

screen = Screen(Nav(N_("Reports"), "/reports", "bar-chart", Right.REPORTS_READ, order=60, group=N_("Follow up")))

_CHUNK = 1 << 16
_CAMPAIGNS = 200


@screen.get("/reports", Right.REPORTS_READ)
async def show_reports(page: ThePage) -> Response:
    """Which campaign, which report."""
    with page.console.db.read() as connection:
        hidden = hidden_from(connection, page.visitor, Right.REPORTS_READ)
        rows = manage.page_of_campaigns(connection, state=None, limit=_CAMPAIGNS, but=hidden)
    wanted = page.request.query_params.get("campaign", "")
    chosen = next((row for row in rows if row.id == wanted), rows[0] if rows else None)
    return page.html("screens/reports/reports.html", campaigns=rows, chosen=chosen, reports=list(REPORTS.values()))


@screen.get("/reports/{campaign_id}/{name}", Right.REPORTS_READ)
async def show_report(page: ThePage, campaign_id: str, name: str) -> Response:
    """The frame of a report: its filters and downloads. The report itself follows when it is computed."""
    campaign, asked = _campaign(page, campaign_id, name, Right.REPORTS_READ), asked_from(page.request.query_params)
    export = Right.EXPORT if REPORTS[name].personal else Right.EXPORT_TOTALS
    with page.console.db.read() as connection:
        may_export = page.reaches(connection, campaign_id, export)
        zone = _maker(page).zone_of(connection, campaign)
    return page.html(
        "screens/reports/report.html",
        campaign=campaign,
        info=REPORTS[name],
        reports=list(REPORTS.values()),
        asked=asked,
        campaign_zone=zone,
        intervals=name in {"intervals", "dispositions"},
        may_export=may_export,
        needs_reason=bool(may_export and page.visitor.grant(export).reason),
        file="personal-file" if REPORTS[name].personal else "file",
    )


@screen.get("/reports/{campaign_id}/{name}/table", Right.REPORTS_READ)
async def show_table(page: ThePage, campaign_id: str, name: str) -> Response:
    """The report: tables and charts."""
    campaign, asked = _campaign(page, campaign_id, name, Right.REPORTS_READ), asked_from(page.request.query_params)
    try:
        spec = _spec(page, campaign, name, asked, limit=PAGE_ROWS if REPORTS[name].personal else 1000)
        async with _maker(page).made(spec, "json") as path:
            document = json.loads(path.read_text(encoding="utf-8"))
    except (BadSpec, ReportFailed) as error:
        return page.html("screens/reports/failed.html", problem=str(error))
    base = f"/reports/{campaign_id}"
    return page.html(
        "screens/reports/table.html", campaign=campaign, info=REPORTS[name], asked=asked, report=page_of(document, asked, base)
    )


@screen.post("/reports/{campaign_id}/{name}/file", Right.EXPORT_TOTALS)
async def take_totals(page: ThePage, campaign_id: str, name: str) -> Response:
    """The file of a report without personal data."""
    if name in REPORTS and REPORTS[name].personal:
        raise HTTPException(404, _("This report has personal data in it: take it out by its own form."))
    return await _file(page, campaign_id, name, Right.EXPORT_TOTALS)


@screen.post("/reports/{campaign_id}/{name}/personal-file", Right.EXPORT)
async def take_personal(page: ThePage, campaign_id: str, name: str) -> Response:
    """The file of a report with a row for each lead or call."""
    return await _file(page, campaign_id, name, Right.EXPORT)


async def _file(page: Page, campaign_id: str, name: str, right: Right) -> Response:
    campaign, form = _campaign(page, campaign_id, name, right), await page.texts()
    asked = asked_from(page.request.query_params)
    back = f"/reports/{campaign_id}/{name}{asked.query()}"
    reason, kind = form.get("reason", "")[:500], form.get("format", "csv")
    if page.visitor.grant(right).reason and not reason:
        return page.redirect(back, _("Give a reason: it is written to the audit log."), "danger")
    if kind not in {"csv", "xlsx"}:
        raise HTTPException(422, _("A report is taken out as CSV or XLSX."))
    async with contextlib.AsyncExitStack() as stack:
        try:
            spec = _spec(page, campaign, name, asked)
            path = await stack.enter_async_context(_maker(page).made(spec, kind, excel=kind == "csv"))
        except (BadSpec, ReportFailed) as error:
            return page.redirect(back, str(error), "danger")
        with page.console.db.write() as connection:  # before the first byte leaves
            after = {"format": kind, "filter": spec.filter_text(), "masked": spec.mask}
            page.note(connection, Entry("report.exported", "report", name, campaign_id, after=after, reason=reason or None))
        file = path.open("rb")  # stays open when the file is deleted

    async def parts() -> AsyncIterator[bytes]:
        with file:
            while part := file.read(_CHUNK):
                yield part

    plain = "".join(ch if ch.isascii() and (ch.isalnum() or ch in "-_") else "-" for ch in f"{campaign.name} {name}")
    return StreamingResponse(
        parts(), media_type=MEDIA_TYPES[kind], headers={"Content-Disposition": f'attachment; filename="{plain}.{kind}"'}
    )


def _campaign(page: Page, campaign_id: str, name: str, right: Right) -> Row[Any]:
    with page.console.db.read() as connection:
        campaign = page.campaign(connection, campaign_id, right)
    if name not in REPORTS:
        raise HTTPException(404, _("There is no such report."))
    return campaign


def _spec(page: Page, campaign: Row[Any], name: str, asked: Asked, *, limit: int | None = None) -> ReportSpec:
    with page.console.db.read() as connection:
        zone = asked.zone or _maker(page).zone_of(connection, campaign)
        grant = page.visitor.grant(Right.NUMBERS_SHOW)
        whole = bool(grant) and not grant.reason and page.reaches(connection, campaign.id, Right.NUMBERS_SHOW)
    return make_spec(
        campaign.id,
        name,
        zone=zone,
        start=asked.start or None,
        end=asked.end or None,
        interval=asked.interval,
        where=asked.where,
        mask=not whole,
        offset=asked.offset if limit else 0,
        limit=limit,
    )


def _maker(page: Page) -> ReportMaker:
    maker = page.console.dialler.reports
    if maker is None:
        raise HTTPException(503, _("This process makes no reports."))
    return maker
