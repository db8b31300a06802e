"""The list of campaigns; start, pause, resume, stop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dialler.campaigns import control, manage
from dialler.campaigns.states import NotAllowed
from web.console.accounts import teams, users
from web.console.accounts.sessions import Visitor
from web.console.audit.log import Entry
from web.console.cards import cards_of
from web.console.i18n import gettext as _
from web.console.i18n import ngettext
from web.console.i18n import no_op as N_
from web.console.live.hub import Source
from web.console.ownership import Owner, assign, is_within, owner_of
from web.console.pages import Page, ThePage
from web.console.rights import Right
from web.console.routing import Nav, Screen
from web.console.screens.campaigns.view import STATES, find, wanted_from
from web.console.words import CAMPAIGN_STATES

__all__ = ["may_watch_campaign", "screen"]

screen = Screen(Nav(N_("Campaigns"), "/campaigns", "megaphone", Right.CAMPAIGNS_READ, order=20))


def _look(connection: Connection, _name: str) -> dict[str, object]:
    """What changes in the list: the states of all campaigns, as a number that says nothing of them."""
    rows = manage.page_of_campaigns(connection, state=None, limit=200)
    return {"states": hash(tuple((row.id, row.state, row.hold_reason, row.clock_at if row.state == "running" else None) for row in rows))}


def may_watch_campaign(connection: Connection, visitor: Visitor, campaign_id: str) -> bool:
    """Whether a visitor may watch a campaign."""
    return visitor.may(Right.CAMPAIGNS_READ) and is_within(visitor, Right.CAMPAIGNS_READ, owner_of(connection, campaign_id))


screen.live("campaigns", Source(_look, lambda _connection, visitor, _name: visitor.may(Right.CAMPAIGNS_READ)))


@screen.get("/campaigns", Right.CAMPAIGNS_READ)
async def show_campaigns(page: ThePage) -> Response:
    """The list."""
    return await _list(page, "screens/campaigns/campaigns.html")


@screen.get("/campaigns/rows", Right.CAMPAIGNS_READ)
async def show_rows(page: ThePage) -> Response:
    """The rows alone, for the live list."""
    return await _list(page, "screens/campaigns/rows.html")


async def _list(page: Page, template: str) -> Response:
    wanted = wanted_from(page.request.query_params)
    with page.console.db.read() as connection:
        rows, cursor = find(connection, page, wanted)
    return page.html(
        template,
        cards=await cards_of(page, rows),
        wanted=wanted,
        next_page=wanted.address(cursor=cursor) if cursor else "",
        states=STATES,
        badges=CAMPAIGN_STATES,
    )


@screen.post("/campaigns/{campaign_id}/start", Right.CAMPAIGNS_START)
async def start(page: ThePage, campaign_id: str) -> Response:
    """Start: calls to people begin."""
    console = page.console
    try:
        with console.db.write() as connection:
            row = page.campaign(connection, campaign_id, Right.CAMPAIGNS_START)
            state = manage.start(connection, campaign_id, console.now())
            page.note(connection, _steered("campaign.started", campaign_id, row.state, state))
    except (manage.NothingToDial, NotAllowed) as error:
        return page.redirect(f"/campaigns/{campaign_id}", str(error), "danger")
    return await _after(page, campaign_id, _("%(name)s runs. Calls leave within seconds.") % {"name": row.name})


@screen.post("/campaigns/{campaign_id}/pause", Right.CAMPAIGNS_PAUSE)
async def pause(page: ThePage, campaign_id: str) -> Response:
    """Pause: once this answers no new call leaves."""
    done = await _steer(page, campaign_id, Right.CAMPAIGNS_PAUSE, "campaign.paused", control.pause)
    return await _after(page, campaign_id, _paused(done))


@screen.post("/campaigns/{campaign_id}/resume", Right.CAMPAIGNS_START)
async def resume(page: ThePage, campaign_id: str) -> Response:
    """Dial again."""
    await _steer(page, campaign_id, Right.CAMPAIGNS_START, "campaign.resumed", control.resume)
    return await _after(page, campaign_id, _("It dials again."))


@screen.post("/campaigns/{campaign_id}/stop", Right.CAMPAIGNS_STOP)
async def stop(page: ThePage, campaign_id: str) -> Response:
    """Stop for good: waiting leads are not called."""
    form = await page.texts()
    reason = form.get("reason", "")[:500]
    if page.visitor.grant(Right.CAMPAIGNS_STOP).reason and not reason:
        return page.redirect(f"/campaigns/{campaign_id}", _("Give a reason: it is written to the audit log."), "danger")
    end_calls = form.get("end_calls") == "yes"

    async def order(*arguments: object) -> control.Steered:
        return await control.stop(*arguments, end_calls=end_calls)  # type: ignore[arg-type]

    done = await _steer(page, campaign_id, Right.CAMPAIGNS_STOP, "campaign.stopped", order, reason)
    said = ngettext("Stopped. %(n)s call is still in progress.", "Stopped. %(n)s calls are still in progress.", done.in_progress)
    return await _after(page, campaign_id, said % {"n": done.in_progress})


@screen.post("/campaigns/{campaign_id}/owner", Right.CAMPAIGNS_ASSIGN)
async def change_owner(page: ThePage, campaign_id: str) -> Response:
    """Say whose campaign it is: a user's, a team's, both, or shared."""
    form = await page.texts()
    user_id, team_id = form.get("user_id") or None, form.get("team_id") or None
    with page.console.db.write() as connection:
        page.campaign(connection, campaign_id, Right.CAMPAIGNS_ASSIGN)
        known_users = {user.id: user.login for user in users.all_users(connection)}
        known_teams = {team.id: team.name for team in teams.all_teams(connection)}
        if (user_id is not None and user_id not in known_users) or (team_id is not None and team_id not in known_teams):
            raise HTTPException(404, _("There is no such user or team."))
        before = owner_of(connection, campaign_id)
        assign(connection, campaign_id, Owner(user_id, team_id))
        values = [
            {"user": known_users.get(owner.user_id or ""), "team": known_teams.get(owner.team_id or "")}
            for owner in (before, Owner(user_id, team_id))
        ]
        page.note(connection, Entry("campaign.assigned", "campaign", campaign_id, campaign_id, before=values[0], after=values[1]))
    return page.redirect(f"/campaigns/{campaign_id}", _("Saved."))


async def _steer(
    page: Page, campaign_id: str, right: Right, action: str, order: Callable[..., Awaitable[control.Steered]], reason: str | None = None
) -> control.Steered:
    console = page.console
    with console.db.read() as connection:
        before = page.campaign(connection, campaign_id, right).state
    try:
        done = await order(console.db, campaign_id, console.dialler.wall)
    except NotAllowed as error:
        raise HTTPException(409, str(error)) from None
    with console.db.write() as connection:
        page.note(connection, _steered(action, campaign_id, before, done.state, reason))
    return done


def _steered(action: str, campaign_id: str, before: str, after: str, reason: str | None = None) -> Entry:
    return Entry(action, "campaign", campaign_id, campaign_id, before={"state": before}, after={"state": after}, reason=reason or None)


def _paused(done: control.Steered) -> str:
    if done.not_waited_for:
        return _("Paused. %(n)s dials were on their way and may still ring.") % {"n": done.not_waited_for}
    said = ngettext(
        "Paused: no new call leaves. %(n)s call in progress finishes.",
        "Paused: no new call leaves. %(n)s calls in progress finish.",
        done.in_progress,
    )
    return said % {"n": done.in_progress}


async def _after(page: Page, campaign_id: str, message: str) -> Response:
    """Wake the runner, then back to where the visitor was."""
    page.console.figures.forget(campaign_id)
    page.console.dialler.wake(campaign_id)
    back = (await page.texts()).get("back", "")
    plain = back.startswith("/") and not back.startswith("//") and "\\" not in back and back.isprintable()
    return page.redirect(back if plain else f"/campaigns/{campaign_id}", message)
