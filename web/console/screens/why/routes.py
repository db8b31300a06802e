"""The account of a campaign: each step with its count, until when, and what would move its leads on."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from dialler.why.reading import explain
from web.console.i18n import no_op as N_
from web.console.pages import ThePage
from web.console.rights import Right
from web.console.routing import Screen
from web.console.words import LEAD_STATES, Badge

__all__ = ["screen"]

screen = Screen()

_LEADS_OF: Final = {
    "completed": "completed",
    "exhausted": "exhausted",
    "suppressed": "suppressed",
    "undialable": "undialable",
    "expired": "expired",
    "stopped": "stopped",
    "window_closed": "window_closed",
    "held": "held",
    "in_progress": "dialling",
    "retry_later": "retry_scheduled",
    "callback_later": "callback_scheduled",
}
"""The state by which the list of leads shows those of a step; a step without one has no list of its own."""
_STEPS: Final = {
    **{step: LEAD_STATES[state] for step, state in _LEADS_OF.items()},
    "rejected": Badge(N_("Not imported"), "bad", "exclamation-circle"),
    "not_yet": Badge(N_("Not to be called yet"), "info", "clock"),
    "ready": Badge(N_("Due"), "good", "play-fill"),
}


@screen.get("/campaigns/{campaign_id}/why", Right.CAMPAIGNS_READ)
async def show_why(page: ThePage, campaign_id: str) -> Response:
    """The page."""
    console = page.console
    with console.db.read() as connection:
        row = page.campaign(connection, campaign_id, Right.CAMPAIGNS_READ)
        leads = page.reaches(connection, campaign_id, Right.LEADS_READ)
    now = (row.clock_at or console.now()) if row.own_clock else console.now()
    account, zone = await console.read(explain, row, now, console.wall()), page.zone_of(row)
    return page.html(
        "screens/why/why.html",
        row=row,
        account=account,
        badges=_STEPS,
        leads_of=_LEADS_OF if leads else {},
        campaign_zone=zone,
    )
