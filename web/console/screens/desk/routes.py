"""The desk: an agent's state, the queue, and the call that the agent has."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from core.desk import agents, handoffs
from core.desk.agents import Agent
from core.desk.errors import BadAgent, DeskConflict, NotAtDesk
from core.desk.queue import open_for
from web.console.accounts.sessions import Visitor
from web.console.audit.log import Entry
from web.console.i18n import gettext as _
from web.console.i18n import no_op as N_
from web.console.live.hub import Source
from web.console.pages import Page, ThePage
from web.console.rights import Right
from web.console.routing import Nav, Screen
from web.console.screens.desk import worklist
from web.console.screens.desk.agents import agent_of, join_desk
from web.console.screens.desk.view import OUTCOMES, desk_of, holder_of

__all__ = ["screen"]

screen = Screen(Nav(N_("Desk"), "/desk", "headset", Right.DESK, order=55, group=N_("Follow up")))
worklist.add_to(screen)


def _look(connection: Connection, _name: str) -> dict[str, Any]:
    """What changes on every desk, as a number that says nothing of anybody."""
    state = [(row.id, row.state, row.agent_id, len(row.transcript)) for row in open_for(connection, None)]
    on_duty = [(agent.id, agent.state) for agent in agents.all_agents(connection)]
    return {"state": hashlib.sha256(repr((state, on_duty)).encode()).hexdigest()[:16]}


def _may_watch(_connection: Connection, visitor: Visitor, _name: str) -> bool:
    return visitor.may(Right.DESK)


screen.live("desk", Source(_look, _may_watch))


@screen.get("/desk", Right.DESK)
async def show_desk(page: ThePage) -> Response:
    """The desk."""
    return _desk(page, "screens/desk/desk.html")


@screen.get("/desk/part", Right.DESK)
async def show_part(page: ThePage) -> Response:
    """The part that is live."""
    return _desk(page, "screens/desk/part.html")


def _desk(page: Page, template: str) -> Response:
    with page.console.db.read() as connection:
        agent = agent_of(connection, page.visitor.user_id)
        desk = None if agent is None else desk_of(connection, agent)
    return page.html(template, desk=desk, outcomes=OUTCOMES, wall=page.console.now())


@screen.get("/desk/settings", Right.DESK)
async def show_settings(page: ThePage) -> Response:
    """Where calls are put through to, which queues, which languages."""
    with page.console.db.read() as connection:
        agent = agent_of(connection, page.visitor.user_id)
    return page.html("screens/desk/settings.html", agent=agent, problem=None, given={})


@screen.post("/desk/settings", Right.DESK)
async def save_settings(page: ThePage) -> Response:
    """Join the desk, or change how."""
    form, now = await page.texts(), page.console.now()
    try:
        with page.console.db.write() as connection:
            known = agent_of(connection, page.visitor.user_id)
            queues, languages = (form.get(name, "").replace(",", " ").split() for name in ("queues", "languages"))
            agent = join_desk(connection, page.visitor.user_id, page.visitor.name, form.get("address", ""), queues, languages, now)
            after = {"queues": list(agent.queues), "languages": list(agent.languages)}
            page.note(connection, Entry("desk.joined" if known is None else "desk.changed", "agent", agent.id, after=after))
    except BadAgent as error:
        return page.html("screens/desk/settings.html", status=422, agent=known, problem=error, given=form)
    return page.redirect("/desk", _("Saved. Say that you are available when you are."))


@screen.post("/desk/state", Right.DESK)
async def set_state(page: ThePage) -> Response:
    """Available, busy or offline."""
    state = (await page.texts()).get("state", "")
    return _act(
        page, "agent.state", None, lambda connection, agent, now: agents.set_state(connection, agent.id, state, now), {"state": state}
    )


@screen.post("/desk/handoffs/{handoff_id}/claim", Right.DESK)
async def claim(page: ThePage, handoff_id: str) -> Response:
    """Take a caller; of two agents one gets them, and the other is told who."""
    return _act(page, "handoff.claimed", handoff_id, lambda connection, agent, now: handoffs.claim(connection, handoff_id, agent, now))


@screen.post("/desk/handoffs/{handoff_id}/connect", Right.DESK)
async def connect(page: ThePage, handoff_id: str) -> Response:
    """Have the call put through to the agent's phone."""
    return _act(page, "handoff.connected", handoff_id, lambda connection, agent, now: handoffs.connect(connection, handoff_id, agent, now))


@screen.post("/desk/handoffs/{handoff_id}/return", Right.DESK)
async def give_back(page: ThePage, handoff_id: str) -> Response:
    """Back to the queue, with the bot."""
    reason = (await page.texts()).get("reason", "")[:500]
    return _act(
        page,
        "handoff.returned",
        handoff_id,
        lambda connection, agent, now: handoffs.give_back(connection, handoff_id, agent, now, reason),
    )


@screen.post("/desk/handoffs/{handoff_id}/complete", Right.DESK)
async def complete(page: ThePage, handoff_id: str) -> Response:
    """What came of the talk."""
    form = await page.texts()
    outcome, notes = form.get("outcome", "")[:200], form.get("notes", "")[:10_000]
    if not outcome:
        return page.redirect("/desk", _("Say in a word what came of it."), "danger")
    return _act(
        page,
        "handoff.completed",
        handoff_id,
        lambda connection, agent, now: handoffs.complete(connection, handoff_id, agent, now, outcome, notes),
        {"outcome": outcome},
    )


def _act(
    page: Page,
    action: str,
    handoff_id: str | None,
    act: Callable[[Connection, Agent, datetime], object],
    after: dict[str, Any] | None = None,
) -> Response:
    console = page.console
    try:
        with console.db.write() as connection:
            agent = agent_of(connection, page.visitor.user_id)
            if agent is None:
                return page.redirect("/desk/settings", _("Join the desk first: say where calls are put through to."), "warning")
            act(connection, agent, console.now())
            kind = "agent" if handoff_id is None else "handoff"
            page.note(connection, Entry(action, kind, handoff_id or agent.id, after=after))
    except (DeskConflict, NotAtDesk, BadAgent) as error:
        with console.db.read() as connection:
            holder = holder_of(connection, handoff_id) if handoff_id and action == "handoff.claimed" else None
        said = _("%(name)s has this caller already.") % {"name": holder} if holder else str(error)
        return page.redirect("/desk", said, "warning")
    return page.redirect("/desk")
