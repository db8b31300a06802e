"""Who asks, and whether the route lets them: asked before every route of the console.

Refused
├── SignInNeeded      nobody is signed in, or the session has ended
├── Forbidden         the acting role does not have the right
└── Forged            another site may have sent this
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Callable
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from web.console.accounts.sessions import Visitor, find_visitor, is_due, touch
from web.console.console import Console, console_of
from web.console.i18n import negotiated, use_locale
from web.console.rights import Right

__all__ = ["COOKIE", "Forbidden", "Forged", "Refused", "SignInNeeded", "Who", "address_of", "guard_for", "is_secure", "visitor_of"]

COOKIE = "dialler_session"
_SAFE = ("GET", "HEAD")


class Refused(Exception):
    """A request that is not carried out."""


class SignInNeeded(Refused):
    """Nobody is signed in, or the session has ended."""


class Forbidden(Refused):
    """The acting role does not have the right."""

    def __init__(self, right: Right) -> None:
        super().__init__(right)
        self.right = right


class Forged(Refused):
    """The request does not come from a page of this console, as far as can be told."""


def address_of(request: Request) -> str | None:
    """The address that a request comes from."""
    return request.client.host if request.client else None


def is_secure(request: Request, console: Console) -> bool:
    """Whether the browser speaks https with us or with what is in front of us."""
    return request.url.scheme == "https" or console.whole.settings.public_base_url.startswith("https:")


def guard_for(right: Right) -> Callable[[Request], AsyncIterator[None]]:
    """The dependency of a route that needs `right`. In the end it closes the files of a form that was read."""

    async def guard(request: Request) -> AsyncIterator[None]:
        try:
            await check(request)
            yield
        finally:
            await request.close()

    async def check(request: Request) -> None:
        console = console_of(request)
        use_locale(negotiated(request.headers.get("accept-language", "")))
        visitor = _find(request, console)
        request.state.visitor = visitor
        if visitor is not None and visitor.locale:
            use_locale(visitor.locale)
        if request.method not in _SAFE:
            check_origin(request, console)
        if right is Right.ANYBODY:
            return
        if visitor is None:
            raise SignInNeeded
        if request.method not in _SAFE and not hmac.compare_digest((await _token(request)).encode(), visitor.csrf.encode()):
            raise Forged
        if not visitor.may(right):
            raise Forbidden(right)

    guard.right = right  # type: ignore[attr-defined] # a test reads it
    return guard


def _find(request: Request, console: Console) -> Visitor | None:
    token = request.cookies.get(COOKIE, "")
    if not token:
        return None
    now = console.wall()
    with console.db.read() as connection:
        found = find_visitor(connection, token, now)
    if found is None:
        return None
    visitor, seen_at = found
    if is_due(seen_at, now):
        with console.db.write() as connection:
            touch(connection, visitor.session_id, now)
    return visitor


def check_origin(request: Request, console: Console) -> None:
    """Refuse what another site sent: by Fetch Metadata, and by Origin where browsers leave that out (plain http on a LAN).

    Raises:
        Forged: it does, or neither header is there.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site != "same-origin":
        raise Forged
    if origin is not None and not _is_ours(origin, request, console):
        raise Forged
    if site is None and origin is None:
        raise Forged


def _is_ours(origin: str, request: Request, console: Console) -> bool:
    given = urlsplit(origin)
    public = urlsplit(console.whole.settings.public_base_url)
    return given.netloc == request.headers.get("host") or (given.scheme, given.netloc) == (public.scheme, public.netloc)


async def _token(request: Request) -> str:
    if (sent := request.headers.get("x-csrf-token")) is not None:
        return sent
    kind = request.headers.get("content-type", "")
    if kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        value = (await request.form(max_files=20, max_fields=500)).get("_token")
        return value if isinstance(value, str) else ""
    return ""


async def _visitor(request: Request) -> Visitor:
    visitor = visitor_of(request)
    if visitor is None:
        raise SignInNeeded
    return visitor


def visitor_of(request: Request) -> Visitor | None:
    """Who is signed in; None on pages that need no sign-in."""
    found = getattr(request.state, "visitor", None)
    assert found is None or isinstance(found, Visitor)
    return found


Who = Annotated[Visitor, Depends(_visitor)]
