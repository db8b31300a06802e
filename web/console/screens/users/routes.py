"""Users for admins: list, invite, change roles and team, new password, disable."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row
from starlette.exceptions import HTTPException
from starlette.responses import Response

from web.console.accounts import links, sessions, teams, users
from web.console.audit.log import Entry
from web.console.i18n import gettext as _
from web.console.i18n import no_op as N_
from web.console.pages import Page, ThePage
from web.console.rights import Right, Role
from web.console.routing import Nav, Screen

__all__ = ["screen"]

screen = Screen(Nav(N_("Users"), "/admin/users", "people-fill", Right.ADMIN_READ, order=90, group=N_("Administration")))


@screen.get("/admin/users", Right.ADMIN_READ)
async def show_users(page: ThePage) -> Response:
    """The list."""
    return _list(page)


def _list(page: Page, status: int = 200, **more: Any) -> Response:
    with page.console.db.read() as connection:
        rows, team_rows = users.all_users(connection), teams.all_teams(connection)
    values = {"wrong": {}, "values": {}, "link": "", "link_for": "", **more}
    names = {team.id: team.name for team in team_rows}
    return page.html("screens/users/users.html", status=status, users=rows, teams=team_rows, team_names=names, **values)


async def _roles(page: Page) -> list[Role]:
    chosen = (await page.form()).getlist("roles")
    return [role for role in Role if role in chosen]


@screen.post("/admin/users", Right.ADMIN_EDIT)
async def invite(page: ThePage) -> Response:
    """Add a user; the link by which they set their password is shown once."""
    console, form, roles = page.console, await page.texts(), await _roles(page)
    login, name = users.login_of(form.get("login", "")), form.get("name", "")[:200]
    wrong = {}
    if not users.is_login(login):
        wrong["login"] = _("Give an e-mail address, or a name without spaces.")
    if not name:
        wrong["name"] = _("Give the name that colleagues know.")
    if not roles:
        wrong["roles"] = _("Choose at least one role.")
    if wrong:
        return _list(page, 422, wrong=wrong, values=form)
    now = console.wall()
    try:
        with console.db.write() as connection:
            user_id = users.add_user(connection, login, name, roles, now, team_id=teams.ensure_team(connection, form.get("team", ""), now))
            token = links.make_link(connection, "invitation", user_id, now)
            page.note(connection, Entry("user.invited", "user", user_id, after={"login": login, "roles": ", ".join(roles)}))
    except users.LoginTaken:
        return _list(page, 422, wrong={"login": _("Somebody has this login already.")}, values=form)
    return _list(page, link=console.url(f"/invitation/{token}"), link_for=name)


def _user(connection: Connection, user_id: str) -> Row[Any]:
    user = users.read_user(connection, user_id)
    if user is None:
        raise HTTPException(404, _("There is no such user."))
    return user


@screen.get("/admin/users/{user_id}", Right.ADMIN_READ)
async def show_user(page: ThePage, user_id: str) -> Response:
    """One user."""
    with page.console.db.read() as connection:
        user = _user(connection, user_id)
        opened = sessions.sessions_of(connection, user_id, page.console.wall())
        team_rows = teams.all_teams(connection)
    team = next((team.name for team in team_rows if team.id == user.team_id), "")
    return page.html("screens/users/user.html", user=user, sessions=opened, team=team, teams=team_rows)


@screen.post("/admin/users/{user_id}", Right.ADMIN_EDIT)
async def change(page: ThePage, user_id: str) -> Response:
    """Change roles and team; the last admin stays one."""
    console, form, roles = page.console, await page.texts(), await _roles(page)
    path = f"/admin/users/{user_id}"
    if not roles:
        return page.redirect(path, _("Choose at least one role."), "danger")
    now = console.wall()
    with console.db.write() as connection:
        user = _user(connection, user_id)
        if Role.ADMIN not in roles and users.last_admin(connection, user_id):
            return page.redirect(path, _("This is the only admin. Make somebody else an admin first."), "danger")
        team_id = teams.ensure_team(connection, form.get("team", ""), now)
        users.change_user(connection, user_id, roles=[str(role) for role in roles], team_id=team_id)
        before = {"roles": ", ".join(user.roles), "team": user.team_id}
        page.note(connection, Entry("user.changed", "user", user_id, before=before, after={"roles": ", ".join(roles), "team": team_id}))
    return page.redirect(path, _("Saved."))


@screen.post("/admin/users/{user_id}/password", Right.ADMIN_EDIT)
async def new_password(page: ThePage, user_id: str) -> Response:
    """A link by which the user sets a new password; it is shown once."""
    console = page.console
    with console.db.write() as connection:
        user = _user(connection, user_id)
        token = links.make_link(connection, "password" if user.password_hash else "invitation", user_id, console.wall())
        page.note(connection, Entry("password.link_made", "user", user_id))
    return _list(page, link=console.url(f"/invitation/{token}"), link_for=user.name)


@screen.post("/admin/users/{user_id}/sessions", Right.ADMIN_EDIT)
async def end_sessions(page: ThePage, user_id: str) -> Response:
    """End every session of a user."""
    with page.console.db.write() as connection:
        _user(connection, user_id)
        ended = sessions.end_sessions_of(connection, user_id, page.console.wall(), but=page.visitor.session_id)
        page.note(connection, Entry("sessions.ended", "user", user_id, after={"sessions": ended}))
    return page.redirect(f"/admin/users/{user_id}", _("%(n)s sessions have ended.") % {"n": ended})


@screen.post("/admin/users/{user_id}/disable", Right.ADMIN_EDIT)
async def disable(page: ThePage, user_id: str) -> Response:
    """Let a user sign in no more, and end their sessions; or again."""
    console = page.console
    again = (await page.texts()).get("again") == "yes"
    with console.db.write() as connection:
        _user(connection, user_id)
        if not again and (user_id == page.visitor.user_id or users.last_admin(connection, user_id)):
            return page.redirect(f"/admin/users/{user_id}", _("You cannot shut yourself or the last admin out."), "danger")
        users.change_user(connection, user_id, disabled_at=None if again else console.wall())
        if not again:
            sessions.end_sessions_of(connection, user_id, console.wall())
        page.note(connection, Entry("user.enabled" if again else "user.disabled", "user", user_id))
    return page.redirect(f"/admin/users/{user_id}", _("They can sign in again.") if again else _("They cannot sign in any more."))


@screen.post("/admin/users/{user_id}/code/off", Right.ADMIN_EDIT)
async def reset_code(page: ThePage, user_id: str) -> Response:
    """Turn two-step sign-in off for somebody who lost the phone."""
    with page.console.db.write() as connection:
        _user(connection, user_id)
        users.change_user(connection, user_id, totp_secret=None, totp_last_step=None)
        page.note(connection, Entry("code.off", "user", user_id, reason="by an admin"))
    return page.redirect(f"/admin/users/{user_id}", _("No code is asked for any more."))
