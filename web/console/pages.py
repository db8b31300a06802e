"""Pages: what a route needs to answer one visitor: rendering, redirects with a message, forms, the audit log, campaigns within reach."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from sqlalchemy import Connection, Row
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dialler.campaigns import manage
from web.console import formats
from web.console.accounts.sessions import Visitor
from web.console.audit.log import Actor, Entry, add_entry
from web.console.console import PREFIX, Console, console_of
from web.console.foreign_texts import said
from web.console.guard import address_of, is_secure, visitor_of
from web.console.i18n import current_locale, gettext, languages, ngettext
from web.console.ownership import hidden_from, is_within, owner_of
from web.console.rights import Right, Role
from web.console.routing import Nav

__all__ = ["FLASH", "ROOT", "Page", "ThePage", "make_templates"]

ROOT: Final = Path(__file__).parent
FLASH: Final = "dialler_flash"


@functools.cache
def _icon(name: str) -> str:
    path = ROOT / "static" / "vendor" / "bootstrap-icons" / f"{name}.svg"
    return path.read_text(encoding="utf-8").strip().replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)


def icon(name: str) -> Markup:
    """An icon, as SVG within the page; for ornament only: its meaning stands beside it in words."""
    return Markup(_icon(name))  # noqa: S704 - our own file


@functools.cache
def _version(path: str) -> str:
    return hashlib.sha256((ROOT / "static" / path).read_bytes()).hexdigest()[:12]


def make_templates() -> Environment:
    """The environment of all templates. A name that a view model forgot is an error, not a blank."""
    environment = Environment(
        loader=FileSystemLoader(ROOT),
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined] # of the extension
    environment.filters |= {
        "number": formats.number,
        "percent": formats.percent,
        "duration": formats.duration,
        "international": formats.phone,
        "masked": formats.masked,
        "said": said,
    }
    environment.globals |= {"icon": icon, "Right": Right, "Role": Role, "languages": languages}
    return environment


class Page:
    """One request, for the route that answers it.

    Attributes:
        console: the console.
        request: the request.
    """

    def __init__(self, console: Console, request: Request) -> None:
        self.console, self.request = console, request
        self._visitor = visitor_of(request)

    @property
    def visitor(self) -> Visitor:
        """Who is signed in; only on pages that need it."""
        assert self._visitor is not None
        return self._visitor

    @property
    def zone(self) -> str:
        """The time zone of the visitor."""
        return (self._visitor.time_zone if self._visitor else None) or "UTC"

    def may(self, right: Right) -> bool:
        """Whether the visitor has a right at all."""
        return self._visitor is not None and self._visitor.may(right)

    # --- answers

    def html(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """A page, or a part of one, from a template."""
        environment: Environment = self.request.app.state.templates
        response = HTMLResponse(environment.get_template(template).render({**self._common(), **context}), status_code=status)
        if self.request.cookies.get(FLASH) and not self.request.headers.get("hx-request"):  # it was shown
            response.delete_cookie(FLASH, path=self.console.base)
        return response

    def redirect(self, path: str, message: str | None = None, kind: Literal["success", "warning", "danger"] = "success") -> Response:
        """Go to a page of the console after a form (303), with a message there."""
        response = RedirectResponse(self.console.base + path, status_code=303)
        if self.request.headers.get("hx-request"):  # htmx follows redirects by itself, and would swap the page in
            response = RedirectResponse(self.console.base + path, status_code=204)
            response.headers["HX-Redirect"] = self.console.base + path
            del response.headers["location"]
        if message:
            value = base64.urlsafe_b64encode(json.dumps([kind, message[:1500]]).encode()).decode()
            response.set_cookie(
                FLASH,
                value,
                max_age=60,
                path=self.console.base,
                httponly=True,
                samesite="lax",
                secure=is_secure(self.request, self.console),
            )
        return response

    def redirect_to_sign_in(self, wanted: str) -> Response:
        """Go to the sign-in, and from there to the page that was wanted."""
        return RedirectResponse(f"{self.console.base}/sign-in?next={quote(wanted, safe='/')}", status_code=303)

    def _flash(self) -> tuple[str, str] | None:
        try:
            kind, message = json.loads(base64.urlsafe_b64decode(self.request.cookies.get(FLASH, "")))
        except (ValueError, TypeError):
            return None
        return (kind, message) if kind in {"success", "warning", "danger"} and isinstance(message, str) else None

    def _common(self) -> dict[str, Any]:
        console, zone = self.console, self.zone
        base = console.base
        return {
            "page": self,
            "visitor": self._visitor,
            "base": base,
            "path": self.request.url.path.removeprefix(PREFIX),
            "flash": self._flash(),
            "zone": zone,
            "lang": current_locale().replace("_", "-"),
            "may": self.may,
            "url": lambda path: base + path,
            "static": lambda path: f"{base}/static/{quote(path)}?v={_version(path)}",
            "moment": lambda at, in_zone=zone: formats.moment(at, in_zone, console.now()),
            "clock_time": lambda at, in_zone=zone: formats.clock_time(at, in_zone),
            "day": lambda at, in_zone=zone: formats.day(at, in_zone),
            "ago": lambda at: formats.ago(at, console.wall()),
            "zone_label": lambda at, in_zone=zone: formats.zone_label(at, in_zone),
        }

    # --- the frame of a page

    def navigation(self) -> list[tuple[str, list[Nav]]]:
        """The main navigation for this visitor, in groups."""
        entries: Sequence[Nav] = self.request.app.state.navigation
        groups: dict[str, list[Nav]] = {}
        for entry in sorted((nav for nav in entries if self.may(nav.right)), key=lambda nav: nav.order):
            groups.setdefault(entry.group, []).append(entry)
        return list(groups.items())

    def running(self) -> Sequence[Row[Any]]:
        """The campaigns that dial now and that the visitor may pause: for the button that is on every page."""
        if not self.may(Right.CAMPAIGNS_PAUSE):
            return ()
        with self.console.db.read() as connection:
            hidden = set(hidden_from(connection, self.visitor, Right.CAMPAIGNS_PAUSE))
            rows = manage.page_of_campaigns(connection, state="running", limit=30)
        return [row for row in rows if row.id not in hidden]

    @property
    def sandbox_only(self) -> bool:
        """Whether no real phone can ring from this process."""
        return not self.console.whole.settings.opens_trunks

    # --- forms

    async def form(self) -> FormData:
        """The form that was sent."""
        return await self.request.form(max_files=20, max_fields=500)

    async def texts(self) -> dict[str, str]:
        """The text fields of the form, trimmed; of a repeated field the last one."""
        return {name: value.strip() for name, value in (await self.form()).multi_items() if not isinstance(value, UploadFile)}

    # --- the audit log

    @property
    def actor(self) -> Actor:
        """Who does it, for the audit log."""
        visitor, address = self._visitor, address_of(self.request)
        if visitor is None:
            return Actor(None, "nobody", None, address)
        return Actor(visitor.user_id, visitor.login, str(visitor.role), address)

    def note(self, connection: Connection, entry: Entry) -> None:
        """Add an entry to the audit log, in the transaction of what it tells of."""
        add_entry(connection, self.actor, entry, self.console.wall())

    # --- campaigns

    def campaign(self, connection: Connection, campaign_id: str, right: Right) -> Row[Any]:
        """A campaign that the visitor's right reaches.

        Raises:
            HTTPException: 404, whether it does not exist or is out of reach: others' campaigns are nobody's business.
        """
        try:
            row = manage.require(connection, campaign_id)
        except manage.UnknownCampaign:
            raise HTTPException(404, gettext("There is no such campaign, or it is not one of yours.")) from None
        if not is_within(self.visitor, right, owner_of(connection, campaign_id)):
            raise HTTPException(404, gettext("There is no such campaign, or it is not one of yours."))
        return row

    def reaches(self, connection: Connection, campaign_id: str, right: Right) -> bool:
        """Whether the visitor's right reaches a campaign: for buttons."""
        return self.may(right) and is_within(self.visitor, right, owner_of(connection, campaign_id))

    def shown_number(self, connection: Connection, campaign_id: str | None) -> Any:
        """The function that shows phone numbers of a campaign to this visitor: whole, or masked."""
        grant = self.visitor.grant(Right.NUMBERS_SHOW)
        whole = bool(grant) and not grant.reason and (campaign_id is None or self.reaches(connection, campaign_id, Right.NUMBERS_SHOW))
        return formats.phone if whole else formats.masked

    def zone_of(self, campaign: Row[Any]) -> str:
        """The time zone of a campaign: of its calling window; the visitor's if it has none."""
        window = (campaign.settings or {}).get("calling_window") or {}
        return str(window.get("time_zone") or self.zone)

    def at(self, moment: datetime, zone: str | None = None) -> str:
        """A moment in plain text, with its zone."""
        return formats.full_moment(moment, zone or self.zone)


async def _page(request: Request) -> Page:
    return Page(console_of(request), request)


ThePage = Annotated[Page, Depends(_page)]
