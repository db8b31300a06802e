"""The leads of a campaign; one lead."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response

from core.kernel.cursors import BadCursor, make_cursor, read_cursor
from dialler.leads.held import NotHeld, resolve
from dialler.leads.queries import attempts_of, find_leads, history_of, list_leads
from dialler.leads.states import STATES
from web.console.audit.log import Entry
from web.console.i18n import gettext as _
from web.console.pages import Page, ThePage
from web.console.rights import Right
from web.console.routing import Screen
from web.console.screens.leads.view import wanted_from
from web.console.screens.monitor.view import name_of
from web.console.words import LEAD_STATES, badge_of, plain

__all__ = ["screen"]

screen = Screen()
_PAGE = 50


@screen.get("/campaigns/{campaign_id}/leads", Right.LEADS_READ)
async def show_leads(page: ThePage, campaign_id: str) -> Response:
    """The list."""
    wanted = wanted_from(page.request.query_params)
    try:
        after = read_cursor(wanted.cursor) if wanted.cursor else 0
    except BadCursor:
        after = 0
    with page.console.db.read() as connection:
        row = page.campaign(connection, campaign_id, Right.LEADS_READ)
        show = page.shown_number(connection, campaign_id)
    rows = await page.console.read(list_leads, wanted.leads(campaign_id), limit=_PAGE + 1, after=after)
    counted = await page.console.figures.of(campaign_id)
    base = f"/campaigns/{campaign_id}/leads"
    return page.html(
        "screens/leads/leads.html",
        row=row,
        leads=rows[:_PAGE],
        wanted=wanted,
        base_path=base,
        next_page=wanted.address(base, cursor=make_cursor(rows[_PAGE - 1].id)) if len(rows) > _PAGE else "",
        states=[state for state in STATES if state != "staged"],
        dispositions=[one.disposition for one in counted.dispositions],
        counted=counted,
        badge=lambda state: badge_of(LEAD_STATES, state),
        show=show,
        name_of=name_of,
        plain=plain,
        campaign_zone=page.zone_of(row),
    )


@screen.get("/campaigns/{campaign_id}/leads/{lead_id}", Right.LEADS_READ)
async def show_lead(page: ThePage, campaign_id: str, lead_id: int) -> Response:
    """One lead."""
    return _lead(page, campaign_id, lead_id)


@screen.post("/campaigns/{campaign_id}/leads/{lead_id}/number", Right.NUMBERS_SHOW)
async def show_number(page: ThePage, campaign_id: str, lead_id: int) -> Response:
    """Show the whole number once, for a reason, which is written to the audit log."""
    reason = (await page.texts()).get("reason", "")[:500]
    if page.visitor.grant(Right.NUMBERS_SHOW).reason and not reason:
        return page.redirect(f"/campaigns/{campaign_id}/leads/{lead_id}", _("Give a reason: it is written to the audit log."), "danger")
    with page.console.db.write() as connection:
        page.campaign(connection, campaign_id, Right.NUMBERS_SHOW)
        page.note(connection, Entry("number.shown", "lead", str(lead_id), campaign_id, reason=reason or None))
    return _lead(page, campaign_id, lead_id, whole=True)


@screen.post("/campaigns/{campaign_id}/leads/{lead_id}/resolve", Right.LEADS_STEER)
async def resolve_held(page: ThePage, campaign_id: str, lead_id: int) -> Response:
    """Say whether a held lead was dialled."""
    dialled = (await page.texts()).get("dialled")
    if dialled not in {"yes", "no"}:
        raise HTTPException(422, _("Say whether it was dialled."))
    try:
        with page.console.db.write() as connection:
            page.campaign(connection, campaign_id, Right.LEADS_STEER)
            if not find_leads(connection, str(lead_id), campaign_id):
                raise HTTPException(404, _("There is no such lead in this campaign."))
            resolve(connection, lead_id, dialled=dialled == "yes", now=page.console.now())
            page.note(connection, Entry("lead.resolved", "lead", str(lead_id), campaign_id, after={"dialled": dialled}))
    except NotHeld as error:
        raise HTTPException(409, str(error)) from None
    page.console.dialler.wake(campaign_id)
    said = _("Noted: it was dialled.") if dialled == "yes" else _("It waits to be dialled again.")
    return page.redirect(f"/campaigns/{campaign_id}/leads/{lead_id}", said)


def _lead(page: Page, campaign_id: str, lead_id: int, *, whole: bool = False) -> Response:
    with page.console.db.read() as connection:
        row = page.campaign(connection, campaign_id, Right.LEADS_READ)
        found = find_leads(connection, str(lead_id), campaign_id)
        if not found:
            raise HTTPException(404, _("There is no such lead in this campaign."))
        attempts, history = attempts_of(connection, lead_id), history_of(connection, lead_id)
        show = page.shown_number(connection, campaign_id)
        may = {right: page.reaches(connection, campaign_id, right) for right in (Right.CALLS_READ, Right.LEADS_STEER, Right.NUMBERS_SHOW)}
    lead = found[0]
    return page.html(
        "screens/leads/lead.html",
        row=row,
        lead=lead,
        attempts=list(reversed(attempts)),
        history=list(reversed(history)),
        badge=lambda state: badge_of(LEAD_STATES, state),
        number=lead.phone if whole else show(lead.phone),
        masked=not whole and show(lead.phone) != lead.phone and "•" in str(show(lead.phone)),
        name=name_of(lead.variables),
        values_shown="•" not in str(show(lead.phone)) or whole,
        reaches=may,
        plain=plain,
        campaign_zone=page.zone_of(row),
    )
