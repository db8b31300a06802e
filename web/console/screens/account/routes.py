"""One's own account."""

from __future__ import annotations

from zoneinfo import available_timezones

from babel import Locale
from starlette.exceptions import HTTPException
from starlette.responses import Response

from web.console.accounts import sessions, users
from web.console.accounts.passwords import SHORTEST, complaint_about_password
from web.console.accounts.totp import code_fits, new_secret, qr_of
from web.console.audit.log import Entry
from web.console.i18n import gettext as _
from web.console.i18n import languages, use_locale
from web.console.pages import Page, ThePage
from web.console.rights import Right, Role
from web.console.routing import Screen
from web.console.screens.sign_in.routes import complaint_in_words

__all__ = ["screen"]

screen = Screen()
_REGIONS = {"en": ("en_GB", "en_IN", "en_US"), "hi": ("hi_IN",)}


def locales() -> dict[str, str]:
    """The locales that can be chosen: each language that has a catalogue, in its regions."""
    codes = [code for language in languages() for code in _REGIONS.get(language, (language,))]
    return {code: (Locale.parse(code).get_display_name(code) or code).capitalize() for code in codes}


@screen.get("/account", Right.ACCOUNT)
async def show_account(page: ThePage) -> Response:
    """The account."""
    return _account(page)


def _account(page: Page, status: int = 200, wrong: dict[str, str] | None = None, secret: str = "") -> Response:
    console, visitor = page.console, page.visitor
    with console.db.read() as connection:
        user = users.read_user(connection, visitor.user_id)
        open_sessions = sessions.sessions_of(connection, visitor.user_id, console.wall())
    assert user is not None
    return page.html(
        "screens/account/account.html",
        status=status,
        user=user,
        sessions=open_sessions,
        wrong=wrong or {},
        shortest=SHORTEST,
        locales=locales(),
        zones=sorted(available_timezones()),
        secret=secret,
        qr=qr_of(secret, visitor.login) if secret else "",
    )


@screen.post("/account/role", Right.ACCOUNT)
async def change_role(page: ThePage) -> Response:
    """Act in another of one's roles."""
    role = (await page.texts()).get("role", "")
    if role not in page.visitor.roles:
        raise HTTPException(404, _("You do not have this role."))
    with page.console.db.write() as connection:
        sessions.act_as(connection, page.visitor.session_id, Role(role))
        page.note(
            connection, Entry("role.changed", "user", page.visitor.user_id, before={"role": str(page.visitor.role)}, after={"role": role})
        )
    return page.redirect("/", _("You act as %(role)s now.") % {"role": _(role)})


@screen.post("/account/theme", Right.ACCOUNT)
async def change_theme(page: ThePage) -> Response:
    """Light, dark, or as the system."""
    form = await page.texts()
    theme = form.get("theme", "")
    with page.console.db.write() as connection:
        users.change_user(connection, page.visitor.user_id, theme=theme if theme in {"light", "dark"} else None)
    back = form.get("back", "")
    return page.redirect(back if back.startswith("/") and not back.startswith("//") and "\\" not in back else "/")


@screen.post("/account/profile", Right.ACCOUNT)
async def change_profile(page: ThePage) -> Response:
    """Name, language, time zone."""
    form = await page.texts()
    name, locale, zone = form.get("name", "")[:200], form.get("locale", ""), form.get("time_zone", "")
    wrong = {}
    if not name:
        wrong["name"] = _("Give the name that colleagues know.")
    if zone not in available_timezones():
        wrong["time_zone"] = _("There is no such time zone. Choose one from the list, such as Asia/Kolkata.")
    if wrong:
        return _account(page, 422, wrong)
    values = {"name": name, "locale": locale if locale in locales() else None, "time_zone": zone}
    with page.console.db.write() as connection:
        users.change_user(connection, page.visitor.user_id, **values)
    use_locale(values["locale"] or "en_GB")
    return page.redirect("/account", _("Saved."))


@screen.post("/account/password", Right.ACCOUNT)
async def change_password(page: ThePage) -> Response:
    """A new password; it ends one's other sessions."""
    console, visitor, form = page.console, page.visitor, await page.form()
    now = console.wall()
    with console.db.read() as connection:
        user = users.read_user(connection, visitor.user_id)
    assert user is not None
    if console.attempts.are_refused("", visitor.login, now.timestamp()):
        return _account(page, 429, {"current": _("Too many attempts. Wait half a minute, then try again.")})
    new = str(form.get("password", ""))
    if not await console.passwords.fits(str(form.get("current", "")), user.password_hash):
        console.attempts.failed("", visitor.login, now.timestamp())
        return _account(page, 422, {"current": _("This is not your password.")})
    if (complaint := complaint_about_password(new, visitor.login)) is not None:
        return _account(page, 422, {"password": complaint_in_words(complaint)})
    hashed = await console.passwords.hash(new)
    with console.db.write() as connection:
        users.change_user(connection, visitor.user_id, password_hash=hashed)
        sessions.end_sessions_of(connection, visitor.user_id, now, but=visitor.session_id)
        page.note(connection, Entry("password.changed", "user", visitor.user_id))
    return page.redirect("/account", _("Your password is changed. Your other sessions have ended."))


@screen.post("/account/sessions/{session_id}/end", Right.ACCOUNT)
async def end_session(page: ThePage, session_id: str) -> Response:
    """End one of one's sessions."""
    with page.console.db.write() as connection:
        ended = sessions.end_session(connection, page.visitor.user_id, session_id, page.console.wall())
        if ended:
            page.note(connection, Entry("session.ended", "user", page.visitor.user_id))
    if not ended:
        raise HTTPException(404, _("There is no such session, or it has ended."))
    return page.redirect("/account", _("The session has ended."))


@screen.post("/account/code/new", Right.ACCOUNT)
async def begin_code(page: ThePage) -> Response:
    """Show a new secret to scan; it counts once a code of it was typed."""
    return _account(page, secret=new_secret())


@screen.post("/account/code", Right.ACCOUNT)
async def set_code(page: ThePage) -> Response:
    """Turn two-step sign-in on."""
    form, console = await page.texts(), page.console
    secret, now = form.get("secret", ""), console.wall()
    step = code_fits(secret, form.get("code", "").replace(" ", ""), now, None) if secret.isalnum() and len(secret) == 32 else None
    if step is None:
        return _account(page, 422, {"code": _("The code does not fit. Take the newest one from your app; each works once.")}, secret)
    with console.db.write() as connection:
        users.change_user(connection, page.visitor.user_id, totp_secret=console.box.encrypt(secret), totp_last_step=step)
        page.note(connection, Entry("code.on", "user", page.visitor.user_id))
    return page.redirect("/account", _("From now on a code of your app is asked for when you sign in."))


@screen.post("/account/code/off", Right.ACCOUNT)
async def unset_code(page: ThePage) -> Response:
    """Turn two-step sign-in off; the password is asked for."""
    console, visitor = page.console, page.visitor
    with console.db.read() as connection:
        user = users.read_user(connection, visitor.user_id)
    assert user is not None
    now = console.wall()
    refused = console.attempts.are_refused("", visitor.login, now.timestamp())
    if refused or not await console.passwords.fits(str((await page.form()).get("current", "")), user.password_hash):
        console.attempts.failed("", visitor.login, now.timestamp())
        return _account(page, 422, {"off": _("This is not your password.")})
    with console.db.write() as connection:
        users.change_user(connection, visitor.user_id, totp_secret=None, totp_last_step=None)
        page.note(connection, Entry("code.off", "user", visitor.user_id))
    return page.redirect("/account", _("No code is asked for any more."))
