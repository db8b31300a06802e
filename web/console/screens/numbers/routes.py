"""Numbers and trunks; the limits of a trunk, and forgetting its failures."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response

from core.trunks.errors import BadTrunk, TrunkConflict, UnknownTrunk
from core.trunks.reading import BUILT_IN, find_trunk
from core.trunks.records import change_trunk, reset_trunk
from web.console.audit.log import Entry
from web.console.i18n import gettext as _
from web.console.i18n import no_op as N_
from web.console.pages import ThePage
from web.console.rights import Right
from web.console.routing import Nav, Screen
from web.console.screens.numbers.view import MOST_NUMBERS, cards

__all__ = ["screen"]

screen = Screen(Nav(N_("Numbers and trunks"), "/numbers", "sim", Right.NUMBERS_READ, order=80, group=N_("Administration")))


@screen.get("/numbers", Right.NUMBERS_READ)
async def show_numbers(page: ThePage) -> Response:
    """The page."""
    wanted = page.request.query_params.get("q", "").strip()[:100]
    found = await page.console.read(cards, page.console.wall(), wanted)
    return page.html("screens/numbers/numbers.html", cards=found, q=wanted, most=MOST_NUMBERS, built_in=BUILT_IN)


@screen.post("/numbers/{name}/reset", Right.SYSTEM_STEER)
async def reset(page: ThePage, name: str) -> Response:
    """Forget the failures of a trunk: it rests no longer."""
    try:
        with page.console.db.write() as connection:
            before = find_trunk(connection, name)
            reset_trunk(connection, name)
            page.note(connection, Entry("trunk.reset", "trunk", name, before={"failures": before.health.failures}, after={"failures": 0}))
    except UnknownTrunk as error:
        raise HTTPException(404, str(error)) from None
    return page.redirect("/numbers", _("Calls go out on %(name)s again.") % {"name": name})


@screen.post("/numbers/{name}/limits", Right.NUMBERS_EDIT)
async def limits(page: ThePage, name: str) -> Response:
    """Change how many calls a trunk carries at once, and how many may leave in a second."""
    form = await page.texts()
    try:
        channels, rate = int(form.get("channels", "")), float(form.get("calls_per_second", "").replace(",", "."))
    except ValueError:
        return page.redirect("/numbers", _("Channels must be a whole number, calls a second a number."), "danger")
    try:
        with page.console.db.write() as connection:
            before = find_trunk(connection, name)
            change_trunk(connection, name, channels=channels, calls_per_second=rate)
            old = {"channels": before.channels, "calls_per_second": before.calls_per_second}
            new = {"channels": channels, "calls_per_second": rate}
            page.note(connection, Entry("trunk.changed", "trunk", name, before=old, after=new))
    except UnknownTrunk as error:
        raise HTTPException(404, str(error)) from None
    except (BadTrunk, TrunkConflict) as error:
        return page.redirect("/numbers", str(error), "danger")
    return page.redirect("/numbers", _("The limits of %(name)s are changed.") % {"name": name})
