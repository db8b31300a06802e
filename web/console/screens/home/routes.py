"""The first page."""

from __future__ import annotations

from starlette.responses import Response

from dialler.campaigns import manage
from web.console.cards import cards_of
from web.console.i18n import no_op as N_
from web.console.ownership import hidden_from
from web.console.pages import Page, ThePage
from web.console.rights import Right
from web.console.routing import Nav, Screen

__all__ = ["screen"]

screen = Screen(Nav(N_("Home"), "/", "house", Right.HOME, order=10))


@screen.get("/", Right.HOME)
async def show_home(page: ThePage) -> Response:
    """What the visitor's campaigns do, and what needs attention."""
    return await _home(page, "screens/home/home.html")


@screen.get("/home/campaigns", Right.HOME)
async def show_part(page: ThePage) -> Response:
    """The part that is live."""
    return await _home(page, "screens/home/part.html")


async def _home(page: Page, template: str) -> Response:
    rows = []
    if page.may(Right.CAMPAIGNS_READ):
        with page.console.db.read() as connection:
            hidden = hidden_from(connection, page.visitor)
            rows = list(manage.page_of_campaigns(connection, state=None, limit=8, but=hidden))
            running = manage.page_of_campaigns(connection, state="running", limit=8, but=hidden)
        seen = {row.id for row in running}
        rows = [*running, *(row for row in rows if row.id not in seen)][:8]
    cards = await cards_of(page, rows)
    totals = {
        "live": sum(card.counted.progress.in_flight for card in cards),
        "waiting": sum(card.counted.progress.waiting for card in cards),
        "people": sum(card.counted.progress.people for card in cards),
        "attempts": sum(card.counted.progress.attempts for card in cards),
        "held": sum(card.counted.progress.by_state.get("held", 0) for card in cards),
    }
    return page.html(template, cards=cards, totals=totals)
