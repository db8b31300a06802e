"""Sign in and out; one-time links: the first admin, invitations, new passwords."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import available_timezones

from sqlalchemy import Row
from starlette.exceptions import HTTPException
from starlette.responses import Response

from web.console.accounts import links, sessions, users
from web.console.accounts.passwords import SHORTEST, complaint_about_password
from web.console.accounts.totp import code_fits
from web.console.audit.log import Actor, Entry, add_entry
from web.console.guard import COOKIE, address_of, is_secure
from web.console.i18n import gettext as _
from web.console.pages import Page, ThePage
from web.console.rights import Right, Role
from web.console.routing import Screen

__all__ = ["complaint_in_words", "screen"]

screen = Screen()
_NOWHERE: Final = "/sign-in"


@screen.get("/sign-in", Right.ANYBODY)
async def show_sign_in(page: ThePage) -> Response:
    """The form."""
    with page.console.db.read() as connection:
        nobody = users.count_users(connection) == 0
    return page.html(
        "screens/sign_in/sign_in.html",
        login="",
        wrong="",
        wants_code=False,
        nobody=nobody,
        next=_local(page.request.query_params.get("next", "")),
    )


@screen.post("/sign-in", Right.ANYBODY)
async def sign_in(page: ThePage) -> Response:
    """Check login, password and code."""
    console, form = page.console, await page.texts()
    raw = await page.form()
    password = str(raw.get("password", ""))
    login, code = users.login_of(form.get("login", "")), form.get("code", "").replace(" ", "")
    address = address_of(page.request) or ""
    now = console.wall()

    def again(wrong: str, status: int, *, wants_code: bool = False) -> Response:
        return page.html(
            "screens/sign_in/sign_in.html",
            status=status,
            login=login,
            wrong=wrong,
            wants_code=wants_code,
            nobody=False,
            next=_local(form.get("next", "")),
        )

    if console.attempts.are_refused(address, login, now.timestamp()):
        _note_failure(page, login, "too many attempts")
        return again(_("Too many attempts. Wait half a minute, then try again."), 429)
    with console.db.read() as connection:
        user = users.find_user(connection, login)
    fits = await console.passwords.fits(password, user.password_hash if user is not None else None)
    if user is None or not fits or user.disabled_at is not None:
        console.attempts.failed(address, login, now.timestamp())
        _note_failure(page, login, "wrong login or password")
        return again(_("Login and password do not fit. Capital letters count in the password."), 401)
    if user.totp_secret is not None:
        if not code:
            return again("", 200, wants_code=True)
        step = code_fits(console.box.decrypt(user.totp_secret), code, now, user.totp_last_step)
        if step is None:
            console.attempts.failed(address, login, now.timestamp())
            _note_failure(page, login, "wrong code")
            return again(_("The code does not fit. Take the newest one from your app; each works once."), 401, wants_code=True)
        with console.db.write() as connection:
            users.change_user(connection, user.id, totp_last_step=step)
    return _opened(page, user, form.get("time_zone", ""), _local(form.get("next", "")))


@screen.post("/sign-out", Right.ACCOUNT)
async def sign_out(page: ThePage) -> Response:
    """End this session."""
    visitor = page.visitor
    with page.console.db.write() as connection:
        sessions.end_session(connection, visitor.user_id, visitor.session_id, page.console.wall())
        page.note(connection, Entry("session.ended", "user", visitor.user_id))
    response = page.redirect("/sign-in", _("You are signed out."))
    response.delete_cookie(COOKIE, path=page.console.base)
    return response


@screen.get("/first/{token}", Right.ANYBODY)
async def show_first(page: ThePage, token: str) -> Response:
    """The form that makes the first admin."""
    _link(page, token, "first_admin")
    return page.html("screens/sign_in/first.html", token=token, values={}, wrong={}, shortest=SHORTEST)


@screen.post("/first/{token}", Right.ANYBODY)
async def make_first(page: ThePage, token: str) -> Response:
    """Make the first admin, and sign them in."""
    console, form = page.console, await page.texts()
    _link(page, token, "first_admin")
    login, name = users.login_of(form.get("login", "")), form.get("name", "")[:200]
    password = str((await page.form()).get("password", ""))
    wrong = {}
    if not users.is_login(login):
        wrong["login"] = _("Give an e-mail address, or a name without spaces.")
    if not name:
        wrong["name"] = _("Give the name that colleagues know.")
    if (complaint := complaint_about_password(password, login)) is not None:
        wrong["password"] = complaint_in_words(complaint)
    if wrong:
        return page.html("screens/sign_in/first.html", status=422, token=token, values=form, wrong=wrong, shortest=SHORTEST)
    hashed, now = await console.passwords.hash(password), console.wall()
    with console.db.write() as connection:
        if links.use_link(connection, token, now) is None or users.count_users(connection):
            raise HTTPException(404, _gone())
        # one person who tries the product out is everything; an admin takes roles away later
        user_id = users.add_user(connection, login, name, [Role.ADMIN, Role.MANAGER, Role.SUPERVISOR], now, password_hash=hashed)
        add_entry(
            connection,
            Actor(user_id, login, "admin", address_of(page.request)),
            Entry("user.first", "user", user_id, after={"login": login}),
            now,
        )
        user = users.read_user(connection, user_id)
    assert user is not None
    return _opened(page, user, form.get("time_zone", ""), "/")


@screen.get("/invitation/{token}", Right.ANYBODY)
async def show_invitation(page: ThePage, token: str) -> Response:
    """The form for one's first password, or a new one."""
    link = _link(page, token, "invitation", "password")
    return page.html("screens/sign_in/invitation.html", token=token, kind=link.kind, user=_user(page, link), wrong={}, shortest=SHORTEST)


@screen.post("/invitation/{token}", Right.ANYBODY)
async def accept_invitation(page: ThePage, token: str) -> Response:
    """Set the password, end older sessions, and sign in."""
    console, form = page.console, await page.texts()
    link = _link(page, token, "invitation", "password")
    user = _user(page, link)
    password = str((await page.form()).get("password", ""))
    if (complaint := complaint_about_password(password, user.login)) is not None:
        wrong = {"password": complaint_in_words(complaint)}
        return page.html(
            "screens/sign_in/invitation.html", status=422, token=token, kind=link.kind, user=user, wrong=wrong, shortest=SHORTEST
        )
    hashed, now = await console.passwords.hash(password), console.wall()
    with console.db.write() as connection:
        if links.use_link(connection, token, now) is None:
            raise HTTPException(404, _gone())
        users.change_user(connection, user.id, password_hash=hashed)
        sessions.end_sessions_of(connection, user.id, now)
        actor = Actor(user.id, user.login, user.roles[0], address_of(page.request))
        add_entry(connection, actor, Entry(f"{link.kind}.accepted", "user", user.id), now)
    if user.totp_secret is not None:
        return page.redirect("/sign-in", _("Your password is set. Sign in with it and with a code."))
    return _opened(page, user, form.get("time_zone", ""), "/")


def complaint_in_words(complaint: str) -> str:
    """What is wrong with a new password."""
    return {
        "short": _("It is too short: %(n)s characters at least. Several words are easy to remember.") % {"n": SHORTEST},
        "long": _("It is too long: 1,000 characters at most."),
        "common": _("It is easy to guess. Choose another one."),
    }[complaint]


def _gone() -> str:
    return _("This link has been used, has expired, or was replaced by a newer one. Ask for a new one; the server prints the first.")


def _link(page: Page, token: str, *kinds: str) -> Row[Any]:
    with page.console.db.read() as connection:
        link = links.find_link(connection, token, page.console.wall())
        taken = link is not None and link.kind == "first_admin" and users.count_users(connection) > 0
    if link is None or link.kind not in kinds or taken:
        raise HTTPException(404, _gone())
    return link


def _user(page: Page, link: Row[Any]) -> Row[Any]:
    with page.console.db.read() as connection:
        user = users.read_user(connection, link.user_id)
    if user is None or user.disabled_at is not None:
        raise HTTPException(404, _gone())
    return user


def _opened(page: Page, user: Row[Any], time_zone: str, wanted: str) -> Response:
    console, now = page.console, page.console.wall()
    address = address_of(page.request)
    role = user.roles[0]
    with console.db.write() as connection:
        token = sessions.open_session(connection, user.id, role, now, address=address, agent=page.request.headers.get("user-agent"))
        values: dict[str, Any] = {"last_sign_in_at": now}
        if user.time_zone is None and time_zone in available_timezones():
            values["time_zone"] = time_zone
        users.change_user(connection, user.id, **values)
        add_entry(connection, Actor(user.id, user.login, role, address), Entry("session.opened", "user", user.id), now)
    response = page.redirect(wanted or "/")
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(sessions.LONGEST.total_seconds()),
        path=console.base,
        httponly=True,
        samesite="lax",
        secure=is_secure(page.request, console),
    )
    return response


def _note_failure(page: Page, login: str, why: str) -> None:
    """Note a failed attempt. The text that was typed is kept only if it is a user's: people type passwords into the wrong field."""
    with page.console.db.write() as connection:
        user = users.find_user(connection, login)
        actor = Actor(user.id if user else None, login if user else "unknown", None, address_of(page.request))
        add_entry(
            connection, actor, Entry("session.refused", "user", user.id if user else None, reason=why, result="failed"), page.console.wall()
        )


def _local(path: str) -> str:
    """A path of the console itself; empty for anything else, such as another host's address."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if plain and not path.startswith(_NOWHERE) else ""
