"""Writes a picture of every screen to docs/images: `python -m tests.live.console.screenshots`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Page

from tests.live.console.browsing import browser, make_first_admin, visiting
from tests.live.console.served import ROOT, SAMPLE, serving

IMAGES = ROOT / "docs" / "images"
LEADS = ROOT / "sample_campaigns" / "clinic_appointments" / "leads.csv"
_MORE = {  # screens that have an address of their own
    "reports": "/reports",
    "integrations": "/integrations",
    "numbers": "/numbers",
    "system": "/system",
    "users": "/admin/users",
    "audit": "/audit",
    "campaigns": "/campaigns",
    "account": "/account",
}


def shoot(page: Page, name: str, *, full: bool = False) -> None:
    """Write one picture, without the mark of the cursor."""
    page.mouse.move(5, 895)
    page.wait_for_timeout(300)
    IMAGES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=IMAGES / f"console-{name}.png", full_page=full)
    print(IMAGES / f"console-{name}.png")


def main() -> None:
    """Serve the sample, go through the screens."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), str(SAMPLE), "--start", "2026-03-04T10:00", "--seed", "1", "--speed", "12") as served,
        browser() as chromium,
        visiting(chromium, served.base) as visit,
    ):
        start = visit.page()
        start.goto(served.first)
        shoot(start, "welcome")
        start.close()
        page = make_first_admin(visit, served.first)
        page.locator("[data-row] a").first.click()
        page.locator(".fresh[data-state=live]").first.wait_for()
        monitor = page.url
        page.wait_for_timeout(14000)
        shoot(page, "monitor")
        page.locator("a", has_text="Leads").first.click()
        page.locator("[data-row]").first.wait_for()
        shoot(page, "leads")
        page.goto(monitor)
        page.get_by_role("link", name="Promise to pay").click()
        page.locator("[data-row] a").first.click()
        shoot(page, "lead")
        page.get_by_role("link", name="Open").first.click()
        page.locator(".talk li").first.wait_for()
        shoot(page, "call")
        page.goto(f"{served.base}/")
        page.locator(".fresh[data-state=live]").first.wait_for()
        shoot(page, "home")
        page.goto(f"{served.base}/campaigns/new")
        page.get_by_label("Lead file").set_input_files(LEADS)
        page.get_by_label("Name of the campaign").fill("Clinic, December")
        page.get_by_label("Country of numbers").select_option("GB")
        shoot(page, "upload")
        page.get_by_role("button", name="Upload and check").click()
        page.get_by_role("heading", name="Check").wait_for()
        shoot(page, "check")
        for name, path in _MORE.items():
            page.goto(served.base + path)
            shoot(page, name)
        page.emulate_media(color_scheme="dark")
        page.goto(monitor)
        page.locator(".fresh[data-state=live]").first.wait_for()
        page.wait_for_timeout(2500)
        shoot(page, "monitor-dark")
        page.set_viewport_size({"width": 390, "height": 844})
        page.emulate_media(color_scheme="light")
        page.goto(monitor)
        page.wait_for_timeout(2000)
        shoot(page, "monitor-phone")
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(f"{served.base}/account")
        page.get_by_label("Language").select_option("hi_IN")
        page.get_by_label("Time zone").fill("Asia/Kolkata")
        page.locator("form[action$='/account/profile'] button").click()
        page.locator("html[lang=hi-IN]").wait_for()
        for name, address in {"monitor-hindi": monitor, "home-hindi": f"{served.base}/"}.items():
            page.goto(address)
            page.locator(".fresh[data-state=live]").first.wait_for()
            page.wait_for_timeout(2000)
            shoot(page, name)


if __name__ == "__main__":
    main()
