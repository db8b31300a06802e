"""A Chromium for the tests of the console: fails on errors in its console, on violations of the content policy, on failed scripts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.live.parts import program

__all__ = ["PASSWORD", "Visit", "browser", "make_first_admin", "visiting"]

PASSWORD = "correct horse battery"
AXE = Path(__file__).with_name("axe.min.js")


@dataclass
class Visit:
    """A context of a browser (its own cookies), and what went wrong in it."""

    context: BrowserContext
    base: str
    wrong: list[str] = field(default_factory=list)

    def page(self) -> Page:
        """A new tab."""
        page = self.context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.wrong.append(f"{page.url}: {error}"))
        return page

    def _heard(self, message: Any) -> None:
        if message.type == "error" and "status of" not in message.text:  # a 4xx that a test asks for is not a fault of the page
            self.wrong.append(f"{message.location.get('url')}: {message.text}")

    def sign_in(self, login: str, password: str = PASSWORD) -> Page:
        """Sign in; returns the tab."""
        page = self.page()
        page.goto(f"{self.base}/sign-in")
        page.get_by_label("E-mail address or name").fill(login)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{self.base}/")
        return page


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """A Chromium without a window."""
    playwright: Playwright
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program("chromium"), args=["--no-sandbox"])
        try:
            yield started
        finally:
            started.close()


@contextlib.contextmanager
def visiting(chromium: Browser, base: str, *, width: int = 1280, scheme: Any = "light", locale: str = "en-IN") -> Iterator[Visit]:
    """A visitor of the console; in the end nothing may have gone wrong in their browser."""
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, locale=locale, timezone_id="Asia/Kolkata", reduced_motion="reduce"
    )
    context.set_default_timeout(20_000)
    visit = Visit(context, base)
    try:
        yield visit
    finally:
        context.close()
    assert not visit.wrong, "\n".join(visit.wrong)


def make_first_admin(visit: Visit, first: str, name: str = "Asha Rao", login: str = "asha@example.com") -> Page:
    """Make the first admin by the link that the server printed; returns the tab."""
    page = visit.page()
    page.goto(first)
    page.get_by_label("Your name").fill(name)
    page.get_by_label("E-mail").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    page.wait_for_url(f"{visit.base}/")
    return page
