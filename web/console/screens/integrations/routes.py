"""Deliveries to CRMs and webhooks: the list, one with its attempts, and sending again."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from core.deliveries.queries import replay, replay_dead
from web.console.accounts.sessions import Visitor
from web.console.audit.log import Entry
from web.console.i18n import gettext as _
from web.console.i18n import ngettext
from web.console.i18n import no_op as N_
from web.console.pages import ThePage
from web.console.rights import Right, Scope
from web.console.routing import Nav, Screen
from web.console.screens.integrations.view import DELIVERY_STATES, KINDS, detail, find, reach, wanted_from

__all__ = ["screen"]

screen = Screen(Nav(N_("Integrations"), "/integrations", "plug", Right.INTEGRATIONS_READ, order=70, group=N_("Follow up")))


@screen.get("/integrations", Right.INTEGRATIONS_READ)
async def show_integrations(page: ThePage) -> Response:
    """The deliveries are what there is."""
    return RedirectResponse(f"{page.console.base}/integrations/deliveries", status_code=303)


@screen.get("/integrations/deliveries", Right.INTEGRATIONS_READ)
async def show_deliveries(page: ThePage) -> Response:
    """The list."""
    wanted = wanted_from(page.request.query_params)
    found = await page.console.read(find, page.visitor, wanted)
    return page.html(
        "screens/integrations/deliveries.html",
        found=found,
        wanted=wanted,
        badges=DELIVERY_STATES,
        kinds=KINDS,
        next_page=wanted.address(cursor=found.cursor) if found.cursor else "",
    )


@screen.get("/integrations/deliveries/{delivery_id}", Right.INTEGRATIONS_READ)
async def show_delivery(page: ThePage, delivery_id: str) -> Response:
    """One delivery with every attempt. What the receiver answered may hold personal data: only those who see everything see it."""
    found = await page.console.read(detail, page.visitor, delivery_id)
    if found is None:
        raise HTTPException(404, _("There is no such delivery, or it is not one of yours."))
    whole = page.visitor.grant(Right.INTEGRATIONS_READ).scope is Scope.ALL
    return page.html(
        "screens/integrations/delivery.html", delivery=found[0], attempts=found[1], badges=DELIVERY_STATES, kinds=KINDS, answers=whole
    )


@screen.post("/integrations/deliveries/{delivery_id}/replay", Right.INTEGRATIONS_REPLAY)
async def replay_one(page: ThePage, delivery_id: str) -> Response:
    """Send one that was given up again, under the same webhook-id."""
    console, engine = page.console, page.console.whole.engine
    with console.db.write() as connection:
        _require(connection, page.visitor, delivery_id)
        done = replay(connection, [delivery_id], console.now(), engine.push_max_age)
        if done:
            page.note(connection, Entry("delivery.replayed", "delivery", delivery_id, before={"state": "dead"}, after={"state": "pending"}))
    engine.wake_deliveries()
    path = f"/integrations/deliveries/{delivery_id}"
    if not done:
        return page.redirect(path, _("Only a delivery that was given up can be sent again."), "warning")
    return page.redirect(path, _("It is being sent again."))


@screen.post("/integrations/replay", Right.INTEGRATIONS_REPLAY)
async def replay_many(page: ThePage) -> Response:
    """Send all again that were given up and fit the filter of the list."""
    wanted = replace(wanted_from(await page.texts()), state="", cursor="")
    console, engine = page.console, page.console.whole.engine
    with console.db.write() as connection:
        which = wanted.which(reach(connection, page.visitor, Right.INTEGRATIONS_REPLAY))
        done = replay_dead(connection, which, console.now(), engine.push_max_age)
        shown = {"kind": wanted.kind, "destination": wanted.destination, "call": wanted.call}
        page.note(connection, Entry("deliveries.replayed", "deliveries", after={"count": done, "filter": shown}))
    engine.wake_deliveries()
    said = ngettext("%(n)s delivery is being sent again.", "%(n)s deliveries are being sent again.", done)
    return page.redirect(wanted.address(), said % {"n": done}, "success" if done else "warning")


def _require(connection: Connection, visitor: Visitor, delivery_id: str) -> None:
    if detail(connection, visitor, delivery_id) is None:
        raise HTTPException(404, _("There is no such delivery, or it is not one of yours."))
