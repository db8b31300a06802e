"""The console in a real browser: nothing that axe finds, no error, no violation of the content policy; live in ten tabs; by keyboard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.live.console.browsing import AXE, browser, make_first_admin, visiting
from tests.live.console.served import SAMPLE, Served, serving

pytestmark = [pytest.mark.live, pytest.mark.needs("chromium")]

LEADS = SAMPLE.parent / "clinic_appointments" / "leads.csv"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The sample campaign, running sixty times as fast as time; its first admin is made."""
    folder = tmp_path_factory.mktemp("console")
    with serving(folder, str(SAMPLE), "--start", "2026-03-04T10:00", "--seed", "1", "--speed", "10") as served:
        yield served


@pytest.fixture(scope="module")
def admin(server: Served, chromium: Browser) -> Served:
    with visiting(chromium, server.base) as visit:
        make_first_admin(visit, server.first)
    return server


def faults(page: Page) -> list[str]:
    """What axe finds on a page."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{page.url} {violation['id']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def addresses(page: Page, base: str) -> list[str]:
    """The screens that can be reached, one of each kind: the navigation, a campaign, a lead, a call, the forms."""
    page.goto(f"{base}/")
    found = [str(link.get_attribute("href")) for link in page.locator(".rail nav a").all()]
    origin = base.removesuffix("/console")
    monitor = str(page.locator("[data-row] a").first.get_attribute("href"))
    page.goto(origin + monitor + "/leads?disposition=PROMISE_TO_PAY")
    lead = str(page.locator("[data-row] a").first.get_attribute("href"))
    page.goto(origin + lead)
    call = str(page.get_by_role("link", name="Open").first.get_attribute("href"))
    user = "/console/admin/users"
    return [
        origin + path
        for path in dict.fromkeys(
            [
                *found,
                monitor,
                f"{monitor}/leads",
                lead,
                call,
                "/console/campaigns/new",
                f"{monitor}/upload",
                user,
                "/console/account",
                "/console/nothing-here",
            ]
        )
    ]


def test_axe_finds_nothing_on_any_screen(admin: Served, chromium: Browser) -> None:
    found: list[str] = []
    for scheme, width in (("light", 1280), ("dark", 1280), ("light", 320), ("dark", 320)):
        with visiting(chromium, admin.base, scheme=scheme, width=width) as visit:
            anonymous = visit.page()
            anonymous.goto(f"{admin.base}/sign-in")
            found += [f"{scheme} {width} {fault}" for fault in faults(anonymous)]
            page = visit.sign_in("asha@example.com")
            for address in addresses(page, admin.base):
                page.goto(address)
                page.locator("main").wait_for()
                found += [f"{scheme} {width} {fault}" for fault in faults(page)]
                wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                if wide > 0:
                    found.append(f"{scheme} {width} {address}: {wide} px wider than the window")
    assert not found, "\n".join(sorted(set(found)))


def test_ten_tabs_of_one_browser_stay_live(admin: Served, chromium: Browser) -> None:
    with visiting(chromium, admin.base) as visit:
        page = visit.sign_in("asha@example.com")
        monitor = admin.base.removesuffix("/console") + str(page.locator("[data-row] a").first.get_attribute("href"))
        tabs = [visit.page() for _ in range(10)]
        for tab in tabs:
            tab.goto(monitor, wait_until="domcontentloaded")
        for tab in tabs:
            expect(tab.locator(".fresh").first).to_have_attribute("data-state", "live")
        before = [tab.locator("#t-waiting").inner_text() + tab.locator("#monitor").inner_text() for tab in tabs]
        for tab, text in zip(tabs, before, strict=True):  # headless tabs are all visible
            tab.wait_for_timeout(300)
            expect(tab.locator("#monitor")).not_to_have_text(text, timeout=15_000)


def test_a_lost_server_is_said_and_found_again(tmp_path: Path, chromium: Browser) -> None:
    with serving(tmp_path) as first, visiting(chromium, first.base) as visit:
        page = make_first_admin(visit, first.first)
        page.goto(f"{first.base}/campaigns")
        mark = page.locator(".fresh").first
        expect(mark).to_have_attribute("data-state", "live")
        first.kill()
        expect(mark).not_to_have_attribute("data-state", "live")
        port = int(first.base.removesuffix("/console").rsplit(":", 1)[1])
        with serving(tmp_path, port=port):
            expect(mark).to_have_attribute("data-state", "live", timeout=30_000)
        visit.wrong = [text for text in visit.wrong if "ERR_" not in text and "htmx:" not in text]  # they say that the server is gone


def test_from_sign_in_to_a_started_campaign_by_keyboard_alone(admin: Served, chromium: Browser) -> None:
    with visiting(chromium, admin.base) as visit:
        page = visit.page()
        page.goto(f"{admin.base}/sign-in?next=/campaigns/new")

        def to(role: Any, name: str) -> None:
            """Press Tab until the thing with this name has the focus."""
            wanted = page.get_by_role(role, name=name).first
            for _ in range(60):
                if wanted.evaluate("element => element === document.activeElement"):
                    return
                page.keyboard.press("Tab")
            raise AssertionError(f"{name} cannot be reached by the keyboard")

        to("textbox", "E-mail address or name")
        page.keyboard.type("asha@example.com")
        page.keyboard.press("Tab")
        page.keyboard.type("correct horse battery")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="New campaign").wait_for()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.get_by_label("Lead file").set_input_files(LEADS)  # the system's own dialogue chooses files
        to("textbox", "Name of the campaign")
        page.keyboard.type("By keyboard")
        to("combobox", "Country of numbers")
        page.keyboard.type("United Kingdom")
        to("button", "Upload and check")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Check").wait_for()
        to("button", "Import")
        page.keyboard.press("Enter")
        to("link", "To the campaign")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Ready to start").wait_for()
        to("button", "Start: call")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").first).to_contain_text("runs")
        to("button", "Pause")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").first).to_contain_text("no new call leaves")


def test_the_policy_holds_against_what_a_lead_file_brings(admin: Served, chromium: Browser, tmp_path: Path) -> None:
    nasty = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    file = tmp_path / "nasty.csv"
    file.write_text(f"phone,customer_name\n+12025550100,{json.dumps(nasty)}\n", encoding="utf-8")
    with visiting(chromium, admin.base) as visit:
        page = visit.sign_in("asha@example.com")
        page.on("dialog", lambda dialog: visit.wrong.append(f"a script of the file ran: {dialog.message}"))
        page.goto(f"{admin.base}/campaigns/new")
        page.get_by_label("Lead file").set_input_files(file)
        page.get_by_label("Name of the campaign").fill("<b>Nasty</b>")
        page.get_by_role("button", name="Upload and check").click()
        expect(page.get_by_text("onerror").first).to_be_visible()
        assert page.locator("main img, main b, main script").count() == 0
