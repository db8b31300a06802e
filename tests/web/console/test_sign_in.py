"""Signing in: the first admin, passwords, codes, sessions, attempts, forged requests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest

from tests.web.console.support import PASSWORD, Desk, text_of
from web.console.accounts import links, sessions
from web.console.audit.log import AuditFilter, broken_at, list_entries
from web.console.rights import Role


def actions(desk: Desk) -> list[tuple[str, str]]:
    """What the audit log tells, oldest first."""
    with desk.console.db.read() as connection:
        return [(row.action, row.result) for row in reversed(list_entries(connection, AuditFilter(), limit=100))]


def test_the_first_link_makes_the_first_admin_once(console: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        path = desk.first.partition("/console")[2]
        assert path.startswith("/first/")
        browser = desk.browser()
        assert "one-time link" in text_of(await browser.get("/sign-in"))
        wrong = await browser.post(path, 422, name="Ada", login="ada@example.com", password="short")
        assert "too short" in text_of(wrong)
        made = await browser.post(path, name="Ada", login=" Ada@Example.com ", password=PASSWORD, time_zone="Asia/Kolkata")
        home = text_of(await browser.follow(made))
        assert "Hello, Ada" in home
        assert "IST" in home
        other = desk.browser()
        assert "has been used" in text_of(await other.get(path, 404))
        await other.post(path, 404, name="Eve", login="eve", password=PASSWORD)
        await other.sign_in("ada@example.com")
        assert ("user.first", "done") in actions(desk)
        assert ("session.opened", "done") in actions(desk)

    console(test)


def test_wrong_passwords_are_refused_noted_and_slowed_down(console_on_sqlite: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        await desk.user("ada", Role.MANAGER)
        browser = desk.browser()
        for login in ("ada", "nobody"):
            assert "do not fit" in text_of(await browser.sign_in(login, "wrong password", 401))
        for _ in range(30):
            await browser.http.post(
                "/console/sign-in", data={"login": "ada", "password": "x" * 12}, headers={"Sec-Fetch-Site": "same-origin"}
            )
        await browser.sign_in("ada", PASSWORD, 429)
        assert ("session.refused", "failed") in actions(desk)
        with desk.console.db.read() as connection:
            assert "nobody" not in {row.actor for row in list_entries(connection, AuditFilter(action="session.refused"), limit=100)}

    console_on_sqlite(test)


def test_a_code_works_once(console_on_sqlite: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(desk: Desk) -> None:
        browser = await desk.signed_in(Role.MANAGER, login="ada")
        page = await browser.post("/account/code/new", 200)
        secret = page.text.partition('name="secret" value="')[2].partition('"')[0]
        now = desk.console.wall()
        await browser.post("/account/code", 422, secret=secret, code="000000")
        await browser.post("/account/code", secret=secret, code=pyotp.TOTP(secret).at(now))
        other = desk.browser()
        assert "authenticator" in text_of(await other.post("/sign-in", 200, login="ada", password=PASSWORD))
        used = pyotp.TOTP(secret).at(now)
        assert "does not fit" in text_of(await other.post("/sign-in", 401, login="ada", password=PASSWORD, code=used))
        fresh = pyotp.TOTP(secret).at(now + timedelta(seconds=30))
        await other.post("/sign-in", login="ada", password=PASSWORD, code=fresh)
        await other.get("/account")
        await desk.browser().post("/sign-in", 401, login="ada", password=PASSWORD, code=fresh)

    console_on_sqlite(test)


def test_sessions_end_idle_in_the_end_and_when_revoked(console: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        first = await desk.signed_in(Role.MANAGER, login="ada")
        second = desk.browser()
        await second.sign_in("ada")
        with desk.console.db.read() as connection:
            user = list_entries(connection, AuditFilter(action="session.opened"), limit=1)[0].object_id
            ids = [row.id for row in sessions.sessions_of(connection, user, desk.console.wall())]
        assert len(ids) == 2
        page = await first.get("/account")
        other = next(one for one in ids if f"/account/sessions/{one}/end" in page.text)
        await first.post(f"/account/sessions/{other}/end")
        assert (await second.get("/", 303)).headers["location"] == "/console/sign-in"
        start = desk.whole.wall()
        desk.at(start + sessions.IDLE - timedelta(minutes=1))
        await first.get("/account")
        desk.at(start + sessions.IDLE + timedelta(hours=1))
        await first.get("/account")  # it was used in between
        desk.at(start + 3 * sessions.IDLE)
        await first.get("/account", 303)
        third = desk.browser()
        desk.at(start)
        await third.sign_in("ada")
        for hours in range(0, int(sessions.LONGEST.total_seconds() // 3600) - 1, 7):
            desk.at(start + timedelta(hours=hours))
            await third.get("/account")
        desk.at(start + sessions.LONGEST + timedelta(seconds=1))
        await third.get("/account", 303)

    console(test)


def test_forms_of_other_sites_are_refused(console_on_sqlite: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        browser = await desk.signed_in(Role.MANAGER)
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Origin": "http://console"},
            {"Sec-Fetch-Site": "none"},
            {"Origin": "http://elsewhere.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "same-origin", "Origin": "http://elsewhere.example"},
            {},
        ):
            await browser.post("/account/theme", 403, headers=headers, theme="dark")
            await desk.browser().post("/sign-in", 403, headers=headers, login="manager", password=PASSWORD)
        await browser.post("/account/theme", 303, headers={"Origin": "http://console"}, theme="dark")
        browser.token = "x" * 40
        assert "Nothing was done" in text_of(await browser.post("/account/theme", 403, theme="dark"))

    console_on_sqlite(test)


def test_the_cookie_is_hidden_from_scripts_and_the_next_page_is_ours(console_on_sqlite: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        await desk.user("ada", Role.MANAGER)
        for wanted, location in (
            ("/campaigns?state=running", "/console/campaigns?state=running"),
            ("//evil.example", "/console/"),
            ("/\\evil.example", "/console/"),
            ("https://evil.example", "/console/"),
        ):
            response = await desk.browser().post("/sign-in", login="ada", password=PASSWORD, next=wanted)
            assert response.headers["location"] == location
            cookie = response.headers["set-cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=lax" in cookie
            assert "Path=/console" in cookie
            assert "Secure" not in cookie
        secure = desk.browser()
        secure.http.base_url = "https://console"
        response = await secure.post("/sign-in", headers={"Sec-Fetch-Site": "same-origin"}, login="ada", password=PASSWORD)
        assert "Secure" in response.headers["set-cookie"]

    console_on_sqlite(test)


def test_a_link_is_used_up_by_one_and_an_older_one_is_withdrawn(console: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        now = desk.console.wall()
        user = await desk.user("bob", Role.AGENT)
        with desk.console.db.write() as connection:
            older, newer = (links.make_link(connection, "password", user, now) for _ in range(2))
            assert links.find_link(connection, older, now) is None
            assert links.find_link(connection, newer, now + links.LIFETIMES["password"]) is None
        browser = desk.browser()
        await browser.post(f"/invitation/{newer}", password="another good password")
        await browser.post(f"/invitation/{newer}", 404, password="a third good password")
        await desk.browser().sign_in("bob", PASSWORD, 401)
        await desk.browser().sign_in("bob", "another good password")
        with desk.console.db.read() as connection:
            assert broken_at(connection) is None

    console(test)
