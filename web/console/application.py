"""Builds the app of the console and mounts it: screens, static files, security headers, error pages in words."""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import Iterator
from typing import Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.access.installation import open_box
from core.kernel.failures import without_values
from web.composition import Whole
from web.console import screens
from web.console.accounts.links import make_link
from web.console.accounts.users import count_users
from web.console.audit.log import Entry, add_entry
from web.console.console import PREFIX, Console, console_of
from web.console.guard import Forbidden, Forged, SignInNeeded
from web.console.i18n import gettext as _
from web.console.live.hub import Hub
from web.console.pages import ROOT, Page, make_templates
from web.console.rights import Right, Role, grant_of
from web.console.routing import Screen

__all__ = ["CSP", "add_console", "every_screen", "first_address"]

log = logging.getLogger(__name__)

CSP: Final = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
_HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
}


def every_screen() -> Iterator[tuple[str, Screen]]:
    """The screens: every package in `web.console.screens` has a `screen` in its module `routes`."""
    for found in pkgutil.iter_modules(screens.__path__):
        module = importlib.import_module(f"{screens.__name__}.{found.name}.routes")
        assert isinstance(module.screen, Screen), found.name
        yield found.name, module.screen


def add_console(whole: Whole) -> Console:
    """Mount the console in a process's app, and let `/` lead there. Close what this returns before the server stops."""
    with whole.db.read() as connection:
        box = open_box(connection, whole.settings.data_folder, whole.settings.environ)
    console = Console(whole, box, Hub(whole.settings.database_url))
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.console, app.state.templates, app.state.navigation = console, make_templates(), []
    router = APIRouter()
    for _name, screen in every_screen():
        router.routes.extend(screen.router.routes)
        if screen.nav is not None:
            app.state.navigation.append(screen.nav)
        for kind, source in screen.sources.items():
            console.hub.register(kind, source)
    router.routes.sort(key=_specific)
    app.include_router(router)
    app.mount("/static", _Static(directory=ROOT / "static"), name="static")
    _add_error_pages(app)
    app.add_middleware(_Edge)
    whole.app.mount(PREFIX, app)

    async def to_console(_: Request) -> Response:
        return RedirectResponse(console.base + "/", status_code=307)

    whole.app.router.routes.append(Route("/", to_console, include_in_schema=False))
    whole.app.state.console = console
    return console


def _specific(route: BaseRoute) -> list[bool]:
    """The key that sorts `/campaigns/new` before `/campaigns/{campaign_id}`, whichever screens they belong to."""
    return [part.startswith("{") for part in str(getattr(route, "path", "")).split("/")]


def first_address(console: Console) -> str:
    """What to open in a browser: the one-time link that makes the first admin, as long as there is no user; else the sign-in."""
    with console.db.write() as connection:
        if count_users(connection):
            return console.url("/")
        return console.url(f"/first/{make_link(connection, 'first_admin', None, console.wall())}")


class _Static(StaticFiles):
    """Static files; their addresses have a version in them, so browsers may keep them."""

    def file_response(self, *arguments: object, **more: object) -> Response:
        """The file."""
        response = super().file_response(*arguments, **more)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


class _Edge:
    """Around every request of the console: security headers, and a page in words for a failure that nobody expected."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, with_headers)
        except Exception as error:
            if begun:
                raise
            log.error("a page of the console failed: %s", without_values(error))
            response = _words(
                Request(scope, receive),
                500,
                _("Something failed on our side"),
                _("It is not known what was done before it failed: look before you try again. The log of the server says more."),
            )
            await response(scope, receive, with_headers)


def _add_error_pages(app: FastAPI) -> None:
    @app.exception_handler(SignInNeeded)
    async def sign_in(request: Request, _error: SignInNeeded) -> Response:
        base = console_of(request).base
        if request.headers.get("hx-request") or request.url.path == f"{PREFIX}/live":
            return Response(status_code=401, headers={"HX-Redirect": f"{base}/sign-in"})
        page = Page(console_of(request), request)
        wanted = request.url.path.removeprefix(PREFIX) if request.method == "GET" else ""
        if wanted in {"", "/"}:
            return page.redirect("/sign-in")
        query = f"?{request.url.query}" if request.url.query else ""
        return page.redirect_to_sign_in(wanted + query)

    @app.exception_handler(Forbidden)
    async def forbidden(request: Request, error: Forbidden) -> Response:
        page = Page(console_of(request), request)
        with page.console.db.write() as connection:
            what = Entry(
                "access.denied", "page", request.url.path.removeprefix(PREFIX)[:200], after={"right": str(error.right)}, result="denied"
            )
            add_entry(connection, page.actor, what, page.console.wall())
        return _words(
            request,
            403,
            _("Your role may not do this"),
            _("You act as %(role)s. This needs one of: %(roles)s. If you have one, switch in the account menu; else ask an admin.")
            % {"role": _(page.visitor.role), "roles": ", ".join(map(_, who_may(error.right)))},
        )

    @app.exception_handler(Forged)
    async def forged(request: Request, _error: Forged) -> Response:
        return _words(
            request,
            403,
            _("This form cannot be trusted"),
            _("It does not come from a page of this console that you opened. Nothing was done. Open the page again and repeat."),
        )

    @app.exception_handler(RequestValidationError)
    async def unreadable(request: Request, _error: RequestValidationError) -> Response:
        return _words(
            request, 422, _("The address or the form is not understood"), _("Go back to the page before and try again from there.")
        )

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            detail = str(error.detail)
            return _words(request, 404, _("There is nothing here"), _("The address may be mistyped.") if detail == "Not Found" else detail)
        if error.status_code == 405:
            return _words(request, 405, _("There is nothing here"), _("This address takes no such request."))
        return _words(request, error.status_code, _("That did not work"), str(error.detail))


def who_may(right: Right) -> list[str]:
    """The roles that have a right, for people."""
    return [str(role) for role in Role if grant_of(role, right)]


def _words(request: Request, status: int, title: str, text: str) -> Response:
    page = Page(console_of(request), request)
    template = "layout/error_part.html" if request.headers.get("hx-request") else "layout/error.html"
    return page.html(template, status=status, title=title, text=text)
