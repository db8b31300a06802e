"""The console of a whole process, asked as a browser asks it: cookies, forms with their token, fetch metadata; in virtual time."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from pwdlib.hashers.argon2 import Argon2Hasher

from tests.dialler.api.support import BOT, lead_file
from tests.web.run.folders import settings_for
from web.composition import Whole, open_whole
from web.console.accounts import users
from web.console.accounts.passwords import Passwords
from web.console.application import add_console, first_address
from web.console.console import Console
from web.console.ownership import Owner, assign
from web.console.rights import Role

__all__ = ["PASSWORD", "Browser", "Desk", "run_console", "text_of"]

PASSWORD = "correct horse battery"
QUICK = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
_TOKEN = re.compile(r'name="_token" value="([^"]+)"')


def text_of(response: httpx.Response) -> str:
    """The text of a page, without tags, with single blanks."""
    plain = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", response.text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", plain)).split())


@dataclass
class Browser:
    """One browser: its cookies, and the token of the page that it saw last."""

    http: httpx.AsyncClient
    token: str = ""

    async def get(self, path: str, status: int = 200, **headers: str) -> httpx.Response:
        """Open a page of the console."""
        response = await self.http.get(f"/console{path}", headers={"Sec-Fetch-Site": "same-origin", **headers})
        assert response.status_code == status, f"{path}: {response.status_code}\n{text_of(response)[:2000]}"
        if found := _TOKEN.search(response.text):
            self.token = found[1]
        return response

    async def post(
        self, path: str, status: int = 303, files: Any = None, headers: dict[str, str] | None = None, **form: Any
    ) -> httpx.Response:
        """Send a form."""
        given = {"Sec-Fetch-Site": "same-origin", "Origin": "http://console"} if headers is None else headers
        response = await self.http.post(f"/console{path}", data={"_token": self.token, **form}, files=files, headers=given)
        assert response.status_code == status, f"{path}: {response.status_code}\n{text_of(response)[:2000]}"
        return response

    async def follow(self, response: httpx.Response) -> httpx.Response:
        """Open the page that a form leads to."""
        return await self.get(response.headers["location"].removeprefix("/console"))

    async def sign_in(self, login: str, password: str = PASSWORD, status: int = 303) -> httpx.Response:
        """Sign in, and open the first page for its token."""
        response = await self.post("/sign-in", status, login=login, password=password)
        if status == 303:
            await self.get("/account")
        return response


@dataclass
class Desk:
    """The console of a process, and browsers that are open on it."""

    whole: Whole
    console: Console
    first: str
    browsers: list[httpx.AsyncClient] = field(default_factory=list)

    def browser(self, **headers: str) -> Browser:
        """A new browser, signed in as nobody."""
        transport = httpx.ASGITransport(app=self.whole.app)
        http = httpx.AsyncClient(transport=transport, base_url="http://console", headers=headers, timeout=60)
        self.browsers.append(http)
        return Browser(http)

    def at(self, now: datetime) -> None:
        """From now on the wall clock shows this."""
        self.whole.wall = lambda: now

    async def user(self, login: str, *roles: Role, team: str | None = None) -> str:
        """A user with these roles. Returns the id."""
        hashed = await self.console.passwords.hash(PASSWORD)
        with self.console.db.write() as connection:
            return users.add_user(connection, login, login.title(), roles, self.console.wall(), password_hash=hashed, team_id=team)

    async def signed_in(self, *roles: Role, login: str | None = None, team: str | None = None) -> Browser:
        """A browser in which a new user with these roles is signed in."""
        login = login or str(roles[0])
        await self.user(login, *roles, team=team)
        browser = self.browser()
        await browser.sign_in(login)
        return browser

    async def campaign(self, numbers: list[str], owner: Owner | None = None, *, start: bool = False, **settings: Any) -> str:
        """A campaign over the API, with leads; whose, if said."""
        from core.access.keys import create
        from core.kernel.ids import Ids

        with self.console.db.write() as connection:
            key = create(connection, key_id=Ids().new(), name="admin", now=self.whole.clock.now(), role="admin").key
        transport = httpx.ASGITransport(app=self.whole.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api", headers={"X-API-Key": key}, timeout=60) as http:
            await http.post("/api/v1/bots", json=BOT)
            made = await http.post("/api/v1/campaigns", json={"name": "May", "bot_id": "reminder", **settings})
            assert made.status_code == 201, made.text
            campaign_id = str(made.json()["id"])
            if numbers:
                sent = await http.post(
                    f"/api/v1/campaigns/{campaign_id}/leads", files={"file": ("leads.csv", lead_file(numbers), "text/csv")}
                )
                assert sent.status_code == 200, sent.text
            if start:
                assert (await http.post(f"/api/v1/campaigns/{campaign_id}/start")).status_code == 200
        if owner is not None:
            with self.console.db.write() as connection:
                assign(connection, campaign_id, owner)
        return campaign_id


def run_console(test: Callable[[Desk], Coroutine[Any, Any, Any]], database_url: str, folder: Path, **settings: Any) -> None:
    """Run `test(desk)` to its end in virtual time."""

    async def main() -> None:
        async with open_whole(settings_for(folder, database_url, **settings)) as whole:
            console = add_console(whole)
            console.passwords = Passwords(QUICK)
            desk = Desk(whole, console, first_address(console))
            try:
                await test(desk)
            finally:
                console.close()
                for http in desk.browsers:
                    await http.aclose()

    asyncio.run(asyncio.wait_for(main(), 120))
