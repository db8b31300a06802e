"""The work list: leads whose callee asked for a person and got none. An agent claims one, calls, and says what came of it."""

from __future__ import annotations

from sqlalchemy import Connection
from sqlalchemy.exc import NoResultFound
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dialler.api.handoffs import claimed
from dialler.leads.handoffs import NotOnTheList, finish_handoff, lines_to_call, list_handoffs, newest_handoff
from web.console.audit.log import Entry
from web.console.i18n import gettext as _
from web.console.pages import Page, ThePage
from web.console.rights import Right
from web.console.routing import Screen
from web.console.screens.desk.agents import agent_of

__all__ = ["add_to"]

_PAGE = 50


def add_to(screen: Screen) -> None:
    """Add the routes of the work list to the desk's screen."""
    screen.get("/desk/leads", Right.DESK)(show_leads)
    screen.post("/desk/leads/{lead_id}/claim", Right.DESK)(claim_lead)
    screen.post("/desk/leads/{lead_id}/done", Right.DESK)(finish_lead)


async def show_leads(page: ThePage) -> Response:
    """Who waits for a call by a person, the longest wait first. A number is shown to who has claimed the lead."""
    given = page.request.query_params.get("after", "0")
    after = int(given) if given.isascii() and given.isdigit() and len(given) < 16 else 0
    with page.console.db.read() as connection:
        rows = list_handoffs(connection, lines=lines_to_call(connection), limit=_PAGE + 1, after=after)
        name = _name(connection, page)
    return page.html(
        "screens/desk/leads.html", rows=rows[:_PAGE], name=name, after=after, next_after=rows[_PAGE - 1].id if len(rows) > _PAGE else None
    )


async def claim_lead(page: ThePage, lead_id: int) -> Response:
    """Theirs to call, so that no two do."""
    try:
        with page.console.db.write() as connection:
            entry = claimed(connection, page.console.dialler, lead_id, _name(connection, page))
            page.note(connection, Entry("lead.claimed", "lead", str(lead_id), entry["campaign_id"]))
    except NotOnTheList as error:
        return page.redirect("/desk/leads", str(error), "warning")
    page.console.dialler.wake(entry["campaign_id"])
    return page.redirect(f"/desk/leads#lead-{lead_id}", _("It is yours: call, then say what came of it."))


async def finish_lead(page: ThePage, lead_id: int) -> Response:
    """Called, or nobody needs to."""
    note = (await page.texts()).get("note", "")[:2000]
    try:
        with page.console.db.write() as connection:
            name = _name(connection, page)
            entry = newest_handoff(connection, lead_id)
            if entry.state == "claimed" and entry.claimed_by != name:
                raise NotOnTheList(_("%(name)s has this lead.") % {"name": entry.claimed_by})
            finish_handoff(connection, lead_id, name, note or None, page.console.now())
            page.note(connection, Entry("lead.called", "lead", str(lead_id), entry.campaign_id))
    except NotOnTheList as error:
        return page.redirect("/desk/leads", str(error), "warning")
    except NoResultFound:
        raise HTTPException(404, _("There is no such lead on the work list.")) from None
    return page.redirect("/desk/leads", _("Done: the lead has left the list."))


def _name(connection: Connection, page: Page) -> str:
    """The name under which the visitor works the list: that of their agent, else their own."""
    agent = agent_of(connection, page.visitor.user_id)
    return page.visitor.name if agent is None else agent.name
