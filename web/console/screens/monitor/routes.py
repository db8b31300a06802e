"""One campaign, live."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection, Row
from starlette.responses import JSONResponse, Response

from dialler.campaigns import manage
from dialler.campaigns.config import CampaignConfig
from dialler.campaigns.states import OVER
from dialler.imports.queries import imports_of
from web.console.accounts import teams, users
from web.console.cards import cards_of
from web.console.live.hub import Source
from web.console.ownership import owner_of
from web.console.pages import Page, ThePage
from web.console.rights import Right
from web.console.routing import Screen
from web.console.screens.campaigns.routes import may_watch_campaign
from web.console.screens.monitor.view import by_state, look, pace_of
from web.console.words import CALL_STATES, CAMPAIGN_STATES, LEAD_STATES, badge_of, plain

__all__ = ["screen"]

screen = Screen()


def _look(connection: Connection, campaign_id: str) -> dict[str, Any] | None:
    """What changes: the state, the newest attempts. Cheap, so that it can be asked twice a second whatever the number of leads."""
    from dialler.leads.queries import AttemptFilter, list_attempts, live_attempts  # noqa: PLC0415

    try:
        row = manage.require(connection, campaign_id)
    except manage.UnknownCampaign:
        return None
    newest = list_attempts(connection, AttemptFilter(campaign_id), limit=20)
    live = live_attempts(connection, campaign_id, limit=20)
    calls = [(one.id, one.state, one.outcome) for one in (*newest, *live)]
    talking = int(time.time()) if live else None  # what is said changes from second to second
    return {"state": row.state, "hold": row.hold_reason, "calls": hash((tuple(calls), talking)), "at_once": len(live)}


screen.live("campaign", Source(_look, may_watch_campaign))


@screen.get("/campaigns/{campaign_id}", Right.CAMPAIGNS_READ)
async def show_monitor(page: ThePage, campaign_id: str) -> Response:
    """The page."""
    return await _monitor(page, campaign_id, "screens/monitor/monitor.html")


@screen.get("/campaigns/{campaign_id}/live", Right.CAMPAIGNS_READ)
async def show_part(page: ThePage, campaign_id: str) -> Response:
    """The part that is live."""
    return await _monitor(page, campaign_id, "screens/monitor/part.html")


@screen.get("/campaigns/{campaign_id}/pace", Right.CAMPAIGNS_READ)
async def show_pace(page: ThePage, campaign_id: str) -> Response:
    """The lines of the chart, as JSON."""
    console = page.console
    with console.db.read() as connection:
        row = page.campaign(connection, campaign_id, Right.CAMPAIGNS_READ)
    whole = row.own_clock or not console.whole.settings.in_real_time
    ended = row.ended_at if row.state in OVER and row.ended_at else None
    now = ended or (row.clock_at or console.now() if whole else console.now())
    lines = await console.read(pace_of, campaign_id, row.started_at, now, whole=whole)
    return JSONResponse({**lines, "zone": page.zone_of(row)})


async def _monitor(page: Page, campaign_id: str, template: str) -> Response:
    console = page.console
    with console.db.read() as connection:
        row = page.campaign(connection, campaign_id, Right.CAMPAIGNS_READ)
        show = page.shown_number(connection, campaign_id)
        owner = owner_of(connection, campaign_id)
        assignable = page.may(Right.CAMPAIGNS_ASSIGN)
        people = users.all_users(connection) if assignable else ()
        all_teams = teams.all_teams(connection) if assignable else ()
        imports = imports_of(connection, campaign_id) if row.state == "draft" else ()
        orders = {
            right: page.reaches(connection, campaign_id, right)
            for right in (
                Right.CAMPAIGNS_START,
                Right.CAMPAIGNS_PAUSE,
                Right.CAMPAIGNS_STOP,
                Right.CAMPAIGNS_EDIT,
                Right.LEADS_READ,
                Right.CALLS_READ,
            )
        }
    (card,) = await cards_of(page, [row])
    seen = await console.read(look, campaign_id, console.whole.engine)
    return page.html(
        template,
        card=card,
        row=row,
        config=CampaignConfig.model_validate(row.settings),
        counts=card.counted.progress,
        dispositions=card.counted.dispositions[:12],
        states=by_state(card.counted.progress.by_state),
        seen=seen,
        imports=imports,
        assignable=assignable,
        people=people,
        all_teams=all_teams,
        owner=owner,
        show=show,
        orders=orders,
        lead_badge=lambda state: badge_of(LEAD_STATES, state),
        call_badge=lambda state: badge_of(CALL_STATES, state),
        campaign_states=CAMPAIGN_STATES,
        plain=plain,
        clock=console.now(),
        stop_needs_reason=page.visitor.grant(Right.CAMPAIGNS_STOP).reason,
        now_of=_seconds,
    )


def _seconds(row: Row[Any] | Any, now: Any) -> float:
    return max(0.0, float((now - row.since).total_seconds()))
