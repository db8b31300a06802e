"""The system, live; draining a worker."""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.responses import Response

from core.fleet.store import set_draining
from core.kernel.clock import utc_now
from web.console.audit.log import Entry
from web.console.i18n import gettext as _
from web.console.i18n import no_op as N_
from web.console.live.hub import Source
from web.console.pages import Page, ThePage
from web.console.rights import Right
from web.console.routing import Nav, Screen
from web.console.screens.system.view import WORKER_STATES, changes, look

__all__ = ["screen"]

screen = Screen(Nav(N_("System"), "/system", "cpu", Right.SYSTEM_READ, order=90, group=N_("Administration")))


def _changes(connection: Connection, _name: str) -> dict[str, object]:
    return changes(connection, utc_now())


screen.live("system", Source(_changes, lambda _connection, visitor, _name: visitor.may(Right.SYSTEM_READ)))


@screen.get("/system", Right.SYSTEM_READ)
async def show_system(page: ThePage) -> Response:
    """The page."""
    return await _show(page, "screens/system/system.html")


@screen.get("/system/part", Right.SYSTEM_READ)
async def show_part(page: ThePage) -> Response:
    """What changes of it."""
    return await _show(page, "screens/system/part.html")


async def _show(page: Page, template: str) -> Response:
    view = await page.console.read(look, page.console.wall())
    return page.html(template, system=view, badges=WORKER_STATES)


@screen.post("/system/workers/{worker_id}/drain", Right.SYSTEM_STEER)
async def drain(page: ThePage, worker_id: str) -> Response:
    """Let a worker finish its calls and take none."""
    return _set(page, worker_id, draining=True)


@screen.post("/system/workers/{worker_id}/undrain", Right.SYSTEM_STEER)
async def undrain(page: ThePage, worker_id: str) -> Response:
    """Let a worker take calls again."""
    return _set(page, worker_id, draining=False)


def _set(page: Page, worker_id: str, *, draining: bool) -> Response:
    with page.console.db.write() as connection:
        if not set_draining(connection, worker_id, draining):
            raise HTTPException(404, _("There is no such worker, or it has ended."))
        action = "worker.drained" if draining else "worker.undrained"
        page.note(connection, Entry(action, "worker", worker_id, before={"draining": not draining}, after={"draining": draining}))
    if draining:
        return page.redirect("/system", _("It takes no new call. Once it shows no calls it can be stopped."))
    return page.redirect("/system", _("It takes calls again."))
